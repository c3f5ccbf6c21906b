"""Performs the effects of a client's machine."""

from collections.abc import Callable
from functools import singledispatchmethod
from typing import Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ..delivery.backlog import ReadingControl
from ..errors import ClientClosedError
from ..support.log import NamedLog
from .close_timeouts import CALLBACK_CLOSE_TIMEOUT
from .connections import Connections
from .effects import (
    Abandon,
    Announce,
    CancelRetry,
    CloseDone,
    ConnectClosed,
    ConnectFailed,
    ConnectSucceeded,
    Dial,
    Disconnect,
    Effect,
    FailPending,
    NoteClosed,
    NoteConnection,
    NoteFailure,
    NoteLoss,
    ScheduleRetry,
    ShowState,
    StartReading,
    StopDelivery,
    TellConnected,
    TellLost,
)
from .endpoint import connect_failure
from .inputs import Announced, AttemptFailed, ConnectOvertaken, Input, RetryDue, TornDown
from .machine import Machine
from .outages import Outages
from .retry import RetryPolicy, next_delay
from .state import ConnectionState

__all__ = ["ConnectionUser", "Performer"]


class ConnectionUser(Protocol):
    """Uses the connections of a client, one after the other."""

    def connection_made(self, connection: ReadingControl) -> None:
        """Use a new connection."""

    def connection_lost(self) -> None:
        """Stop using the connection.  Does nothing if there was none."""

    def fail_pending(self) -> None:
        """Fail the commands and writers that wait for the lost connection."""

    def connection_changed(self, connected: bool) -> None:
        """Tell the user's callback whether there is a connection, in order with the messages."""

    def state_changed(self, state: ConnectionState) -> None:
        """Show the state to line observers."""

    def drop_waiting(self) -> None:
        """Drop the messages that wait for delivery.  Runs no code of users."""

    def stop(self) -> Deferred[None]:
        """Cancel the callback.  The Deferred fires when the callback has ended."""


