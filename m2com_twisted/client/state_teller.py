"""Calls a callback with one state after the other.  The last call has the present state."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from ..support.log import NamedLog

__all__ = ["StateTeller"]

S = TypeVar("S")


class StateTeller(Generic[S]):
    """Calls back with states in order.  Each call waits for the end of the previous one.

    A caller may stop waiting.  The callback then continues.

    Parameters
    ----------
    callback
        Called with a state.  It may be a coroutine function, a function that
        returns a Deferred, or a plain function.
    log
        Reports exceptions of a callback that no caller waits for.
    """

    def __init__(self, callback: Callable[[S], object], log: NamedLog) -> None:
        self._callback = callback
        self._log = log
        self._waiting: deque[tuple[S, Deferred[None]]] = deque()
        self._busy = False
        #: The state of the last call, or of the last call in the queue.
        self.last: S | None = None

    def tell(self, state: S) -> Deferred[None]:
        """Queue a call with a state.

        Parameters
        ----------
        state
            The state.

        Returns
        -------
        told
            Fires when the callback has ended.  Fails with the exception of the callback.
        """
        told: Deferred[None] = Deferred()
        self.last = state
        self._waiting.append((state, told))
        if not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._tell_all()).addErrback(self._report)
        return told

    def end_on(self, state: S) -> None:
        """Queue a call with a state, unless the last call had it.  No effect before any call."""
        if self.last is not None and self.last != state:
            self.tell(state).addErrback(self._report)

    def drop_waiting(self) -> None:
        """Drop the queued states.  Their callers continue."""
        waiting, self._waiting = self._waiting, deque()
        for _, told in waiting:
            if not told.called:
                told.callback(None)

    async def _tell_all(self) -> None:
        try:
            while self._waiting:
                state, told = self._waiting.popleft()
                try:
                    await maybeDeferred(self._callback, state)
                except GeneratorExit:
                    raise
                except BaseException:
                    failure = Failure()
                    if told.called:  # its caller no longer waits
                        self._report(failure)
                    else:
                        told.errback(failure)
                else:
                    if not told.called:
                        told.callback(None)
        finally:
            self._busy = False

    def _report(self, failure: Failure) -> None:
        self._log.error("The callback for states failed", exc_info=failure.value)
