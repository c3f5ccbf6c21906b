"""Detects a silent peer."""

import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Watchdog"]


class Watchdog:
    """Calls back once when the peer has been silent for a time.

    There is one delayed call at a time, and it is set again only when it is due.
    So each line in between costs only one reading of the clock.

    Other code may have blocked the reactor while data of the peer waits in the
    socket.  So when the time is over, the reactor gets one turn to read.  During
    that turn the watchdog is in doubt.

    Parameters
    ----------
    clock
        Measures the time.
    expired
        Called with the timeout in seconds when it is over.
    """

    def __init__(self, clock: IReactorTime, expired: Callable[[float], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._timeout: float | None = None
        self._heard_at = 0.0
        self._armed_at = 0.0
        self._resting_since: float | None = None
        self._check: IDelayedCall | None = None
        #: Whether the time is over, but data that is read now would still prove that the
        #: peer was not silent.
        self.in_doubt = False

    def start(self, timeout: float | None) -> None:
        """Start the timeout, in seconds.  None: no timeout."""
        self.stop()
        self._timeout = timeout
        self._heard_at = self._clock.seconds()
        if self._resting_since is not None:
            self._resting_since = self._heard_at
        else:
            self._arm()

    def stop(self) -> None:
        """Stop the timeout.  Nothing is left in the reactor."""
        self._disarm()
        self._timeout = None

    def heard(self) -> None:
        """Count the time from now on, because the peer has sent something."""
        if self._timeout is not None:
            self._heard_at = self._clock.seconds()

    def rest(self) -> None:
        """Stop the time while the client itself does not read."""
        self._resting_since = self._clock.seconds()
        self._disarm()

    def resume(self) -> None:
        """Continue the time from where `rest` stopped it."""
        if self._resting_since is not None:
            now = self._clock.seconds()
            # `heard` may be called during the pause, for data that was read before it.
            self._heard_at = min(now, self._heard_at + now - self._resting_since)
            self._resting_since = None
            self._arm()

    def _arm(self) -> None:
        if self._timeout is not None and self._timeout < math.inf:
            self._armed_at = self._heard_at
            delay = self._heard_at + self._timeout - self._clock.seconds()
            self._check = self._clock.callLater(max(0.0, delay), self._check_silence, self._timeout)

    def _disarm(self) -> None:
        self.in_doubt = False
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _check_silence(self, timeout: float) -> None:
        self._check = None
        doubted, self.in_doubt = self.in_doubt, False
        # This compares with the former value, not with the clock.  Otherwise a
        # remainder that is only a rounding error would be waited for again and
        # again.
        if self._heard_at != self._armed_at:
            self._arm()
        elif doubted:
            self._expired(timeout)
        else:
            self.in_doubt = True
            # Reactors read between two rounds of timers.
            self._check = self._clock.callLater(0, self._check_silence, timeout)
