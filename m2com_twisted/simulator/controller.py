"""The simulated cell controller as one object."""

import logging
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTCP, IReactorTime

from ..codec import Message
from .beat import Beat
from .command_port import CommandPort
from .connection import PortFactory
from .model import CYCLE, Model
from .profiles import DEFAULT, Profile
from .received import ReceivedMessages
from .telemetry_port import TelemetryPort

__all__ = ["CellController"]

#: Seconds from one telemetry cycle to the next: the 20 Hz of the real controller.
TELEMETRY_PERIOD = 0.05

#: Seconds from the answer of ``rebootController`` until the controller is gone.
_REBOOT_DELAY = 0.5


class CellController:
    """A cell controller on two TCP ports, or on none.

    Parameters
    ----------
    command_port, telemetry_port
        Where to listen; 0 for any free port.
    interface
        The address to listen at.
    profile
        Which rules it goes by.
    seed
        Of all noise: with the same seed, clock and input it sends the same
        bytes.  None for a different one each time.
    reactor
        To listen with; None for the global one.
    clock
        Tells the time; None for the reactor.
    log
        None for a logger of its own.

    Attributes
    ----------
    command_port, telemetry_port
        The ports, the real ones once started.
    model
        The state; may be read and changed at any time.
    command_factory, telemetry_factory
        The protocol factories, for use without sockets: call `start_loops`
        then in place of `start`.
    """

    def __init__(
        self,
        command_port: int = 0,
        telemetry_port: int = 0,
        interface: str = "127.0.0.1",
        *,
        profile: Profile = DEFAULT,
        seed: int | None = None,
        reactor: IReactorTCP | None = None,
        clock: IReactorTime | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        self._wanted_ports = (command_port, telemetry_port)
        self.command_port = command_port
        self.telemetry_port = telemetry_port
        self.interface = interface
        self.profile = profile
        self.log = log or logging.getLogger(type(self).__name__)
        self._reactor = reactor or _global_reactor()
        self._clock = clock or IReactorTime(self._reactor)
        self.model = Model(seed, profile.power_times)
        self._received = ReceivedMessages()
        self._commands = CommandPort(
            self.model, profile, self._clock, self._received, self.log, self._schedule_reboot
        )
        self._telemetry = TelemetryPort(self.model, self._clock, self._received, self.log)
        self._beats = (
            Beat(self._clock, CYCLE, lambda beats: self._commands.step(beats * CYCLE), self.log),
            # Missed telemetry is not made up for: a burst would help nobody.
            Beat(
                self._clock, TELEMETRY_PERIOD, lambda _: self._telemetry.send_telemetry(), self.log
            ),
        )
        self._listening: list[IListeningPort] = []
        self._rebooting: IDelayedCall | None = None

    @property
    def command_factory(self) -> PortFactory:
        """Makes the protocols of the command port."""
        return self._commands.factory

    @property
    def telemetry_factory(self) -> PortFactory:
        """Makes the protocols of the telemetry port."""
        return self._telemetry.factory

    @property
    def received(self) -> list[Message]:
        """The last messages received on both ports, oldest first, 1000 at the most."""
        return list(self._received)

    async def start(self) -> None:
        """Listen on both ports, and let time pass.

        Raises
        ------
        CannotListenError
            If a port is taken; nothing is left running then.
        """
        factories = (self.command_factory, self.telemetry_factory)
        try:
            for port, factory in zip(self._wanted_ports, factories, strict=True):
                self._listening.append(
                    self._reactor.listenTCP(port, factory, interface=self.interface)
                )
        except CannotListenError:
            await self._stop_listening()
            raise
        self.command_port, self.telemetry_port = map(_port_number, self._listening)
        self.start_loops()

    async def stop(self) -> None:
        """Close both ports and all connections.

        Afterwards nothing is left in the reactor.  Harmless at any time;
        `start` works again, with the model as it is.
        """
        self.stop_loops()
        await self._stop_listening()
        clients = (self.command_factory.client, self.telemetry_factory.client)
        await DeferredList([client.closed() for client in clients if client is not None])

    def start_loops(self) -> None:
        """Let time pass, without listening."""
        self.model.raise_fault(6053)  # as the original reports whenever it starts
        for beat in self._beats:
            beat.start()

    def stop_loops(self) -> None:
        """Let time stand still, and give up the command under way."""
        for beat in self._beats:
            beat.stop()
        self._commands.stop()
        if self._rebooting is not None and self._rebooting.active():
            self._rebooting.cancel()
        self._rebooting = None

    async def _stop_listening(self) -> None:
        listening, self._listening = self._listening, []
        await DeferredList([maybeDeferred(port.stopListening) for port in listening])

    def _schedule_reboot(self) -> None:
        if self._rebooting is None:
            self._rebooting = self._clock.callLater(_REBOOT_DELAY, self._reboot)

    def _reboot(self) -> None:
        self._rebooting = None
        self.model.reboot()
        self.log.warning("The controller reboots, and does not come back by itself.")
        stopped = Deferred.fromCoroutine(self.stop())
        stopped.addErrback(lambda failure: self.log.error("Stopping failed: %s", failure))


def _port_number(listening: IListeningPort) -> int:
    # The address of a TCP port is an IPv4Address or an IPv6Address; both have a port.
    return cast(IPv4Address, listening.getHost()).port


def _global_reactor() -> IReactorTCP:
    """Return the reactor, imported late so that importing this module installs none."""
    from twisted.internet import reactor

    return IReactorTCP(reactor)
