"""The life of a client's connection: dialled, lost, dialled again, closed."""

from collections.abc import Callable
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
from twisted.python.failure import Failure

from ..client.inbound import Inbound
from ..errors import ClientClosedError, ConnectTimeoutError, NotConnectedError
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from ..support.waiters import Waiters
from .endpoint import connect_failure
from .outages import Outages
from .protocol import ConnectionOwner, MessageProtocol
from .retry import RetryPolicy, next_delay
from .state import ConnectionState

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
    reception
        Who takes what the connections bring.
    history
        Who takes note of them.
    log
        Where their life is reported.
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
        reception: Inbound,
        history: Outages,
        log: NamedLog,
    ) -> None:
        self._address = address
        self._endpoint = endpoint
        self._new_protocol = new_protocol
        self._reactor = reactor
        self._retry_policy = retry_policy
        self._reception = reception
        self._history = history
        self._log = log
        #: Where the connection stands.
        self.state = ConnectionState.IDLE
        # The last state that observers were told, then those that they were not.
        self._states = [self.state]
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
        connected
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
        if self._states[-1] is not state:
            self._states.append(state)

    def _tell_states(self) -> None:
        """Show the states that were passed through, now that all fields are right."""
        while len(self._states) > 1:
            del self._states[0]
            self._reception.state_changed(self._states[0])

    def _dial(self) -> None:
        """Begin an attempt."""
        attempt = maybeDeferred(lambda: self._endpoint(self._connect_timeout).connect(self))
        self._set_state(ConnectionState.CONNECTING, attempt=attempt)
        self._tell_states()
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
        self._tell_states()

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
        self._reception.begin(protocol)
        self._tell_states()
        self._reception.tell_change(connected=True)
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

    def connection_lost(self, protocol: MessageProtocol, reason: Failure) -> None:
        """Implement `ConnectionOwner`."""
        if protocol is not self._protocol:
            return
        self._reception.end()
        if self.state is ConnectionState.CLOSING:
            self._set_state(ConnectionState.CLOSING, should_be_connected=False)
            return
        self._history.lost(reason, protocol.received_bytes)
        self._wait_to_retry()
        self._reception.fail_commands()
        protocol.fail_writers()
        self._tell_states()
        self._reception.tell_change(connected=False)

    def _begin_closing(self) -> None:
        attempt, retry, protocol = self._attempt, self._retry, self._protocol
        self._set_state(ConnectionState.CLOSING, protocol=protocol, should_be_connected=False)
        if retry is not None:
            retry.cancel()
        if attempt is not None:
            attempt.cancel()
        self._reception.fail_commands()
        if protocol is not None:
            protocol.fail_writers()
        self._fail_connect_waiters()
        self._tell_states()
        callback_ended = self._reception.stop()
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
        self._tell_states()
        self._reception.tell_change(connected=False)
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
            self._tell_states()

    def _connect_timed_out(self, result: object, timeout: float) -> Failure:
        error = ConnectTimeoutError(*self._address, f"not connected within {timeout:g} s")
        error.__cause__ = self._reception.stats.last_error
        return Failure(error)

    def _log_unexpected(self, failure: Failure) -> None:
        self._log.critical("Connecting failed in an unexpected way", exc_info=failure.value)
