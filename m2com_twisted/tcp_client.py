"""The client of one port, as users see it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import TypeVar

from .catalogue.enums import MsgType
from .client.assembly import ClientSettings, assemble
from .client.observers import LineObserver
from .client.status import ClientStatus
from .commands.outcome import CommandOutcome
from .connection.endpoint import check_address
from .connection.retry import RetryPolicy, default_retry_policy
from .delivery.backlog import Overflow
from .delivery.delivery import MessageCallback
from .support.callables import require_callback
from .support.interfaces import Endpoint, Reactor, as_endpoint
from .support.log import NamedLog, child_logger
from .support.reactor_access import ReactorAccess
from .wire.codec import Message

__all__ = ["TcpClient"]

Self = TypeVar("Self", bound="TcpClient")


class TcpClient(ClientStatus):
    """Client of one port of the M2 cell controller.

    The coroutines can be awaited in any Twisted coroutine and passed to
    `twisted.internet.defer.Deferred.fromCoroutine`.  Call all methods in the
    reactor's thread.

    Parameters
    ----------
    host
        Name or address of the controller.
    port
        Port of the controller.  One is for commands and events, the other for telemetry.
    callback_process_message
        Called with ``*args`` and the keyword ``message`` for each message, in order, one at a
        time.  It may be a coroutine function, a function that returns a Deferred, or a plain
        function.  Its exceptions are logged and counted.
    *args
        Arguments for the callback.
    log
        Parent of the logger.  The logger has the name of this class.  None: the
        logger of exactly that name.
    sequence_generator
        Yields the sequence ids of commands.  Clients that share it continue one
        sequence.  None: 1, 2, 3 and so on.
    name
        Name at the beginning of every log line.
    check_message_rate
        Whether to log the message rate every 2 s, at debug.
    reactor
        None: the reactor that is installed when one is first needed.
    endpoint
        Endpoint to connect to.  Then host and port are only shown, and not checked.
    retry_policy
        Takes the number of attempts that failed in a row, and returns the seconds
        until the next one.  None: the client does not reconnect.
    connect_callback
        Called with this client when a connection is made, before its first message, and when
        it is lost, after its last message.  It may be of the same kinds as the message
        callback.  The connection may have changed again before the call; ``connected`` is the
        present state.
    observers
        Line observers, which get each line that is received or sent; see
        `LineObserver`.
    max_line_length
        Largest number of bytes of a received line.  A longer line is skipped.
    max_waiting_bytes
        Largest number of bytes that may wait while the peer does not read.  Further messages
        are refused.  This default and that of ``max_line_length`` are 1 MiB, a hundred times
        the longest message.
    max_queue_length
        Largest number of messages that may wait for the callback.  When it is
        reached, reading pauses until half of them are delivered.  1000 are two and
        a half seconds of full telemetry.
    overflow
        ``"pause"``: pause reading.  ``"drop_oldest"``: drop the oldest message instead.
    timeout_from_first_message
        Whether ``timeout`` counts only after the first message of a connection.
        This is for a port that may be silent at first.

    Attributes
    ----------
    log
        The logger.
    host, port, name
        As given.
    """

    def __init__(
        self: Self,
        host: str,
        port: int,
        callback_process_message: MessageCallback,
        *args: object,
        log: logging.Logger | None = None,
        sequence_generator: Iterator[int] | None = None,
        name: str = "tcp-client",
        check_message_rate: bool = False,
        reactor: Reactor | None = None,
        endpoint: Endpoint | None = None,
        retry_policy: RetryPolicy | None = default_retry_policy(),  # noqa: B008 - has no state
        connect_callback: Callable[[Self], object] | None = None,
        observers: Iterable[LineObserver] = (),
        max_line_length: int = 2**20,
        max_waiting_bytes: int = 2**20,
        max_queue_length: int = 1000,
        overflow: Overflow = "pause",
        timeout_from_first_message: bool = False,
    ) -> None:
        require_callback(callback_process_message)
        if connect_callback is not None:
            require_callback(connect_callback)
        if endpoint is None:
            check_address(host, port)
        self.host = host
        self.port = port
        self.name = name
        self.log = child_logger(log, type(self).__name__)
        self._reactor = ReactorAccess(reactor)
        settings = ClientSettings(
            host=host,
            port=port,
            callback=callback_process_message,
            args=args,
            connect_callback=None if connect_callback is None else partial(connect_callback, self),
            observers=observers,
            sequence_generator=sequence_generator,
            check_message_rate=check_message_rate,
            endpoint=None if endpoint is None else as_endpoint(endpoint),
            retry_policy=retry_policy,
            max_line_length=max_line_length,
            max_waiting_bytes=max_waiting_bytes,
            max_queue_length=max_queue_length,
            overflow=overflow,
            timeout_from_first_message=timeout_from_first_message,
        )
        self._parts = assemble(settings, self._reactor, NamedLog(self.log, name))

    async def connect(self, timeout: float = 10.0) -> None:
        """Connect to the controller, and stay connected until `close`.

        If the client is connected, this returns at once.  If an attempt is under
        way, this waits for it.

        Parameters
        ----------
        timeout
            Seconds to wait.

        Raises
        ------
        ConnectRefusedError
            If nothing listens there.  The error is also a ConnectionRefusedError.
        ConnectTimeoutError
            If the host does not answer in time.  The error is also a TimeoutError.
        ConnectFailedError
            If the host is unknown or cannot be reached.  The error is also an OSError.
        ClientClosedError
            If `close` is called meanwhile.  The error is also a ConnectionError.
        ValueError
            If the timeout is negative or no number.

        Notes
        -----
        If the first attempt fails, nothing is left running, and `connect` may be
        called again.
        """
        self._reactor.require_thread("TcpClient.connect")
        await self._parts.link.connect(timeout)

    def start(self, timeout: float = 10.0) -> None:
        """Begin to connect, and retry until `close`, even if the first attempt fails.

        This is for services that also run while there is no controller.  The
        connect callback tells when there is a connection.  This is a plain method,
        because there is nothing to wait for.  It has no effect while the client is
        connected or connecting.  If it waits for its next attempt, it dials at once.

        Parameters
        ----------
        timeout
            Seconds that one attempt may take.
        """
        self._reactor.require_thread("TcpClient.start")
        self._parts.link.start(timeout)

    async def close(self) -> None:
        """Close the connection, or stop trying to get one.

        This cancels the running callback, unless that callback calls this.  It
        drops the messages that wait for the callback, and fails every `connect`
        that waits.  The peer has 2 s to read what was written.

        It may be called at any time, any number of times.  `connect` works again
        afterwards.
        """
        self._reactor.require_thread("TcpClient.close")
        await self._parts.link.close()

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Write a message to the controller.

        It waits while the peer does not read.

        Parameters
        ----------
        msg_type
            Kind of the message.
        msg_name
            Name of the message, without the prefix of its kind.
        msg_details
            Fields of the message.
        comp_name
            Component that an event or telemetry comes from.  Commands do not have
            it.

        Raises
        ------
        NotConnectedError
            If there is no connection, or it is lost before the message is written.
            The error is also a RuntimeError.
        InvalidMessageError
            If 'id' is in the message details already, if the message type is not
            supported, or if the details have no JSON form.  The error is also a
            ValueError.
        WriteBufferFullError
            If too many bytes wait to be written.  The error is also a RuntimeError.
        RuntimeError
            If the sequence generator has no more ids, or if its id is no int, or if
            a command with this id still runs.

        Notes
        -----
        If it raises, nothing was sent and no sequence id was used.  If it
        returns, the message is on its way; it may not have arrived.
        """
        self._reactor.require_thread("TcpClient.write_message")
        await self._parts.sender.write(msg_type, msg_name, msg_details, comp_name)

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Send a command and wait until the controller has executed it.

        Any number of commands may run at a time.  The message callback may await
        this.  Meanwhile no message is delivered, but replies are matched on
        arrival, so the command still ends.  No reply arrives while reading is
        paused.

        Parameters
        ----------
        name
            Name of the command, without the prefix ``cmd_``.
        details
            Parameters of the command.
        ack_timeout
            Seconds from now until the command must be acknowledged; None: no limit.
            The controller takes one command at a time, so this includes the time of
            the commands before it.
        timeout
            Seconds from now until the command must be finished; None: no limit.
            The slowest real command, switching the power on, takes 30 to 60 s
            (:ref:`protocol-answers`).  If one of the two times is over before the
            command can be sent, it is not sent.

        Raises
        ------
        NotConnectedError, InvalidMessageError, WriteBufferFullError, RuntimeError
            As `write_message`: nothing was sent.
        ValueError
            If a timeout is NaN: nothing was sent.
        CommandRejected
            If the controller did not accept it.
        CommandFailed
            If the controller accepted it and could not complete it.
        CommandTimeout
            If there was no answer in time.
        CommandLost
            If the connection was lost, or closed, before the answer.

        Notes
        -----
        After `CommandTimeout` and `CommandLost` the outcome is unknown, unless
        their ``stage`` says that the command was never sent.

        Cancelling ends the waiting.  It does not end the command.
        """
        self._reactor.require_thread("TcpClient.run_command")
        return await self._parts.sender.run(name, details, ack_timeout, timeout)

    async def __aenter__(self: Self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
