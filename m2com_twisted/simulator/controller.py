"""The simulated cell controller as one object."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall

from ..support.interfaces import Reactor, as_reactor
from ..support.reactor_access import ReactorAccess
from ..wire.codec import Message
from .model.model import Model, ServerKind
from .model.power import PowerTimes
from .model.profiles import DEFAULT, Profile
from .ports.command_port import CommandPort
from .ports.connection import Port
from .ports.inbound import ReceivedMessages
from .ports.injection import ANSWER_INJECTIONS, FAULT_INJECTIONS, Injection
from .ports.listening import PortPair
from .ports.misbehaving import MisbehavingConnection, MisbehavingFactory
from .ports.misbehaving_answers import MisbehavingAnswers
from .ports.pacing import SteadyCall
from .ports.port_factory import PortFactory
from .ports.telemetry_port import TelemetryPort

__all__ = ["CellController"]

#: Seconds from one telemetry cycle to the next: 20 Hz, as in the real controller.
TELEMETRY_PERIOD = 0.05

#: Seconds from the reply to ``rebootController`` until the controller closes its ports.
_REBOOT_DELAY = 0.5


class CellController:
    """A cell controller on two TCP ports, or without ports.

    Parameters
    ----------
    command_port, telemetry_port
        Ports to listen on.  0 means any free port.
    interface
        The address to listen at.
    profile
        Rules that the controller follows.
    kind
        Client that the controller serves: ``"CSC"``, or ``"GUI"`` for the engineering console.
        With ``"GUI"``, it compares the received elevation with its inclinometer.
    power_seconds
        Seconds to switch a power system on or off, or to reset its breakers.  None takes
        the time from the profile.
    seed
        Seed of all noise.  With the same seed, clock and input, the controller sends the same
        bytes.  None means a different seed each time.
    reactor
        Reactor for the ports.  None: the installed one.
    clock
        Provides the time.  None: the reactor.
    log
        Logger.  None: its own logger.

    Attributes
    ----------
    model
        The state.  It may be read and changed at any time.
    command_factory, telemetry_factory
        The protocol factories, for use without sockets.  In this case, call `start_loops`
        instead of `start`.
    """

    def __init__(
        self,
        command_port: int = 0,
        telemetry_port: int = 0,
        interface: str = "127.0.0.1",
        *,
        profile: Profile = DEFAULT,
        kind: ServerKind = "CSC",
        power_seconds: float | None = None,
        seed: int | None = None,
        reactor: Reactor | None = None,
        clock: Reactor | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        if power_seconds is not None:
            profile = replace(profile, power_times=PowerTimes.lasting(power_seconds))
        self.profile = profile
        self.log = log or logging.getLogger(type(self).__name__)
        self._reactor = ReactorAccess(reactor)
        self._clock = as_reactor(clock or self._reactor)
        self.model = Model(seed, profile, kind)
        self._received = ReceivedMessages()
        self._answers = MisbehavingAnswers()
        self._command_factory = self._factory_of(lambda: self._commands)
        self._telemetry_factory = self._factory_of(lambda: self._telemetry)
        self._commands = self._make_command_port()
        self._telemetry = TelemetryPort(
            self.model, self._received, self.log, self._telemetry_factory
        )
        # Missed telemetry is not sent later, because a burst of old values is useless.
        self._telemetry_pace = SteadyCall(
            self._clock, TELEMETRY_PERIOD, lambda _: self._telemetry.send_telemetry(), self.log
        )
        self._ports = PortPair(
            self._reactor,
            interface,
            (command_port, telemetry_port),
            (self._command_factory, self._telemetry_factory),
        )
        self._pending: list[IDelayedCall] = []

    def _make_command_port(self) -> CommandPort:
        return CommandPort(
            self.model,
            self.profile,
            self._clock,
            self._received,
            self.log,
            self._command_factory,
            self._answers.next,
            self._schedule_reboot,
        )

    def _factory_of(self, port: Callable[[], Port]) -> MisbehavingFactory:
        """Return the factory of a port.  The port must exist when the first client connects."""
        return MisbehavingFactory(
            lambda: MisbehavingConnection(port(), self._clock, self.log), self.log
        )

    @property
    def command_port(self) -> int:
        """The command port as given.  After the start, the real number."""
        return self._ports.numbers[0]

    @property
    def telemetry_port(self) -> int:
        """The telemetry port as given.  After the start, the real number."""
        return self._ports.numbers[1]

    @property
    def interface(self) -> str:
        """The address to listen at."""
        return self._ports.interface

    @property
    def command_factory(self) -> PortFactory:
        """Makes the protocols of the command port.  No address is needed."""
        return self._command_factory

    @property
    def telemetry_factory(self) -> PortFactory:
        """Makes the protocols of the telemetry port."""
        return self._telemetry_factory

    @property
    def received(self) -> list[Message]:
        """The last messages received on both ports, oldest first.  At most 1000."""
        return list(self._received)

    async def start(self) -> None:
        """Listen on both ports, and let time pass.  No effect if already started.

        Raises
        ------
        CannotListenError
            If a port is taken.  In this case nothing is left running.
        """
        try:
            self.listen()
        except CannotListenError:
            await self.stop()
            raise

    def listen(self) -> None:
        """Start.  After a failure, call `stop` to clean up.

        Raises
        ------
        CannotListenError
            If a port is taken.
        """
        if self._ports.is_open:
            return
        self._ports.listen()
        self.log.info(
            "Listening on %s: %d for commands, %d for telemetry.",
            self.interface,
            self.command_port,
            self.telemetry_port,
        )
        self.start_loops()

    async def stop(self) -> None:
        """Close both ports and all connections.

        Afterwards nothing is left in the reactor.  This may be called at any time.  `start` then
        works again, on the same ports and with the present model.
        """
        self.stop_loops()
        self._open_factories(False)
        await self._ports.stop()

    def inject(
        self,
        name: str,
        *,
        port: Literal["command", "telemetry"] = "command",
        count: int = 1,
        seconds: float | None = None,
        at: float = 0.0,
    ) -> None:
        """Inject a fault.  `Injection` describes the faults and the parameters.

        Raises
        ------
        ValueError
            If there is no such injection, or a number is out of range.
        """
        injection = Injection(name, port, count, seconds, at)
        if at:
            self._pending = [call for call in self._pending if call.active()]
            self._pending.append(self._clock.callLater(at, self._inject, injection))
        else:
            self._inject(injection)

    def _inject(self, injection: Injection) -> None:
        if injection.name in ANSWER_INJECTIONS:
            self._answers.inject(injection)
        elif injection.name in FAULT_INJECTIONS:
            self.model.raise_fault(int(injection.name.removeprefix("fault-")))
        elif injection.port == "command":
            self._command_factory.inject(injection)
        else:
            self._telemetry_factory.inject(injection)

    def start_loops(self) -> None:
        """Accept clients and run the model, without listening."""
        self._open_factories(True)
        self.model.raise_fault(6053)  # the original reports this whenever it starts
        self._commands.start()
        self._telemetry_pace.start()

    def _open_factories(self, open: bool) -> None:
        """Accept or refuse clients, also on ports in memory."""
        for factory in (self.command_factory, self.telemetry_factory):
            factory.open = open

    def stop_loops(self) -> None:
        """Stop the model, and abandon the running command."""
        self._telemetry_pace.stop()
        self._commands.stop()
        for call in self._pending:
            if call.active():
                call.cancel()
        self._pending = []
        self.model.reboot_requested = False

    def _schedule_reboot(self) -> None:
        self._pending.append(self._clock.callLater(_REBOOT_DELAY, self._reboot))

    def _reboot(self) -> None:
        self.model.reboot()
        self.log.warning("The controller reboots, and does not come back by itself.")
        stopped = Deferred.fromCoroutine(self.stop())
        stopped.addErrback(
            lambda failure: self.log.error("Stopping failed.", exc_info=failure.value)
        )
