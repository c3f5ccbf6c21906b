"""The life of a client's connection, as a pure machine that turns inputs into effects.

It uses no Twisted, no log and no clock.  It calls no code of users.  After an input, the
machine first sets its state.  Then it returns a list of effects, which are the things to do.
`ReconnectingLink` has them performed.

Numbers stand for attempts and waiters.  An input is out of date if its attempt is not the
current one.  The most that such an input can do is to make the link abandon that attempt.
"""

from functools import singledispatchmethod

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
from .inputs import (
    Announced,
    AttemptFailed,
    AttemptSucceeded,
    Close,
    Connect,
    ConnectCancelled,
    ConnectionLost,
    ConnectOvertaken,
    GivenUp,
    Input,
    RetryDue,
    Start,
    TornDown,
)
from .state import ConnectionState

__all__ = ["Machine"]

IDLE = ConnectionState.IDLE
CONNECTING = ConnectionState.CONNECTING
CONNECTED = ConnectionState.CONNECTED
WAITING = ConnectionState.WAITING
CLOSING = ConnectionState.CLOSING


class Machine:
    """Decides what to do after each input.

    Parameters
    ----------
    retries
        Whether there is a retry policy.  Without a policy, the machine dials again after
        a loss only if somebody waits for a connection.
    """

    def __init__(self, retries: bool) -> None:
        self._retries = retries
        #: The state of the connection.
        self.state = IDLE
        #: Whether there is a connection that can be written to.
        self.connected = False
        #: Whether a connection was asked for, and no `Close` has come after that.
        self.should_be_connected = False
        #: The attempt that is under way, or that led to the connection.
        self.attempt: int | None = None
        #: Waiters of `Connect` and of `Close`, in the order in which they came.
        self.connects: list[int] = []
        self.closes: list[int] = []
        self._last_attempt = 0
        self._timeout = 0.0
        # Whether another attempt follows a failed one.  `Start` and a connection set this.
        self._keeps_trying = False
        # Whether `Connect` reports a failure of the attempt that is under way.
        self._is_first = False
        # Whether the waiters have been told of the connection.
        self._announced = False
        # The timeout of a `Start` that came while closing.
        self._start_when_closed: float | None = None

    @singledispatchmethod
    def handle(self, happened: Input) -> list[Effect]:
        """Set the state after an input, and return the effects in the order to perform them."""
        raise NotImplementedError(f"There is no handler for {happened!r}.")

    # Requests of the user

    @handle.register
    def _connect(self, asked: Connect) -> list[Effect]:
        if self.connected and self._announced:
            return [ConnectSucceeded(asked.waiter)]
        self.connects.append(asked.waiter)
        if self.state is IDLE:
            return self._dial(asked.timeout)
        if self.state is CLOSING and len(self.connects) == 1:
            self._timeout = asked.timeout
        return []

    @handle.register
    def _connect_overtaken(self, overtaken: ConnectOvertaken) -> list[Effect]:
        if not self.should_be_connected:
            return [ConnectClosed(overtaken.waiter)]
        return self._connect(Connect(overtaken.waiter, self._timeout))

    @handle.register
    def _connect_cancelled(self, cancelled: ConnectCancelled) -> list[Effect]:
        if cancelled.waiter not in self.connects:
            return []
        self.connects.remove(cancelled.waiter)
        if self.connects or self._keeps_trying:
            return []
        # Nobody wants the connection any more.
        if self.state is CONNECTING:
            return [*self._abandon(), *self._become(IDLE, wanted=False)]
        if self.state is WAITING:
            return [CancelRetry(), *self._become(IDLE, wanted=False)]
        return []

    @handle.register
    def _start(self, asked: Start) -> list[Effect]:
        if self.state is CLOSING:
            self._start_when_closed = asked.timeout
            return []
        self._keeps_trying = True
        if self.state is WAITING:
            return [CancelRetry(), *self._dial(asked.timeout)]
        return self._dial(asked.timeout) if self.state is IDLE else []

    @handle.register
    def _close(self, asked: Close) -> list[Effect]:
        self._start_when_closed = None
        self.closes.append(asked.waiter)
        effects: list[Effect] = []
        if self.state is not CLOSING:
            if self.state is CONNECTING:
                effects += self._abandon()
            elif self.state is WAITING:
                effects += [CancelRetry()]
            effects += [Disconnect(), *self._become(CLOSING, wanted=False)]
            # The commands fail first.  So a callback that awaits a command learns the outcome of
            # the command.
            effects += [FailPending(), StopDelivery()]
        return [*effects, *map(ConnectClosed, self._take_connects())]

    # Events of an attempt or a connection

    @handle.register
    def _attempt_succeeded(self, succeeded: AttemptSucceeded) -> list[Effect]:
        if succeeded.attempt != self.attempt or self.state is not CONNECTING:
            return [Abandon(succeeded.attempt)]
        self._keeps_trying = True
        return [
            NoteConnection(succeeded.attempt),
            *self._become(CONNECTED, attempt=succeeded.attempt),
            TellConnected(succeeded.attempt),
            StartReading(succeeded.attempt),
            Announce(succeeded.attempt),
        ]

    @handle.register
    def _attempt_failed(self, failed: AttemptFailed) -> list[Effect]:
        if failed.attempt != self.attempt or self.state is not CONNECTING:
            return []
        effects: list[Effect] = [NoteFailure(failed.reason)]
        goes_on = self._keeps_trying and self._retries
        told = self._take_connects() if self._is_first or not goes_on else []
        if goes_on:
            effects += [ScheduleRetry(), *self._become(WAITING)]
        else:
            effects += self._become(IDLE, wanted=False)
        return [*effects, *(ConnectFailed(waiter, failed.reason) for waiter in told)]

    @handle.register
    def _told(self, announced: Announced) -> list[Effect]:
        if announced.attempt != self.attempt or not self.connected:
            return []
        if self.connects:
            return [ConnectSucceeded(self.connects.pop(0)), Announce(announced.attempt)]
        self._announced = True
        return []

    @handle.register
    def _given_up(self, given_up: GivenUp) -> list[Effect]:
        if given_up.attempt == self.attempt:
            self.connected = False
        return []

    @handle.register
    def _connection_lost(self, lost: ConnectionLost) -> list[Effect]:
        if lost.attempt != self.attempt or self.state is not CONNECTED:
            return []
        effects: list[Effect] = [NoteLoss(lost.attempt, lost.reason)]
        if self._retries or self.connects:
            self._keeps_trying = self._retries
            # The delay begins before anybody learns of the loss.
            effects += [ScheduleRetry(), *self._become(WAITING)]
        else:
            effects += self._become(IDLE)
        return [*effects, FailPending(), TellLost()]

    @handle.register
    def _retry_due(self, due: RetryDue) -> list[Effect]:
        return self._dial(self._timeout) if self.state is WAITING else []

    @handle.register
    def _torn_down(self, torn_down: TornDown) -> list[Effect]:
        if self.state is not CLOSING:
            return []
        closes, self.closes = self.closes, []
        effects = [
            NoteClosed(),
            *self._become(IDLE, wanted=False),
            TellLost(),
            *map(CloseDone, closes),
        ]
        # A `Start` or `Connect` that came while closing has waited for the end of the old socket.
        # The controller serves only one client per port.
        timeout, self._start_when_closed = self._start_when_closed, None
        if timeout is not None:
            self._keeps_trying = True
            effects += self._dial(timeout)
        elif self.connects:
            effects += self._dial(self._timeout)
        return effects

    # Shared by the handlers

    def _dial(self, timeout: float) -> list[Effect]:
        self._timeout = timeout
        self._is_first = not self._keeps_trying
        self._last_attempt += 1
        attempt = self._last_attempt
        return [*self._become(CONNECTING, attempt=attempt), Dial(attempt, timeout)]

    def _abandon(self) -> list[Effect]:
        return [] if self.attempt is None else [Abandon(self.attempt)]

    def _take_connects(self) -> list[int]:
        taken, self.connects = self.connects, []
        return taken

    def _become(
        self, state: ConnectionState, *, attempt: int | None = None, wanted: bool = True
    ) -> list[Effect]:
        """Set every field that belongs to a state.  Only this method changes the state."""
        self.state = state
        self.attempt = attempt
        self.connected = state is CONNECTED
        self.should_be_connected = wanted
        self._announced = False
        if state in (IDLE, CLOSING):
            self._keeps_trying = False
        return [ShowState(state)]
