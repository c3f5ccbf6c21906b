"""Virtual time, which passes only when a test lets it pass."""

import math
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

__all__ = ["VirtualClock"]

T = TypeVar("T")


class VirtualClock(Clock):
    """A `twisted.internet.task.Clock` that stops at every delayed call.

    A plain Clock jumps to the end of the time and makes all calls there.  So each
    call reads a wrong time, and the calls that it schedules come too late.
    """

    def advance(self, amount: float) -> None:
        """Let time pass.

        Parameters
        ----------
        amount
            Seconds.

        Raises
        ------
        ValueError
            If it is negative, infinite or not a number.
        """
        if not 0 <= amount < math.inf:
            raise ValueError(
                f"Time can advance by a finite number of seconds only, not by {amount!r}."
            )
        end = self.seconds() + amount
        while self._step(end):
            pass
        # A call may have let more time pass than that.
        self.rightNow = max(self.rightNow, end)

    def run(self, coroutine: Coroutine[Deferred[Any], Any, T], within: float = 3600.0) -> T:
        """Let time pass until a coroutine ends; return its result or raise its error.

        Parameters
        ----------
        coroutine
            A coroutine of Twisted that waits for calls of this clock.
        within
            Seconds on this clock that it may take.

        Raises
        ------
        AssertionError
            If it has not ended by then, or if it waits although no call is
            scheduled.  The coroutine is cancelled first.
        """
        outcome: list[Any] = []
        running = Deferred.fromCoroutine(coroutine)
        running.addBoth(outcome.append)
        end = self.seconds() + within
        while not outcome and self._step(end):
            pass
        if not outcome:
            waits = (
                f"still waits after {within:g} s"
                if self.getDelayedCalls()
                else "waits for something that no delayed call will bring"
            )
            running.cancel()
            raise AssertionError(f"{coroutine!r} {waits}.")
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        result: T = outcome[0]
        return result

    def _step(self, end: float) -> bool:
        """Go to the time of the next call and make all calls of that time.

        Return False if no call is due before the end.
        """
        call = self._next()
        if call is None or call.getTime() > end:
            return False
        # Set, not added up, which would give a rounding error.
        self.rightNow = max(self.rightNow, call.getTime())
        while call is not None and call.getTime() <= self.rightNow:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)
            call = self._next()
        return True

    def _next(self) -> DelayedCall | None:
        """Return the call that is due first.  Of several, return the one scheduled first."""
        return min(self.calls, key=DelayedCall.getTime, default=None)

    def _sortCalls(self) -> None:
        """Override: do not sort the calls, because `_next` looks for the first.

        Sorting them at each new call took a tenth of the time of a long scenario.
        """
