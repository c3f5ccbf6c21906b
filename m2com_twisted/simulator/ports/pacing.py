"""Calls of a function at a fixed rate."""

import logging
import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["SteadyCall"]

#: Seconds that a call may come too early.  If a Clock is advanced by exactly the period, a
#: rounding error may make it stop just before the call, which would then be lost.
_EARLY = 1e-6


class SteadyCall:
    """Calls a function at a fixed rate.

    `LoopingCall` ends at the first exception, and calls twice in a row when a delay was rounded
    down.  This class does neither.  The times of the calls are multiples of the period from the
    start, so a late call does not change the rate.

    Parameters
    ----------
    clock
        Provides the time and calls the function.
    period
        Seconds from one call to the next.
    function
        Takes the number of periods since its last call.  It is above 1 if the reactor was busy
        for a long time.
    log
        Logs the exceptions of the function.
    """

    def __init__(
        self,
        clock: IReactorTime,
        period: float,
        function: Callable[[int], None],
        log: logging.Logger,
    ) -> None:
        self._clock = clock
        self._period = period
        self._function = function
        self._log = log
        self._call: IDelayedCall | None = None
        self._origin = 0.0
        self._ticks = 0

    def start(self) -> None:
        """Start, or start again.  The first call comes after one period."""
        self.stop()
        self._origin, self._ticks = self._clock.seconds(), 0
        self._schedule()

    def stop(self) -> None:
        """Stop at once.  No effect if not started."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _schedule(self) -> None:
        now = self._clock.seconds()
        delay = self._origin + (self._ticks + 1) * self._period - now
        if delay > self._period:
            # The clock was set back.  This happens if the reactor uses the time of day.
            self._origin, delay = now - self._ticks * self._period, self._period
        self._call = self._clock.callLater(max(0.0, delay - _EARLY), self._tick)

    def _tick(self) -> None:
        elapsed = self._clock.seconds() - self._origin + 2 * _EARLY
        ticks = max(self._ticks + 1, math.floor(elapsed / self._period))
        missed, self._ticks = ticks - self._ticks, ticks
        self._schedule()
        try:
            self._function(missed)
        except Exception:
            self._log.exception("The simulator failed; it continues.")
