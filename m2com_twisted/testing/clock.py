"""Virtual time, which passes only when a test lets it pass."""

import math
from collections.abc import Coroutine
from typing import Any, TypeVar

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
        self._pass_until(end, [])
        # A call may have let time pass beyond the end.
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
        if not outcome:
            self._pass_until(end, outcome)
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

    def _pass_until(self, end: float, outcome: list[Any]) -> None:
        """Make the calls that are due until the end, each at its own time.

        Stop early when there is an outcome and no other call is due at the same time.
        """
        calls = self.calls
        while calls:
            # Take the call that is due first.  If several are due at the same time, take the one
            # that was scheduled first.
            call, time = calls[0], calls[0].getTime()
            for other in calls:
                # This is `getTime`, which would take three times as long.
                if other.time + other.delayed_time < time:
                    call, time = other, other.time + other.delayed_time
            if time > self.rightNow:
                if time > end or outcome:
                    return
                # The time is set.  A sum would have a rounding error.
                self.rightNow = time
            calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)

    def _sortCalls(self) -> None:
        """Override: do not sort the calls, because `_pass_until` looks for the first.

        Sorting them at each new call took a tenth of the time of a long scenario.
        """
