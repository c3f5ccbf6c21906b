"""The reader: a controller that is used through the hub."""

import logging
from collections.abc import Callable, Iterable

from twisted.application.service import Service
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall

from ..catalogue.enums import MsgType
from ..client.both_ports import BothPorts
from ..client.observers import LineObserver
from ..client.typed_sender import TypedSender
from ..commands.outcome import CommandOutcome
from ..delivery.delivery import MessageCallback
from ..errors import InvalidMessageError, NotConnectedError
from ..service import ControllerState
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from ..support.waiters import Waiters
from ..wire.codec import Message
from .arrivals import Arrivals
from .arrived import Arrived, ReadingNotice
from .caller import CommandCaller
from .connection import HubConnection
from .errors import HubRefusedError
from .inbox import Inbox
from .reading import Reading
from .reasons import no_hub
from .remote_port import RemotePort
from .session import Session
from .settings import HubSettings

__all__ = ["RemoteController"]

#: Seconds between two checks that the service is not silent.
_STATE_CHECK_INTERVAL = 1.0


class RemoteController(TypedSender, BothPorts, Service):
    """The M2 cell controller, used through the hub by any number of readers.

    It has the interface of `CellControllerService`, so code for one also works with
    the other.  After it has connected, it gets the last value of each event, then all new
    messages, in order and without repeats.  An observer that is added later also gets the last
    values first.  `on_missed` and the log report missing messages, and ``dropped_messages`` of
    ``stats`` counts them.

    ``CONNECTED`` means that the service is connected to the controller, that this reader has heard
    of the service in the last 5 s, and that it has caught up.

    Parameters
    ----------
    settings
        Address and credentials of the hub.
    on_event, on_telemetry, on_state
        As for `CellControllerService`.
    on_refused
        Called with the reason when the server refuses this user, or cannot be trusted.  None: it
        is logged.  In both cases it is tried again.
    on_missed
        Called with ``"command"`` or ``"telemetry"`` and the number of messages of
        that port that are missing before the next one.
    command_observers, telemetry_observers
        As for `CellControllerService`.  After a reconnection they get the last values
        again, like the welcome messages of a controller, but `on_event` does not.  They never
        get the last ``m2AssemblyInPosition``, because it is true only while it is repeated.
    log
        Its child ``hub`` is used.
    reactor
        None: the reactor that is installed when the object is made.
    """

    name = "m2com-remote"

    _command: RemotePort
    _telemetry: RemotePort

    def __init__(
        self,
        settings: HubSettings,
        *,
        on_event: MessageCallback | None = None,
        on_telemetry: MessageCallback | None = None,
        on_state: Callable[[ControllerState], object] | None = None,
        on_missed: Callable[[str, int], object] | None = None,
        on_refused: Callable[[HubRefusedError], object] | None = None,
        command_observers: Iterable[LineObserver] = (),
        telemetry_observers: Iterable[LineObserver] = (),
        log: logging.Logger | None = None,
        reactor: IReactorFromThreads | None = None,
    ) -> None:
        if on_state is not None and not callable(on_state):
            raise TypeError(f"The callback {on_state!r} is not callable.")
        self.settings = settings
        self.subjects = settings.subjects
        self._log = NamedLog((log or logging.getLogger("m2com")).getChild("hub"), "hub")
        self._reactor = _installed() if reactor is None else reactor
        self._clock = ReactorAccess(IReactorTime(self._reactor))
        self._on_state = on_state
        self._on_missed = on_missed
        self._on_refused = on_refused
        self._make_subscriptions(
            on_event, on_telemetry, self._clock, (log or logging.getLogger("m2com")).getChild("hub")
        )
        self._command = self._port("command", self._events, command_observers)
        self._telemetry = self._port("telemetry", self._topics, telemetry_observers)
        self._arrivals = Arrivals(self._command, self._telemetry, self._clock)
        self._inbox: Inbox[Arrived | ReadingNotice | bool] | None = None
        self._connection: HubConnection | None = None
        self._caller = CommandCaller(
            self.subjects, self._call, threads=self._reactor, clock=self._clock
        )
        self._waiters = Waiters()
        self._state_check = LoopingCall(self._arrivals.update_state)
        self._state_check.clock = self._clock

    def _port(
        self, name: str, callback: MessageCallback, observers: Iterable[LineObserver]
    ) -> RemotePort:
        return RemotePort(
            name,
            callback,
            self._report_state,
            lambda count: self._report_missed(name, count),
            observers,
            keeps_values=name == "command",
            clock=self._clock,
            log=self._log,
        )

    @property
    def state(self) -> ControllerState:
        """The states of the service's connections, as far as this reader knows."""
        return ControllerState(self._command.state, self._telemetry.state)

    @property
    def last_error(self) -> NotConnectedError | None:
        """The reason why the last attempt failed or the last connection was lost."""
        return None if self._connection is None else self._connection.last_error

    @property
    def is_on_hub(self) -> bool:
        """Whether there is a connection to the hub."""
        return self._arrivals.is_on_hub

    @property
    def obstacle(self) -> str:
        """What is missing for both connections to be up, in words, such as a service.

        Empty if nothing is missing, and in the first moments, when it is too early to know.
        """
        if self.is_on_hub:
            return self._arrivals.obstacle(self.subjects.instance)
        return "" if self.last_error is None else no_hub(self.settings, self.last_error)

    def startService(self) -> None:
        """Override: start to connect to the hub."""
        if self.running:
            return
        Service.startService(self)
        inbox: Inbox[Arrived | ReadingNotice | bool] = Inbox(
            self._reactor, self._handle, lambda thing: isinstance(thing, Arrived)
        )
        self._inbox = inbox
        reading = Reading(self.subjects, inbox.put)
        self._connection = HubConnection(
            self.settings,
            f"m2com reader of {self.subjects.instance}",
            reading.run,
            # Called directly, so that the change is in order with the messages.
            inbox.put,
            server_error=self._server_error,
            refused=lambda reason: self._reactor.callFromThread(self._refused, reason),
            reactor=self._reactor,
            log=self._log,
        )
        self._connection.start()
        self._state_check.start(_STATE_CHECK_INTERVAL, now=True)

    def stopService(self) -> Deferred[None]:
        """Override: disconnect from the hub.

        Returns
        -------
        stopped
            Fires when nothing of this object is left in the reactor, and its thread has
            ended.
        """
        Service.stopService(self)
        self._events.stop()
        self._topics.stop()
        if self._state_check.running:
            self._state_check.stop()
        if self._connection is None or self._inbox is None:
            return gatherResults([]).addCallback(lambda _: None)
        self._inbox.close()
        self._caller.connection_lost()
        ending = [self._arrivals.stop(), self._connection.stop()]
        return gatherResults(ending).addCallback(lambda _: None)

    async def connected(self, timeout: float = 10.0) -> None:
        """Wait for a connection to the hub.

        Raises
        ------
        NotConnectedError
            If there is no connection in time.  The error contains the reason.
        HubRefusedError
            If the server refuses this user, or cannot be trusted.  This is raised at once.
        """
        if self.is_on_hub:
            return
        if isinstance(self.last_error, HubRefusedError):
            raise HubRefusedError(no_hub(self.settings, self.last_error))
        waiting = self._waiters.add()
        waiting.addTimeout(timeout, self._clock)
        try:
            await waiting
        except TimeoutError:
            reason = self.last_error or f"no answer for {timeout:g} s"
            raise NotConnectedError(no_hub(self.settings, reason)) from None

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
        request_id: str | None = None,
    ) -> CommandOutcome:
        """Let the service send a command, and wait until the controller has executed it.

        Parameters
        ----------
        name, details, ack_timeout, timeout
            As for `CellControllerService.run_command`.  A timeout is at most 600 s, even if
            it is None.
        request_id
            1 to 64 letters, digits, ``-`` and ``_``, which no other request has.
            A second call with the same id does not execute the command again:
            the service replies with the outcome of the first call.

        Raises
        ------
        NotConnectedError
            If there is no connection to the hub, no service takes commands,
            or the service is not connected.  Nothing was sent.
        CommandRefused
            If the service does not take this command, or the hub does not permit it to this
            user.  Nothing was sent.
        CommandRejected, CommandFailed, CommandTimeout, CommandLost
            As `CellControllerService.run_command`.  `CommandLost` is also raised if
            the connection to the hub was lost before the reply.
        """
        return await self._caller.run(name, details, ack_timeout, timeout, request_id)

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Raise an error: through the hub, only `run_command` can send.

        Raises
        ------
        InvalidMessageError
            Always.
        """
        raise InvalidMessageError(
            f"The hub takes no {msg_name!r}: only commands, and these with run_command."
        )

    def _call(self, function: Callable[[Session], object]) -> bool:
        return self._connection is not None and self._connection.call(function)

    def _handle(self, thing: Arrived | ReadingNotice | bool) -> None:
        """Take one item from the hub, in order."""
        self._arrivals.take(thing)
        if thing is True:
            self._waiters.succeed()
        elif thing is False:
            self._caller.connection_lost()

    def _report_state(self) -> object:
        return None if self._on_state is None else self._on_state(self.state)

    def _report_missed(self, name: str, count: int) -> None:
        if self._on_missed is not None:
            try:
                self._on_missed(name, count)
            except Exception:
                self._log.exception("The callback for missing messages failed")

    def _refused(self, reason: HubRefusedError) -> None:
        error = HubRefusedError(no_hub(self.settings, reason))
        self._waiters.fail(error)
        if self._on_refused is None:
            self._log.warning("%s; trying again", error)
            return
        try:
            self._on_refused(error)
        except Exception:
            self._log.exception("The callback for a refusal failed")

    def _server_error(self, error: str) -> None:
        self._reactor.callFromThread(self._caller.forbidden, error)


def _installed() -> IReactorFromThreads:
    from twisted.internet import reactor

    return IReactorFromThreads(reactor)
