"""Calls at a steady rate, and bytes written at one."""

import logging
import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["SlowWriter", "SteadyCall"]

#: Seconds that a beat may come too soon.  A Clock that is advanced by just the
#: period falls short of it by a rounding error, and a whole beat would be lost.
_EARLY = 1e-6

#: While so many bytes wait, a line that is written is lost as a whole.
_LIMIT = 64 * 1024


class SteadyCall:
    """Calls a function every so often.

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
        self._beats = 0

    def start(self) -> None:
        """Begin, or begin again; the first call comes after one period."""
        self.stop()
        self._origin, self._beats = self._clock.seconds(), 0
        self._schedule()

    def stop(self) -> None:
        """End, at once.  Harmless if it does not run."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _schedule(self) -> None:
        now = self._clock.seconds()
        delay = self._origin + (self._beats + 1) * self._period - now
        if delay > self._period:
            # The clock was set back: the time of day is the reactor's clock.
            self._origin, delay = now - self._beats * self._period, self._period
        self._call = self._clock.callLater(max(0.0, delay - _EARLY), self._beat)

    def _beat(self) -> None:
        elapsed = self._clock.seconds() - self._origin + 2 * _EARLY
        beats = max(self._beats + 1, math.floor(elapsed / self._period))
        missed, self._beats = beats - self._beats, beats
        self._schedule()
        try:
            self._function(missed)
        except Exception:
            self._log.exception("The simulator erred; it goes on.")


class SlowWriter:
    """Writes a byte every so often.

    Parameters
    ----------
    clock
        Tells the time and calls.
    seconds
        From one byte to the next.
    write
        Gets the bytes.
    log
        Gets what it raises.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        write: Callable[[bytes], object],
        log: logging.Logger,
    ) -> None:
        self._write = write
        self._waiting = bytearray()
        self._beat = SteadyCall(clock, seconds, self._let_go, log)
        self._beat.start()

    def write(self, data: bytes) -> None:
        """Let bytes wait for their turn."""
        if len(self._waiting) < _LIMIT:
            self._waiting += data

    def stop(self) -> None:
        """Write no more."""
        self._beat.stop()

    def _let_go(self, count: int) -> None:
        if self._waiting:
            self._write(bytes(self._waiting[:count]))
            del self._waiting[:count]