class Performer:
    """Performs the effects of the machine, one at a time.

    Parameters
    ----------
    address
        Host and port, for errors.
    machine
        Has the present state.  Effects that are out of date are not performed.
    connections
        The attempts and connections.
    waiters
        The Deferreds of `connect` and `close`, by number.  Each is taken out before
        it fires, because its callbacks may cancel another one.
    user
        Uses the connections.
    outages
        Counts and logs attempts and connections.
    retry_policy
        Takes the number of failures, and returns the seconds to wait.  None: 0 s.
    reactor
        Measures the delay, and the time that a callback takes to end.
    log
        Logs everything else.
    report
        Called with the inputs that follow from an effect.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        machine: Machine,
        connections: Connections,
        waiters: dict[int, Deferred[None]],
        user: ConnectionUser,
        outages: Outages,
        retry_policy: RetryPolicy | None,
        reactor: IReactorTime,
        log: NamedLog,
        report: Callable[[Input], object],
    ) -> None:
        self._address = address
        self._machine = machine
        self._connections = connections
        self._waiters = waiters
        self._user = user
        self._outages = outages
        self._retry_policy = retry_policy
        self._reactor = reactor
        self._log = log
        self._report = report
        self._retry: IDelayedCall | None = None
        # While closing: whether all connections have been told to end, and whether
        # the callback has ended.
        self._disconnecting = False
        self._callback_ended = False

    @singledispatchmethod
    def perform(self, effect: Effect) -> None:
        """Perform one effect, by the method that is registered for its type."""
        raise NotImplementedError(f"Nobody performs {effect!r}.")

    def report_teardown_when_done(self) -> None:
        """Report `TornDown` when all connections, attempts and the callback have ended."""
        if self._disconnecting and self._callback_ended and self._connections.all_gone:
            self._disconnecting = self._callback_ended = False
            self._report(TornDown())

    # Attempts and connections

    @perform.register
    def _dial(self, effect: Dial) -> None:
        # Code of users may have closed the client meanwhile.
        if self._machine.attempt != effect.attempt:
            return
        try:
            self._connections.dial(effect.attempt, effect.timeout)
        except BaseException as error:
            # Exceptions of an endpoint are caught before, but a RecursionError is not.
            self._report(AttemptFailed(effect.attempt, error))

    @perform.register
    def _abandon(self, effect: Abandon) -> None:
        self._connections.abandon(effect.attempt)

    @perform.register
    def _note_failure(self, effect: NoteFailure) -> None:
        self._outages.attempt_failed(connect_failure(*self._address, Failure(effect.reason)))

    @perform.register
    def _note_connection(self, effect: NoteConnection) -> None:
        self._outages.connection_made()
        self._user.connection_made(self._connections[effect.attempt])

    @perform.register
    def _note_loss(self, effect: NoteLoss) -> None:
        received_bytes = self._connections[effect.attempt].received_bytes
        self._connections.forget(effect.attempt)
        self._user.connection_lost()
        self._outages.connection_lost(effect.reason, received_bytes)

    @perform.register
    def _start_reading(self, effect: StartReading) -> None:
        if self._is_current(effect.attempt):
            self._connections[effect.attempt].start_reading()

    def _is_current(self, attempt: int) -> bool:
        return self._machine.connected and self._machine.attempt == attempt

    # Callbacks and waiters

    @perform.register
    def _show_state(self, effect: ShowState) -> None:
        self._user.state_changed(effect.state)

    @perform.register
    def _tell_connected(self, effect: TellConnected) -> None:
        # A connection that the user has already closed is not announced.
        if self._is_current(effect.attempt):
            self._user.connection_changed(connected=True)

    @perform.register
    def _tell_lost(self, effect: TellLost) -> None:
        self._user.connection_changed(connected=False)

    @perform.register
    def _announce(self, effect: Announce) -> None:
        self._report(Announced(effect.attempt))

    @perform.register
    def _connect_succeeded(self, effect: ConnectSucceeded) -> None:
        if not self._machine.connected:
            # An effect before this one has closed or lost the connection.
            self._report(ConnectOvertaken(effect.waiter))
            return
        waiter = self._waiters.pop(effect.waiter, None)
        if waiter is not None:
            waiter.callback(None)

    @perform.register
    def _connect_failed(self, effect: ConnectFailed) -> None:
        waiter = self._waiters.pop(effect.waiter, None)
        if waiter is not None:
            # Each waiter gets its own error.  A shared one would collect all
            # tracebacks.
            waiter.errback(connect_failure(*self._address, Failure(effect.reason)))

    @perform.register
    def _connect_closed(self, effect: ConnectClosed) -> None:
        waiter = self._waiters.pop(effect.waiter, None)
        if waiter is not None:
            waiter.errback(ClientClosedError("The client was closed."))

    @perform.register
    def _close_done(self, effect: CloseDone) -> None:
        waiter = self._waiters.pop(effect.waiter, None)
        if waiter is not None:
            waiter.callback(None)

    # The next attempt

    @perform.register
    def _schedule_retry(self, effect: ScheduleRetry) -> None:
        delay = 0.0
        if self._retry_policy is not None:
            delay = next_delay(self._retry_policy, self._outages.failures, self._log)
        self._log.debug("Dialling again in %.1f s", delay)
        self._retry = self._reactor.callLater(delay, self._retry_due)

    def _retry_due(self) -> None:
        self._retry = None
        self._report(RetryDue())

    @perform.register
    def _cancel_retry(self, effect: CancelRetry) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # The end

    @perform.register
    def _disconnect(self, effect: Disconnect) -> None:
        self._disconnecting = True
        self._user.connection_lost()
        self._connections.disconnect()

    @perform.register
    def _fail_pending(self, effect: FailPending) -> None:
        self._user.fail_pending()
        self._connections.fail_writers()

    @perform.register
    def _stop_delivery(self, effect: StopDelivery) -> None:
        ended = maybeDeferred(self._user.stop)
        if not ended.called:
            ended.addTimeout(CALLBACK_CLOSE_TIMEOUT, self._reactor, self._callback_still_running)
        ended.addErrback(self._log_unexpected)
        ended.addCallback(self._callback_has_ended)

    def _callback_still_running(self, result: object, timeout: float) -> None:
        self._log.warning("The callback still runs %g s after it was cancelled", timeout)

    def _log_unexpected(self, failure: Failure) -> None:
        self._log.critical("Cancelling the callback failed", exc_info=failure.value)

    def _callback_has_ended(self, result: object) -> None:
        self._callback_ended = True
        self.report_teardown_when_done()

    @perform.register
    def _note_closed(self, effect: NoteClosed) -> None:
        self._outages.forget()
        self._log.info("Closed")
