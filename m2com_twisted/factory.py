"""The life of a client's connection: dialled, lost, dialled again, closed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from numbers import Real
from typing import cast

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import ClientFactory
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from .codec import Message
from .commands import CommandTable
from .connection_history import ConnectionHistory
from .connection_state import ConnectionState
from .delivery import Delivery
from .endpoint import connect_failure
from .errors import ClientClosedError, ConnectTimeoutError, NotConnectedError
from .log import NamedLog
from .protocol import ConnectionOwner, MessageProtocol
from .reactor_access import ReactorAccess
from .retry import RetryPolicy, next_delay
from .stats import MessageRate, Stats
from .waiters import Waiters

__all__ = ["ReconnectingMessageFactory"]

# How long `close` waits for a callback that it has cancelled, in seconds: as
# long as for a peer that does not read.
_CALLBACK_END_TIME = 2.0


class ReconnectingMessageFactory(ClientFactory):
    """Keeps one connection to the controller, from `connect` until `close`.

    Not a `ReconnectingClientFactory`, which does not retry behind an endpoint,
    and not a `ClientService`, which cannot be stopped from its own callbacks
    and waits for ever for a peer that does not read.

    Parameters
    ----------
    address
        Host and port, for errors.
    endpoint
        Returns an endpoint that gives up after that many seconds.
    new_protocol
        Returns a protocol for a new connection; takes its owner.
    reactor
        For timeouts.
    retry_policy
        How long to wait after how many failures; None: never reconnect.
    delivery
        Where messages and changes of the connection go.
    commands
        What awaits the status of commands.
    stats
        Counters shared with the delivery and the protocols.
    log
        Where the life is reported.
    log_rate
        Whether to log the message rate while connected.
    arrival_callback
        Called with each message ahead of its delivery.
    """

    noisy = False

    def __init__(
        self,
        address: tuple[str, int],
        *,
        endpoint: Callable[[float], IStreamClientEndpoint],
        new_protocol: Callable[[ConnectionOwner], MessageProtocol],
        reactor: ReactorAccess,
        retry_policy: RetryPolicy | None,
        delivery: Delivery,
        commands: CommandTable,
        stats: Stats,
        log: NamedLog,
        log_rate: bool,
        arrival_callback: Callable[[Message], object] | None = None,
    ) -> None:
        self._address = address
        self._endpoint = endpoint
        self._new_protocol = new_protocol
        self._reactor = reactor
        self._retry_policy = retry_policy
        self._delivery = delivery
        self._commands = commands
        self._stats = stats
        self._log = log
        self._arrival_callback = arrival_callback
        self._history = ConnectionHistory(reactor, stats, log)
        self._rate = MessageRate()
        self._rate_log = LoopingCall(self._log_rate) if log_rate else None
        #: Where the connection stands.
        self.state = ConnectionState.IDLE
        #: Whether `connect` was called, and `close` not since.
        self.should_be_connected = False
        self._attempt: Deferred[IProtocol] | None = None
        self._retry: IDelayedCall | None = None
        self._protocol: MessageProtocol | None = None
        # Whether a failed attempt is followed by another: not after the first.
        self._keep_trying = False
        # What `start` asked for while the last connection is still being closed.
        self._start_when_closed: float | None = None
        self._connect_timeout = 0.0
        self._read_timeout: float | None = None
        self._connect_waiters = Waiters(self._connect_waiter_forgotten)
        self._close_waiters = Waiters()

    @property
    def connected(self) -> bool:
        """Whether messages can be written now."""
        # A closing client, or connection, may still have its transport.
        is_open = self._protocol is not None and self._protocol.is_open
        return is_open and self.state is ConnectionState.CONNECTED

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence after which a connection is given up; None: never."""
        return self._read_timeout

    @read_timeout.setter
    def read_timeout(self, timeout: float | None) -> None:
        if timeout is not None and not (isinstance(timeout, Real) and timeout > 0):
            raise ValueError(f"The timeout must be None or more than 0, not {timeout!r}.")
        self._read_timeout = timeout
        if self._protocol is not None:
            self._protocol.set_timeout(timeout)

    @property
    def stats(self) -> Stats:
        """The counters as they are now."""
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            # Without a message there may be no reactor yet to ask for the time.
            message_rate=self._rate.read(self._reactor.seconds()) if self._stats.messages else 0.0,
        )

    def open_protocol(self) -> MessageProtocol:
        """Return the connection to write to.

        Raises
        ------
        NotConnectedError
            If there is none.
        """
        if self._protocol is None or not self.connected:
            raise NotConnectedError("Client not connected with tcp/ip server.")
        return self._protocol

    # From outside: connect and close

    def connect(self, timeout: float) -> Deferred[None]:
        """Dial, or join what is under way.

        Parameters
        ----------
        timeout
            Seconds to wait.  A first attempt is given up with it.

        Returns
        -------
            Fires when connected; fails with a `ConnectFailedError` or, if
            `close` is called meanwhile, with `ClientClosedError`.  Cancelling
            it forgets the waiter; the last one takes a first attempt with it.

        Raises
        ------
        ValueError
            If the timeout is negative or not a number.
        """
        if not (isinstance(timeout, Real) and timeout >= 0):
            raise ValueError(f"The timeout must be 0 or more, not {timeout!r}.")
        if self.connected:
            return succeed(None)
        waiter = self._connect_waiters.add()
        idle, closing = ConnectionState.IDLE, ConnectionState.CLOSING
        if self.state in (idle, closing) and len(self._connect_waiters) == 1:
            self._connect_timeout = timeout
        if self.state is idle:
            self._dial()
        else:
            waiter.addTimeout(timeout, self._reactor, self._connect_timed_out)
        return waiter

    def start(self, timeout: float) -> None:
        """Dial and keep trying from the first attempt on.

        While the last connection is being closed: as soon as it is.

        Parameters
        ----------
        timeout
            Seconds that one attempt may take.
        """
        if self.state is ConnectionState.CLOSING:
            self._start_when_closed = timeout
        elif self.state is ConnectionState.IDLE:
            self._keep_trying = True
            self._connect_timeout = timeout
            self._dial()

    def close(self) -> Deferred[None]:
        """End it all: no attempt, no connection, no retry is left when this fires."""
        self._start_when_closed = None
        waiter = self._close_waiters.add()
        if self.state is ConnectionState.CLOSING:
            self._fail_connect_waiters()
        else:
            self._begin_closing()
        return waiter

    # The states

    def _set_state(
        self,
        state: ConnectionState,
        *,
        attempt: Deferred[IProtocol] | None = None,
        retry: IDelayedCall | None = None,
        protocol: MessageProtocol | None = None,
        should_be_connected: bool = True,
    ) -> None:
        """Put every field right; the only place that does.  Callbacks run after it."""
        if state is ConnectionState.IDLE:
            self._keep_trying = False
        self.state = state
        self._attempt = attempt
        self._retry = retry
        self._protocol = protocol
        self.should_be_connected = should_be_connected

    def _dial(self) -> None:
        """Begin an attempt."""
        attempt = maybeDeferred(lambda: self._endpoint(self._connect_timeout).connect(self))
        self._set_state(ConnectionState.CONNECTING, attempt=attempt)
        # An endpoint may take longer than it was told, or not know of timeouts at all.
        attempt.addTimeout(self._connect_timeout, self._reactor, self._attempt_timed_out)
        attempt.addCallbacks(self._attempt_succeeded, self._attempt_failed)
        attempt.addErrback(self._log_unexpected)

    def buildProtocol(self, addr: IAddress | None) -> MessageProtocol:
        """Override: every attempt has a protocol of its own."""
        return self._new_protocol(self)

    def _attempt_timed_out(self, result: IProtocol | Failure, timeout: float) -> Failure:
        if not isinstance(result, Failure):
            self._drop_late(result)
        # What a cancelled endpoint fails with differs from one to the next.
        return Failure(TimeoutError(f"no answer within {timeout:g} s"))

    def _attempt_failed(self, reason: Failure) -> None:
        if self.state is not ConnectionState.CONNECTING:
            return  # cancelled by us
        error = connect_failure(*self._address, reason)
        self._history.attempt_failed(error)
        if self._keep_trying and self._retry_policy is not None:
            self._wait_to_retry()
        else:
            self._set_state(ConnectionState.IDLE, should_be_connected=False)
            self._connect_waiters.fail(error)

    def _attempt_succeeded(self, result: IProtocol) -> None:
        # Endpoints give back what buildProtocol returned.
        protocol = cast(MessageProtocol, result)
        if self.state is not ConnectionState.CONNECTING:
            self._drop_late(result)
            return
        if not protocol.is_open:
            # Lost while the endpoint was still busy with it.
            self._attempt_failed(Failure(ConnectionLost()))
            return
        self._set_state(ConnectionState.CONNECTED, protocol=protocol)
        self._keep_trying = True
        self._history.connected()
        protocol.set_timeout(self._read_timeout)
        self._delivery.attach(protocol)
        if self._rate_log is not None:
            self._rate_log.clock = self._reactor
            self._rate_log.start(MessageRate.PERIOD, now=False)
        self._delivery.put_connection_change(True)
        self._connect_waiters.succeed()

    def _drop_late(self, result: IProtocol) -> None:
        """Close a connection that came about although its attempt was cancelled."""
        cast(MessageProtocol, result).abort()

    def _wait_to_retry(self) -> None:
        if self._retry_policy is not None:
            delay = next_delay(self._retry_policy, self._history.failures, self._log)
        elif self._connect_waiters:
            delay = 0.0  # they asked after this end had given the connection up
        else:
            self._set_state(ConnectionState.IDLE)
            return
        self._log.debug("Dialling again in %.1f s", delay)
        retry = self._reactor.callLater(delay, self._dial)
        self._set_state(ConnectionState.WAITING, retry=retry)

    def messages_received(self, messages: Iterator[Message]) -> None:
        """Implement `ConnectionOwner`."""
        known = self._stats.messages
        if self._arrival_callback is not None:
            messages = self._announced(messages, self._arrival_callback)
        self._delivery.put(messages)
        count = self._stats.messages - known
        if count:
            now = self._reactor.seconds()
            self._stats.last_message_time = now
            self._rate.add(count, now)
            self._history.message_received()

    def _announced(
        self, messages: Iterator[Message], arrival_callback: Callable[[Message], object]
    ) -> Iterator[Message]:
        """Yield messages, each when the user has been told that it has arrived."""
        for message in messages:
            try:
                arrival_callback(message)
            except Exception:
                self._stats.callback_errors += 1
                self._log.exception("The arrival callback failed on the message %.200r", message)
            yield message

    def status_received(self, message: Message) -> None:
        """Implement `ConnectionOwner`."""
        self._commands.status_received(message)

    def connection_lost(self, protocol: MessageProtocol, reason: Failure) -> None:
        """Implement `ConnectionOwner`."""
        if protocol is not self._protocol:
            return
        self._delivery.detach()
        if self._rate_log is not None:
            self._rate_log.stop()
        if self.state is ConnectionState.CLOSING:
            self._set_state(ConnectionState.CLOSING, should_be_connected=False)
            return
        self._history.lost(reason, protocol.received_bytes)
        self._wait_to_retry()
        self._commands.connection_lost()
        protocol.fail_writers()
        self._delivery.put_connection_change(False)

    def _begin_closing(self) -> None:
        attempt, retry, protocol = self._attempt, self._retry, self._protocol
        self._set_state(ConnectionState.CLOSING, protocol=protocol, should_be_connected=False)
        if retry is not None:
            retry.cancel()
        if attempt is not None:
            attempt.cancel()
        self._commands.connection_lost()
        if protocol is not None:
            protocol.fail_writers()
        self._fail_connect_waiters()
        callback_ended = self._delivery.stop()
        if not callback_ended.called:
            callback_ended.addTimeout(_CALLBACK_END_TIME, self._reactor, self._callback_goes_on)
        disconnected = protocol.disconnect() if protocol is not None else succeed(None)
        gatherResults([callback_ended, disconnected]).addCallback(self._closed)

    def _fail_connect_waiters(self) -> None:
        self._connect_waiters.fail(ClientClosedError("The client was closed."))

    def _callback_goes_on(self, result: object, timeout: float) -> None:
        self._log.warning("The callback still runs %g s after it was cancelled", timeout)

    def _closed(self, result: object) -> None:
        self._history.forget()
        self._set_state(ConnectionState.IDLE, should_be_connected=False)
        self._log.info("Closed")
        self._delivery.put_connection_change(False)
        self._close_waiters.succeed()
        if self._start_when_closed is not None:
            timeout, self._start_when_closed = self._start_when_closed, None
            self.start(timeout)
        elif self.state is ConnectionState.IDLE and self._connect_waiters:
            # The controller serves one client per port, so these waited for the old socket to go.
            self._dial()

    def _connect_waiter_forgotten(self) -> None:
        """Give up a first attempt for which nobody waits any more."""
        if self._attempt is not None and not self._keep_trying and not self._connect_waiters:
            attempt = self._attempt
            self._set_state(ConnectionState.IDLE, should_be_connected=False)
            attempt.cancel()

    def _connect_timed_out(self, result: object, timeout: float) -> Failure:
        error = ConnectTimeoutError(*self._address, f"not connected within {timeout:g} s")
        error.__cause__ = self._stats.last_error
        return Failure(error)

    def _log_rate(self) -> None:
        self._log.debug("Received %.0f messages/s", self._rate.read(self._reactor.seconds()))

    def _log_unexpected(self, failure: Failure) -> None:
        self._log.critical("Connecting failed in an unexpected way", exc_info=failure.value)
