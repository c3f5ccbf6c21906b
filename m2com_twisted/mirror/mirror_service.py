"""The connection to a mirror, its state, and its commands; the procedures are built on it."""

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
    """What `Mirror` has beside its procedures.

    With a host it makes a `CellControllerService` of its own, and starts and stops it.  With
    a link it uses one that its owner runs.

    Parameters
    ----------
    host
        Name or address of the controller; None where there is a link.
    command_port, telemetry_port
        Its ports.
    link
        A running `CellControllerService`, or an object like it.
    settings
        The times and tolerances that it is run by.
    limits
        How far the mirror and its actuators may go.
    reactor
        Timers and time; None: the reactor that is installed when it is first needed.
    log
        As for `TcpClient`.
    elevation
        Feeds the controller the telescope's elevation; only with a host.

    Attributes
    ----------
    state
        What is known of the mirror.
    link
        The link.
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
        """Override: begin to listen, and to dial if the link is its own."""
        if self.running:
            return
        Service.startService(self)
        self._waiting.start()
        self._watchdog.start()
        self.link.add_observers(self._commands, self._telemetry)
        # It may have been up for long, and then nothing tells.
        state = self.link.state
        self._commands.connection(state.command)
        self._telemetry.connection(state.telemetry)
        if self._own is not None:
            self._own.startService()

    def stopService(self) -> Deferred[None]:
        """Override: cancel what runs, tell all who wait, and close the link if it is its own.

        Returns
        -------
        stopped
            Fires when nothing of it is left in the reactor.
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
        """Wait until both ports are up and the controller has said how things are.

        A controller that greets its clients only once is found out after a few seconds,
        and its ILCs are asked; what nothing can be asked for stays unknown.

        Parameters
        ----------
        timeout
            Seconds to wait; None: that of the settings.

        Raises
        ------
        WaitTimeoutError
            If a port is not up in time.
        ClientClosedError
            If the mirror is stopped.
        """
        seconds = self._parts.settings.ready_timeout if timeout is None else timeout
        await self._bridged(make_ready(self._parts, seconds))

    async def _bridged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """Wait for a coroutine of Twisted."""
        return await self._awaitable(Deferred.fromCoroutine(work))

    def _awaitable(self, deferred: Deferred[T]) -> Awaitable[T]:
        """Return what the user's coroutines can await; for other doors to override."""
        return deferred

    @property
    def last_report(self) -> Report | None:
        """Report of the procedure that was begun last; None if there was none."""
        return self._runner.last

    @property
    def condition(self) -> Condition:
        """The mirror in one word; never more than was seen."""
        return condition_of(self.state, self._parts.commander.unsettled)

    # Waiting for what the controller says.

    def subscribe(
        self, kind: type[T], callback: Callable[[T], object] | None = None
    ) -> Subscription[T]:
        """Call back for each message of a class.

        Without a callback, iterate over the messages with ``async for``.

        Parameters
        ----------
        kind
            A class of `m2com_twisted.catalogue.events` or ``telemetry``.
        callback
            A plain function, and a quick one.  What it raises is logged.
        """
        return self._waiting.subscribe(kind, callback, self._awaitable)

    def on_fault(
        self, callback: Callable[[Fault, float, str], object]
    ) -> Subscription[events.SummaryFaultsStatus]:
        """Call back for each fault or warning that comes up.

        Parameters
        ----------
        callback
            Takes the fault, the time at which it was first seen, and what a person should do.
        """

        def tell(event: events.SummaryFaultsStatus) -> None:
            for seen in self.state.faults.new:
                callback(seen.fault, seen.first_seen, seen.fault.advice)

        return self.subscribe(events.SummaryFaultsStatus, tell)

    def on_silence(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the topics that have fallen silent, on each change.

        How often a topic should come is measured.  See `TopicWatchdog`.
        """
        self._watchdog.add_callback(callback)

    def on_slowness(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the topics that come too slowly, on each change."""
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
            Says whether a message is one that is waited for; None: each is.
        timeout
            Seconds to wait; None: for ever.

        Raises
        ------
        WaitTimeoutError
            If none comes in time; it says what was seen last.
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
        """Wait until something is true of the state; looked at after each message.

        Parameters
        ----------
        holds
            Says whether it is true.
        timeout
            Seconds to wait; None: for ever.
        hold
            Seconds for which it must stay true.
        what
            What it is, for the error.

        Raises
        ------
        WaitTimeoutError, ClientClosedError
            As `next`.
        """
        seen = lambda: self.condition.value  # noqa: E731
        waiting = self._waiting.until(lambda: holds(self.state), what, seen, timeout, hold)
        await self._bridged(waiting)

    async def run(self, command: commands.Command, *, timeout: float | None = None) -> Verified:
        """Send a command; wait until it has succeeded and is seen to have taken effect.

        What proves the effect of each command, and which have no proof, is in
        `m2com_twisted.mirror.proofs`.

        Parameters
        ----------
        command
            One of `m2com_twisted.catalogue.commands`.
        timeout
            Seconds for reply and proof together; None: those of the settings.

        Raises
        ------
        NotVerifiedError
            If the controller reported success, and the effect was not seen in time.
        PreemptedError
            If the mirror is being made safe: nothing was sent.  Stops are sent all the same.
        CommandError, NotConnectedError
            As `TcpClient.run_command`.
        """
        if not is_stop(command):
            self._runner.require_free(command.name)
        return await self._bridged(self._parts.commander.run(command, timeout))


def _nothing() -> None:
    """Do nothing."""
