"""Both connections to the controller as one service, to embed in an application."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults

from .catalogue.enums import MsgType
from .catalogue.ports import COMMAND_PORT, TELEMETRY_PORT
from .client.both_ports import BothPorts
from .client.controller_state import ControllerState, ControllerStats
from .client.observers import LineObserver
from .client.state_teller import StateTeller
from .client.typed_sender import TypedSender
from .commands.outcome import CommandOutcome
from .connection.link import check_timeout
from .connection.retry import RetryPolicy, default_retry_policy
from .connection.state import ConnectionState
from .delivery.backlog import Overflow
from .delivery.delivery import MessageCallback
from .elevation import ElevationFeeder
from .support.callables import require_callback
from .support.interfaces import Endpoint, Reactor
from .support.log import NamedLog, child_logger
from .support.reactor_access import ReactorAccess
from .tcp_client import TcpClient
from .wire.codec import Message

__all__ = [
    "CellControllerService",
    "ControllerState",
    "ControllerStats",
]


class CellControllerService(TypedSender, BothPorts, Service):
    """The M2 cell controller, for a control service to embed.

    From its start until its stop, it connects to both ports and reconnects after a loss.  It
    also retries if the first attempt fails.  The two connections are independent of each other.
    The service may be started and stopped repeatedly.

    The callbacks may be coroutine functions, functions that return a Deferred, or plain
    functions.  Each is called in order, and only after its last call has ended.  Its
    exceptions are logged and counted.

    Parameters
    ----------
    host
        Name or address of the controller.
    command_port, telemetry_port
        Its ports.
    on_event
        Called with the keyword ``message`` for each message of the command
        port: events, and the status of commands.
    on_telemetry
        The same for the telemetry port.
    on_state
        Called with a `ControllerState` when a connection is made, before its first
        message, and when it is lost, after its last message.  The state of the other
        connection may be newer than its messages.
    command_observers, telemetry_observers
        Line observers of each connection; see `LineObserver`.  An object that
        observes both connections must provide one observer for each.
    elevation
        Sends the elevation of the telescope to the controller while the service runs.
    log
        As for `TcpClient`.
    reactor
        None: the installed reactor, imported at the first use.
    command_endpoint, telemetry_endpoint
        Endpoints that are used instead of host and port.
    retry_policy
        Takes the number of consecutive failed attempts, and returns the seconds
        until the next one.
    connect_timeout
        Longest time of one attempt, in seconds.
    command_silence_timeout, telemetry_silence_timeout
        Seconds without a line after which a connection is closed and made again.  None: never.
        The timeout of telemetry starts with the first message of a connection, because a
        controller whose communication power is off may send none.  By default the command port
        has no timeout, because the controller is silent when nothing happens.  10 s are 200
        cycles of the controller, which is longer than a short delay.
    telemetry_overflow
        ``"drop_oldest"``: if ``on_telemetry`` is too slow, drop the oldest telemetry instead of
        pausing the reading.
    """

    name = "m2com"

    _command: TcpClient
    _telemetry: TcpClient

    def __init__(
        self,
        host: str,
        command_port: int = COMMAND_PORT,
        telemetry_port: int = TELEMETRY_PORT,
        *,
        on_event: MessageCallback | None = None,
        on_telemetry: MessageCallback | None = None,
        on_state: Callable[[ControllerState], object] | None = None,
        command_observers: Iterable[LineObserver] = (),
        telemetry_observers: Iterable[LineObserver] = (),
        elevation: ElevationFeeder | None = None,
        log: logging.Logger | None = None,
        reactor: Reactor | None = None,
        command_endpoint: Endpoint | None = None,
        telemetry_endpoint: Endpoint | None = None,
        retry_policy: RetryPolicy = default_retry_policy(),  # noqa: B008 - has no state
        connect_timeout: float = 10.0,
        command_silence_timeout: float | None = None,
        telemetry_silence_timeout: float | None = 10.0,
        telemetry_overflow: Overflow = "pause",
    ) -> None:
        if on_state is not None:
            require_callback(on_state)
        check_timeout(connect_timeout)
        self._connect_timeout = connect_timeout
        self._elevation = elevation
        self._reactor = ReactorAccess(reactor)
        logger = child_logger(log, TcpClient.__name__)
        self._make_subscriptions(on_event, on_telemetry, self._reactor, logger)
        new_client = partial(
            TcpClient,
            host,
            log=log,
            reactor=reactor,
            retry_policy=retry_policy,
            connect_callback=self._tell_state if on_state is not None else None,
        )
        self._command = new_client(
            command_port,
            self._events,
            name="command",
            endpoint=command_endpoint,
            observers=command_observers,
        )
        self._telemetry = new_client(
            telemetry_port,
            self._topics,
            name="telemetry",
            endpoint=telemetry_endpoint,
            observers=telemetry_observers,
            overflow=telemetry_overflow,
            timeout_from_first_message=True,
        )
        self._command.timeout = command_silence_timeout
        self._telemetry.timeout = telemetry_silence_timeout
        self._log = NamedLog(self._command.log, "elevation")
        self._teller = StateTeller(on_state or _ignore, NamedLog(logger, self.name))
        # Whether each client is connected, as far as `on_state` has been told.
        self._told = {self._command: False, self._telemetry: False}

    @property
    def state(self) -> ControllerState:
        """The present states of the connections."""
        return ControllerState(self._command.state, self._telemetry.state).with_times(
            self._command, self._telemetry
        )

    def setServiceParent(self, parent: object) -> None:
        """Override: add types, which the method of Twisted does not have."""
        Service.setServiceParent(self, parent)

    def startService(self) -> None:
        """Override: start to connect."""
        if self.running:
            return
        Service.startService(self)
        self._command.start(self._connect_timeout)
        self._telemetry.start(self._connect_timeout)
        if self._elevation is not None:
            self._elevation.start(self._telemetry.write_message, self._reactor, self._log)

    def dial_now(self) -> None:
        """Dial each connection that waits for its next attempt at once.

        For a program that learns that the controller can be reached again.  No effect on other
        connections, or if the service is stopped.
        """
        for client in (self._command, self._telemetry):
            if self.running and client.state is ConnectionState.WAITING:
                client.start(self._connect_timeout)

    def stopService(self) -> Deferred[None]:
        """Override: close both connections and stop all attempts.

        Returns
        -------
        stopped
            Fires when nothing of the service is left in the reactor.
        """
        Service.stopService(self)
        if self._elevation is not None:
            self._elevation.stop()
        self._events.stop()
        self._topics.stop()
        # The queued states are out of date now.
        self._teller.drop_waiting()
        clients = (self._command, self._telemetry)
        closing = [Deferred.fromCoroutine(client.close()) for client in clients]
        return gatherResults(closing).addCallback(lambda _: self._teller.end_on(self.state))

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Send a command and wait until the controller has executed it.

        See `TcpClient.run_command`.
        """
        return await self._command.run_command(
            name, details, ack_timeout=ack_timeout, timeout=timeout
        )

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Write a message to the port that takes its type: see `TcpClient.write_message`."""
        client = self._telemetry if msg_type == MsgType.Telemetry else self._command
        await client.write_message(msg_type, msg_name, msg_details, comp_name)

    async def _tell_state(self, client: TcpClient) -> None:
        """Call ``on_state``.  This is called once per change, so it reverses the told state."""
        self._told[client] = not self._told[client]
        told = ControllerState(
            self._state_to_tell(self._command), self._state_to_tell(self._telemetry)
        )
        await self._teller.tell(told.with_times(self._command, self._telemetry))

    def _state_to_tell(self, client: TcpClient) -> ConnectionState:
        """Return the state of a connection that ``on_state`` is told now.

        The client may be connected again before ``on_state`` is told of its loss.
        """
        if self._told[client]:
            return ConnectionState.CONNECTED
        if client.connected:
            return ConnectionState.WAITING
        return client.state


def _ignore(state: ControllerState) -> None:
    """Do nothing.  This is used if there is no callback."""
