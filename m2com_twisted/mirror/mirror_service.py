"""The connection to a mirror, its state and its commands.  The procedures use this class."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime

from ..catalogue import commands, events, telemetry
from ..catalogue.faults import Fault
from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT
from ..elevation import ElevationFeeder
from ..service import CellControllerService
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from .commander import Commander, Verified
from .condition import Condition, condition_of
from .link import Link
from .ports import Port
from .readiness import make_ready
from .report import Report
from .runner import Runner
from .settings import Limits, Settings
from .state import MirrorState
from .steps import Parts
from .unsettled import is_stop
from .waiting import Subscription, Waiting
from .watchdog import TopicWatchdog

__all__ = ["MirrorService"]

T = TypeVar("T")


class MirrorService(Service):
    """The part of `Mirror` without the procedures.

    With a host, it makes its own `CellControllerService`, and starts and stops it.  With a link,
    it uses a service that its owner starts and stops.

    Parameters
    ----------
    host
        Name or address of the controller.  None if there is a link.
    command_port, telemetry_port
        Ports of the controller.
    link
        A running `CellControllerService`, or an object like it.
    settings
        Times and tolerances.
    limits
        Limits of motions and forces.
    reactor
        Provides timers and the time.  None: the installed reactor, imported at the first use.
    log
        As for `TcpClient`.
    elevation
        Sends the elevation of the telescope to the controller.  Only allowed with a host.

    Attributes
    ----------
    state
        The state of the mirror.
    link
        The link to the controller.
    """

    name = "mirror"

    def __init__(
        self,
        host: str | None = None,
        command_port: int = COMMAND_PORT,
        telemetry_port: int = TELEMETRY_PORT,
        *,
        link: Link | None = None,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        limits: Limits = Limits(),  # noqa: B008 - frozen
        reactor: IReactorTime | None = None,
        log: logging.Logger | None = None,
        elevation: ElevationFeeder | None = None,
    ) -> None:
        if (host is None) == (link is None):
            raise ValueError("A mirror needs either a host or a link.")
        self._clock = ReactorAccess(reactor)
        self._own: CellControllerService | None = None
        if link is None:
            link = self._own = CellControllerService(
                host or "",
                command_port,
                telemetry_port,
                elevation=elevation,
                log=log,
                reactor=reactor,
            )
        self.link: Link = link
        self.state = MirrorState(self._clock.seconds)
        name = type(self).__name__
        logger = logging.getLogger(name) if log is None else log.getChild(name)
        self._log = NamedLog(logger, self.name)
        self._waiting = Waiting(self.state, self._clock, self._log)
        state, waiting = self.state, self._waiting
        self._commands = Port(events.parse, state.command_connection, state, waiting)
        self._telemetry = Port(telemetry.parse, state.telemetry_connection, state, waiting)
        commander = Commander(link, state, waiting, self._clock, settings)
        self._parts = Parts(state, waiting, commander, self._clock, self._log, settings, limits)
        self._runner = Runner()
        self._watchdog = TopicWatchdog(state, self._clock, self._log)

    def startService(self) -> None:
        """Override: start the observers, and start the link if the mirror has made it."""
        if self.running:
            return
        Service.startService(self)
        self._waiting.start()
        self._watchdog.start()
        self.link.add_observers(self._commands, self._telemetry)
        # If the link is already connected, no change of state follows.
        state = self.link.state
        self._commands.connection(state.command)
        self._telemetry.connection(state.telemetry)
        if self._own is not None:
            self._own.startService()

    def stopService(self) -> Deferred[None]:
        """Override: cancel all procedures and waits, and stop the link if the mirror has made it.

        Returns
        -------
        stopped
            Fires when nothing of the mirror is left in the reactor.
        """
        Service.stopService(self)
        self._runner.cancel_all("the mirror was stopped", stops=True)
        self._waiting.stop()
        self._watchdog.stop()
        stopping = maybeDeferred(self._own.stopService) if self._own else maybeDeferred(_nothing)
        return stopping.addBoth(self._end)

    def _end(self, result: T) -> T:
        self.link.remove_observers(self._commands, self._telemetry)
        return result

    async def ready(self, *, timeout: float | None = None) -> None:
        """Wait until both ports are connected and the welcome messages have arrived.

        Some controllers send the welcome messages only once.  If they do not arrive within a few
        seconds, the modes of the ILCs are requested.  No command requests the other states, so
        they stay unknown.

        Parameters
        ----------
        timeout
            Seconds to wait.  None takes the time from the settings.

        Raises
        ------
        WaitTimeoutError
            If a port is not connected in time.
        ClientClosedError
            If the mirror is stopped.
        """
        seconds = self._parts.settings.ready_timeout if timeout is None else timeout
        await self._bridged(make_ready(self._parts, seconds))

    async def _bridged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """Run a coroutine that awaits Deferreds."""
        return await self._awaitable(Deferred.fromCoroutine(work))

    def _awaitable(self, deferred: Deferred[T]) -> Awaitable[T]:
        """Return an object that the user's coroutines can await.  Subclasses may override it."""
        return deferred

    @property
    def last_report(self) -> Report | None:
        """Report of the last procedure that was started.  None if there was none."""
        return self._runner.last

    @property
    def condition(self) -> Condition:
        """The condition of the mirror, as far as messages have shown it."""
        return condition_of(self.state, self._parts.commander.unsettled)

    # Waiting for messages of the controller.

    def subscribe(
        self, kind: type[T], callback: Callable[[T], object] | None = None
    ) -> Subscription[T]:
        """Call back for each message of a class.

        If there is no callback, read the messages with ``async for``.

        Parameters
        ----------
        kind
            A class of `m2com_twisted.catalogue.events` or ``telemetry``.
        callback
            A plain function that returns quickly.  Its exceptions are logged.
        """
        return self._waiting.subscribe(kind, callback, self._awaitable)

    def on_fault(
        self, callback: Callable[[Fault, float, str], object]
    ) -> Subscription[events.SummaryFaultsStatus]:
        """Call back for each fault or warning that appears.

        Parameters
        ----------
        callback
            Takes the fault, the time at which it was first seen, and the advised action.
        """

        def tell(event: events.SummaryFaultsStatus) -> None:
            for seen in self.state.faults.new:
                callback(seen.fault, seen.first_seen, seen.fault.advice)

        return self.subscribe(events.SummaryFaultsStatus, tell)

    def on_silence(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the silent topics, whenever they change.

        The expected rate of each topic is measured.  See `TopicWatchdog`.
        """
        self._watchdog.add_callback(callback)

    def on_slowness(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the topics that come too slowly, whenever they change."""
        self._watchdog.add_slow_callback(callback)

    async def next(
        self,
        kind: type[T],
        fits: Callable[[T], bool] | None = None,
        *,
        timeout: float | None = None,
    ) -> T:
        """Wait for the next message of a class, and return it.

        Parameters
        ----------
        kind
            A class of `m2com_twisted.catalogue.events` or ``telemetry``.
        fits
            Returns whether a message is accepted.  None accepts every message.
        timeout
            Seconds to wait.  None waits without limit.

        Raises
        ------
        WaitTimeoutError
            If no such message comes in time.  The error contains the last observation.
        ClientClosedError
            If the mirror is stopped.
        """
        return await self._bridged(self._waiting.next(kind, fits, timeout))

    async def wait_for(
        self,
        holds: Callable[[MirrorState], bool],
        *,
        timeout: float | None = None,
        hold: float = 0.0,
        what: str = "such a state",
    ) -> None:
        """Wait until a condition of the state is true.  It is checked after each message.

        Parameters
        ----------
        holds
            Takes the state and returns whether the condition is true.
        timeout
            Seconds to wait.  None waits without limit.
        hold
            Seconds for which the condition must stay true.
        what
            The condition in words, for the error.

        Raises
        ------
        WaitTimeoutError, ClientClosedError
            As `next`.
        """
        seen = lambda: self.condition.value  # noqa: E731
        waiting = self._waiting.until(lambda: holds(self.state), what, seen, timeout, hold)
        await self._bridged(waiting)

    async def run(self, command: commands.Command, *, timeout: float | None = None) -> Verified:
        """Send a command, and wait until it has succeeded and its effect was seen.

        `m2com_twisted.mirror.command_proofs` lists the proof of each command, and the commands
        without proof.

        Parameters
        ----------
        command
            A command of `m2com_twisted.catalogue.commands`.
        timeout
            Seconds for reply and proof together.  None takes the time from the settings.

        Raises
        ------
        NotVerifiedError
            If the controller reported success but the effect was not seen in time.
        PreemptedError
            If the mirror is being made safe.  Nothing was sent.  Commands that stop something are
            never refused.
        CommandError, NotConnectedError
            As `TcpClient.run_command`.
        """
        if not is_stop(command):
            self._runner.require_free(command.name)
        return await self._bridged(self._parts.commander.run(command, timeout))


def _nothing() -> None:
    """Do nothing."""
