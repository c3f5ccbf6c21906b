"""Functions that are called at a fixed rate."""

import logging
import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["SteadyCall"]

#: Seconds that a call may come too early.  A Clock that is advanced by just the
#: period falls short of it by a rounding error, and a whole call would be lost.
_EARLY = 1e-6


class SteadyCall:
    """Calls a function at a fixed rate.

    `LoopingCall` ends at the first exception, and calls twice in a row when a
    delay was rounded down; this does neither.  The calls keep to the times
    given by the start, so that their rate is true.

    Parameters
    ----------
    clock
        Tells the time and calls.
    period
        Seconds.
    function
        Gets the number of periods since its last call: over 1 if the reactor
        was busy for long.
    log
        Gets what the function raises.
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
        """Start, or start again; the first call comes after one period."""
        self.stop()
        self._origin, self._ticks = self._clock.seconds(), 0
        self._schedule()

    def stop(self) -> None:
        """Stop at once.  Does nothing if it does not run."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _schedule(self) -> None:
        now = self._clock.seconds()
        delay = self._origin + (self._ticks + 1) * self._period - now
        if delay > self._period:
            # The clock was set back: the time of day is the reactor's clock.
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
