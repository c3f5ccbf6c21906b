"""Time that passes when a test says so."""

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
    """A `twisted.internet.task.Clock` that stops at every call on the way.

    A plain Clock jumps to the end of the time it is advanced by and makes all
    calls there, so that what each of them reads from the clock is wrong, and
    what they schedule in turn comes too late.
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
            If it is negative, or without an end.
        """
        if not 0 <= amount < math.inf:
            raise ValueError(f"Time runs neither backwards nor without end, as by {amount!r} s.")
        end = self.seconds() + amount
        while self._step(end):
            pass
        # A call may have let more time pass than that.
        self.rightNow = max(self.rightNow, end)

    def run(self, coroutine: Coroutine[Deferred[Any], Any, T], within: float = 3600.0) -> T:
        """Let time pass until a coroutine is done, and return or raise what came of it.

        Parameters
        ----------
        coroutine
            Of Twisted; it may await all that fires by this clock.
        within
            Seconds on this clock that it may take.

        Raises
        ------
        AssertionError
            If it is not done by then, or waits when nothing is scheduled any
            more that could make it go on.  It is cancelled then.
        """
        outcome: list[Any] = []
        running = Deferred.fromCoroutine(coroutine)
        running.addBoth(outcome.append)
        end = self.seconds() + within
        while not outcome and self._step(end):
            pass
        if not outcome:
            waits_for = (
                f"{within:g} s" if self.getDelayedCalls() else "what nothing will bring about"
            )
            running.cancel()
            raise AssertionError(f"{coroutine!r} waits, in vain, for {waits_for}.")
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        result: T = outcome[0]
        return result

    def _step(self, end: float) -> bool:
        """Go to the next call, and make those that are due then; return whether there was one."""
        due = self._due()
        if due > end:
            return False
        # Exactly then: what is added up would be a rounding error off.
        self.rightNow = max(self.rightNow, due)
        while self._due() <= self.rightNow:
            call = self.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)
        return True

    def _due(self) -> float:
        self.calls.sort(key=DelayedCall.getTime)
        return self.calls[0].getTime() if self.calls else math.inf
