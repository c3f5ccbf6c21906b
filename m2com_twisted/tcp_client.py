"""The client: what users see of all this."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import TypeVar

from .catalogue.enums import MsgType
from .client.assembly import Settings, assemble
from .client.observers import LineObserver
from .client.typed_sender import TypedSender
from .commands.outcome import CommandOutcome
from .connection.endpoint import check_address
from .connection.retry import RetryPolicy, default_retry_policy
from .connection.state import ConnectionState
from .delivery.backlog import Overflow
from .delivery.delivery import MessageCallback
from .support.callables import require_callback
from .support.interfaces import Endpoint, Reactor, as_endpoint
from .support.log import NamedLog, child_logger
from .support.reactor_access import ReactorAccess
from .support.stats import Stats
from .wire.codec import Message

__all__ = ["TcpClient"]

Self = TypeVar("Self", bound="TcpClient")


class TcpClient(TypedSender):
    """Client of one port of the M2 cell controller.

    The coroutines can be awaited in any Twisted coroutine and passed to
    `twisted.internet.defer.Deferred.fromCoroutine`.  All is to be called in
    the reactor's thread.

    Parameters
    ----------
    host
        Name or address of the controller.
    port
        Its port: one for commands and events, another for telemetry.
    callback_process_message
        Called with ``*args`` and the keyword ``message`` for each message, in
        order, one at a time.  A coroutine function, a function that returns a
        Deferred, or a plain function.  What it raises is logged and counted.
    *args
        Passed on to the callback.
    log
        Its child of this class's name is used.  None: the logger of that name.
    sequence_generator
        Yields the sequence ids of commands.  Pass the same one to clients that
        are to continue each other's sequence.  None: 1, 2, 3 and so on.
    name
        Starts every log line.
    check_message_rate
        Whether to log the message rate every 2 s, at debug.
    reactor
        None: the one installed when it is first needed.
    endpoint
        Where to connect instead of to host and port.  These are only shown
        then, and not checked.
    retry_policy
        Takes the number of attempts that failed in a row, returns the seconds
        until the next.  None: a lost connection stays lost.
    connect_callback
        Called with this client once per change of the connection, in order
        with the messages: before the first one, after the last.  As with
        messages it may be any kind of function.  By the time it is called the
        connection may have changed again; ``connected`` tells how it is now.
    observers
        Line observers, which see each line as it passes; see `LineObserver`.
    max_line_length
        Bytes in a received line; a longer one is skipped.
    max_waiting_bytes
        Bytes that may wait to be written to a peer that does not read; a
        message beyond that is refused.  Both defaults are 1 MiB: a hundred
        times the longest message.
    max_queue_length
        Messages that wait for the callback.  At 1000, two and a half seconds
        of full telemetry, reading pauses until half of them are delivered.
    overflow
        ``"drop_oldest"``: rather than to pause, drop the oldest message.
    timeout_from_first_message
        Whether ``timeout`` counts from the first message of a connection on,
        and not from the connection on: for a port that may be quiet at first.

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
            connect_callback = self._adapted(connect_callback)
        if endpoint is None:
            check_address(host, port)
        self.host = host
        self.port = port
        self.name = name
        self.log = child_logger(log, type(self).__name__)
        self._reactor = ReactorAccess(reactor)
        settings = Settings(
            host=host,
            port=port,
            callback=self._adapted(callback_process_message),
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

    def _adapted(self, callback: MessageCallback) -> MessageCallback:
        """Return what is called in place of a callback of the user's: for subclasses."""
        return callback

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._parts.link.connected

    @property
    def should_be_connected(self) -> bool:
        """Whether `connect` or `start` was called, and `close` not since.

        False again if the first attempt failed.
        """
        return self._parts.link.should_be_connected

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands."""
        return self._parts.link.state

    @property
    def state_since(self) -> float | None:
        """When the connection came to its state, by the clock of `stats`; None before `connect`."""
        return self._parts.link.state_since

    @property
    def message_age(self) -> float | None:
        """Seconds since the last message; None before the first."""
        last = self.stats.last_message_time
        return None if last is None else self._reactor.seconds() - last

    @property
    def timeout(self) -> float | None:
        """Read timeout in seconds; None, as at first: none.

        A connection over which no line comes for that long is given up and
        counts as lost.  Time in which the client itself has paused reading
        does not count.  Raises ValueError if set to anything else than None or
        a number greater than 0.
        """
        return self._parts.link.read_timeout

    @timeout.setter
    def timeout(self, timeout: float | None) -> None:
        self._reactor.require_thread("TcpClient.timeout")
        self._parts.link.read_timeout = timeout

    @property
    def last_sequence_id(self) -> int:
        """Sequence id of the last command that was sent; -1 before the first."""
        return self._parts.sequence_ids.last

    @property
    def stats(self) -> Stats:
        """The counters, as they are now."""
        return self._parts.inbound.stats

    def add_observer(self, observer: LineObserver) -> None:
        """Let one more line observer see what passes from now on.

        Raises
        ------
        TypeError
            If it lacks a method, or has one that a plain call would not run.
        """
        self._parts.observers.add(observer)

    def remove_observer(self, observer: LineObserver) -> None:
        """Let a line observer see nothing more; harmless if it is none."""
        self._parts.observers.remove(observer)

    async def connect(self, timeout: float = 10.0) -> None:
        """Connect to the controller, and stay connected until `close`.

        Connected already: returns.  Connecting: joins.

        Parameters
        ----------
        timeout
            Seconds to wait.

        Raises
        ------
        ConnectRefusedError
            If nothing listens there: a ConnectionRefusedError.
        ConnectTimeoutError
            If nobody answers in time: a TimeoutError.
        ConnectFailedError
            If there is no way there, or no such host: an OSError.
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

        For services that run whether the controller is there or not; the
        connect callback tells when it is.  A method beside `connect` because
        there is nothing to wait for and nothing that can fail.  Connected or
        connecting already: returns.

        Parameters
        ----------
        timeout
            Seconds that one attempt may take.
        """
        self._reactor.require_thread("TcpClient.start")
        self._parts.link.start(timeout)

    async def close(self) -> None:
        """Close the connection, or stop trying to get one.

        Cancels the callback that runs (but not one that calls this), drops the
        messages that wait for it, and fails whoever waits for the connection.
        A peer that does not take what was written has 2 s.

        Safe to call at any time, any number of times.  `connect` works again
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

        Waits while the peer does not take what was written before.

        Parameters
        ----------
        msg_type
            What kind of message.
        msg_name
            Its name, without the prefix of its kind.
        msg_details
            Its fields.
        comp_name
            The component it comes from; for events and telemetry.

        Raises
        ------
        NotConnectedError
            If there is no connection, or it is lost before the message is
            written: a RuntimeError.
        InvalidMessageError
            If 'id' is in the message details already, if the message type is
            not supported, or if the details have no JSON form: a ValueError.
        WriteBufferFullError
            If too much waits to be written already: a RuntimeError.
        RuntimeError
            If the sequence generator has no more ids, or one that cannot be
            used: no int, or that of a command that still runs.

        Notes
        -----
        When it raises, nothing was sent and no sequence id was used.  That it
        returns means that the message is on its way, not that it has arrived.
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

        Any number may run at a time.  May be called from the callback, even
        though no message is delivered then: replies are matched on arrival,
        which ends only when so many messages wait that reading pauses.

        Parameters
        ----------
        name
            Its name, without the prefix ``cmd_``.
        details
            Its parameters.
        ack_timeout
            Seconds from now until it must be acknowledged; None: for ever.
            The controller takes one command at a time, so this includes the
            time that those before it take.
        timeout
            Seconds from now until it must be finished; None: for ever.  The
            slowest real command, switching the power on, takes 30 to 60 s
            (:ref:`protocol-answers`).  Where no time is left to either, nothing is
            sent: the outcome would be unknown at once.

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

        Cancelling stops the waiting, not the command.
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
