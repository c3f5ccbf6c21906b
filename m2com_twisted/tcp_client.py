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
        Port: one for commands and events, another for telemetry.
    callback_process_message
        Called with ``*args`` and the keyword ``message`` for each message, in
        order, one at a time.  A coroutine function, a function that returns a
        Deferred, or a plain function.  Its exceptions are logged and counted.
    *args
        Arguments for the callback.
    log
        Parent of the logger, which has the name of this class.  None: the logger
        of that name.
    sequence_generator
        Yields the sequence ids of commands.  Clients that share it continue one
        sequence.  None: 1, 2, 3 and so on.
    name
        Name at the beginning of every log line.
    check_message_rate
        Whether to log the message rate every 2 s, at debug.
    reactor
        None: the one installed when it is first needed.
    endpoint
        Endpoint to connect to.  Host and port are then only shown, and not checked.
    retry_policy
        Takes the number of attempts that failed in a row, and returns the seconds
        until the next.  None: the client does not reconnect.
    connect_callback
        Called with this client once per change of the connection, in order
        with the messages: before the first one of a connection, and after its
        last.  It may be any kind of function.  The connection may have changed
        again before the call; ``connected`` is the present state.
    observers
        Line observers, which see each line as it passes; see `LineObserver`.
    max_line_length
        Most bytes of a received line; a longer line is skipped.
    max_waiting_bytes
        Most bytes that may wait for a peer that does not read; a message beyond
        that is refused.  Both defaults are 1 MiB, a hundred times the longest
        message.
    max_queue_length
        Most messages that may wait for the callback.  Reading then pauses until
        half of them are delivered.  1000 are two and a half seconds of full
        telemetry.
    overflow
        ``"pause"``: pause reading.  ``"drop_oldest"``: drop the oldest message
        instead.
    timeout_from_first_message
        Whether ``timeout`` counts only after the first message of a connection:
        for a port that may be quiet at first.

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
            If nothing listens there: a ConnectionRefusedError.
        ConnectTimeoutError
            If the host does not answer in time: a TimeoutError.
        ConnectFailedError
            If the host is unknown or cannot be reached: an OSError.
        ClientClosedError
            If `close` is called meanwhile: a ConnectionError.
        ValueError
            If the timeout is negative or no number.

        Notes
        -----
        If the first attempt fails nothing is left running, and `connect` may be
        called again.
        """
        self._reactor.require_thread("TcpClient.connect")
        await self._parts.link.connect(timeout)

    def start(self, timeout: float = 10.0) -> None:
        """Begin to connect, and keep trying from the first attempt on until `close`.

        This is for services that run whether the controller is there or not.  The
        connect callback tells when it is.  This is a plain method, because there is
        nothing to wait for and nothing that can fail.  It has no effect while the
        client is connected or connecting.

        Parameters
        ----------
        timeout
            Seconds that one attempt may take.
        """
        self._reactor.require_thread("TcpClient.start")
        self._parts.link.start(timeout)

    async def close(self) -> None:
        """Close the connection, or stop trying to get one.

        This cancels the callback that runs (but not one that calls this), drops
        the messages that wait for it, and fails every `connect` that waits.  The
        peer has 2 s to read what was written.

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
            Component that it comes from; for events and telemetry.

        Raises
        ------
        NotConnectedError
            If there is no connection, or it is lost before the message is
            written: a RuntimeError.
        InvalidMessageError
            If 'id' is in the message details already, if the message type is
            not supported, or if the details have no JSON form: a ValueError.
        WriteBufferFullError
            If too many bytes wait to be written: a RuntimeError.
        RuntimeError
            If the sequence generator has no more ids, or if its id cannot be
            used: it is no int, or a command with this id still runs.

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

        Any number of commands may run at a time.  The message callback may call
        this, although no message is delivered meanwhile: replies are matched on
        arrival, as long as reading is not paused.

        Parameters
        ----------
        name
            Its name, without the prefix ``cmd_``.
        details
            Its parameters.
        ack_timeout
            Seconds from now until it must be acknowledged; None: no limit.
            The controller takes one command at a time, so this includes the
            time of the commands before it.
        timeout
            Seconds from now until it must be finished; None: no limit.  The
            slowest real command, switching the power on, takes 30 to 60 s
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

        Cancelling ends the waiting, not the command.
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
