"""Waiting for messages of the controller, without polling."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..errors import ClientClosedError
from ..support.log import NamedLog
from .errors import WaitTimeoutError
from .state import MirrorState

__all__ = ["Subscription", "Waiting"]

T = TypeVar("T")

#: Largest number of messages in the queue of an ``async for``: almost a minute at 20 Hz.
_QUEUE = 1000


class Subscription(Generic[T]):
    """Calls back for each message of a class, or passes the messages to an ``async for``.

    Attributes
    ----------
    missed
        Number of messages that were dropped because the ``async for`` was too slow.
    """

    def __init__(
        self,
        callback: Callable[[T], object] | None,
        ended: Callable[["Subscription[T]"], object],
        awaitable: Callable[[Deferred[None]], Awaitable[None]],
    ) -> None:
        self._callback = callback
        self._ended = ended
        self._awaitable = awaitable
        self._queue: deque[T] = deque()
        self._waiter: Deferred[None] | None = None
        self._is_over = False
        self.missed = 0

    def take(self, message: T) -> None:
        """Take a message.  An exception of the callback is raised here."""
        if self._callback is not None:
            self._callback(message)
            return
        if len(self._queue) >= _QUEUE:
            self._queue.popleft()
            self.missed += 1
        self._queue.append(message)
        self._wake()

    def cancel(self) -> None:
        """Take no more messages.  An ``async for`` ends after the messages in its queue."""
        if not self._is_over:
            self._is_over = True
            self._ended(self)
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)

    def __aiter__(self) -> "Subscription[T]":
        return self

    async def __anext__(self) -> T:
        while not self._queue:
            if self._is_over or self._callback is not None:
                raise StopAsyncIteration
            self._waiter = Deferred(self._forget)
            await self._awaitable(self._waiter)
        return self._queue.popleft()

    def _forget(self, waiter: Deferred[None]) -> None:
        self._waiter = None


class _Condition:
    """Waits until a condition of the state is true and stays true for a time."""

    def __init__(
        self, holds: Callable[[], bool], hold: float, clock: IReactorTime, done: Deferred[None]
    ) -> None:
        self._holds = holds
        self._hold = hold
        self._clock = clock
        self.done = done
        self._timer: IDelayedCall | None = None

    def check(self) -> None:
        """Check whether the condition is true now."""
        try:
            holds = self._holds()
        except Exception as error:
            self.end()
            self.done.errback(error)
            return
        if not holds:
            self.end()
        elif not self._hold:
            self.done.callback(None)
        elif self._timer is None:
            self._timer = self._clock.callLater(self._hold, self._held)

    def _held(self) -> None:
        self._timer = None
        self._hold = 0.0
        self.check()

    def end(self) -> None:
        """Stop the timer.  `check` may start a new one."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


class Waiting:
    """The callers that wait for messages or conditions of one mirror.

    Parameters
    ----------
    state
        The state of the mirror.  Each message must enter the state before it comes here.
    clock
        Measures the timeouts.
    log
        Logs the failures of callbacks.
    """

    def __init__(self, state: MirrorState, clock: IReactorTime, log: NamedLog) -> None:
        self._state = state
        self._clock = clock
        self._log = log
        self._subscriptions: dict[type, list[Subscription[Any]]] = {}
        self._conditions: list[_Condition] = []
        self._is_over = False

    def notify(self, message: object) -> None:
        """Pass a message to all subscriptions, and check all conditions."""
        subscriptions = self._subscriptions.get(type(message))
        if subscriptions:
            for subscription in list(subscriptions):
                try:
                    subscription.take(message)
                except Exception:
                    self._log.exception("A callback failed on %s", type(message).__name__)
        if self._conditions:
            self.changed()

    def changed(self) -> None:
        """Check all conditions again."""
        for condition in list(self._conditions):
            # An earlier condition may have cancelled this one.
            if condition in self._conditions:
                condition.check()

    def start(self) -> None:
        """Allow waiting.  It can be called again after `stop`."""
        self._is_over = False

    def stop(self) -> None:
        """Fail all waits, and end all subscriptions."""
        self._is_over = True
        for condition in list(self._conditions):
            if condition in self._conditions:
                condition.end()
                condition.done.errback(ClientClosedError("The mirror was stopped."))
        for subscriptions in list(self._subscriptions.values()):
            for subscription in list(subscriptions):
                subscription.cancel()

    def subscribe(
        self,
        kind: type[T],
        callback: Callable[[T], object] | None = None,
        awaitable: Callable[[Deferred[None]], Awaitable[None]] = lambda deferred: deferred,
    ) -> Subscription[T]:
        """Call back for each message of a class, or iterate over them: see `Mirror.subscribe`."""
        subscriptions = self._subscriptions.setdefault(kind, [])
        subscription = Subscription(callback, subscriptions.remove, awaitable)
        subscriptions.append(subscription)
        return subscription

    async def next(
        self, kind: type[T], fits: Callable[[T], bool] | None, timeout: float | None
    ) -> T:
        """Wait for the next message of a class that fits: see `Mirror.next`."""
        found: list[T] = []

        def take(message: T) -> None:
            if not found and (fits is None or fits(message)):
                found.append(message)

        failed: list[Exception] = []

        def guarded(message: T) -> None:
            try:
                take(message)
            except Exception as error:
                failed.append(error)

        subscription = self.subscribe(kind, guarded)
        try:
            await self.until(
                lambda: bool(found or failed),
                kind.__name__,
                lambda: str(self._state.reading(kind)),
                timeout,
            )
        finally:
            subscription.cancel()
        if failed:
            raise failed[0]
        return found[0]

    async def until(
        self,
        holds: Callable[[], bool],
        what: str,
        seen: Callable[[], str],
        timeout: float | None,
        hold: float = 0.0,
    ) -> None:
        """Wait until a condition is true.  It is checked after each message.

        Parameters
        ----------
        holds
            Returns whether the condition is true.
        what
            The condition in words, for the error.
        seen
            Returns the last observation in words, for the error.
        timeout
            Seconds to wait.  None waits without limit.
        hold
            Seconds for which the condition must stay true.

        Raises
        ------
        WaitTimeoutError
            If the condition is not true in time.
        ClientClosedError
            If the mirror is stopped.
        """
        if self._is_over:
            raise ClientClosedError("The mirror was stopped.")
        done: Deferred[None] = Deferred()
        condition = _Condition(holds, hold, self._clock, done)
        timer = None
        if timeout is not None:
            timer = self._clock.callLater(
                max(0.0, timeout), _expire, condition, what, timeout, seen
            )
        self._conditions.append(condition)
        try:
            condition.check()
            await done
        finally:
            self._conditions.remove(condition)
            condition.end()
            if timer is not None and timer.active():
                timer.cancel()


def _expire(condition: _Condition, what: str, timeout: float, seen: Callable[[], str]) -> None:
    condition.end()
    if not condition.done.called:
        condition.done.errback(WaitTimeoutError(what, timeout, seen()))
