"""Many deadlines on one delayed call."""

import heapq
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Deadlines"]


class Deadlines:
    """Calls back for each key whose deadline has come.

    The reactor holds one delayed call for any number of keys, and none if there are
    no keys.  A delayed call per key was rejected.  `twisted.internet.task.Clock`
    sorts all calls for each new one, so a test with ten thousand commands in flight
    would take a minute.

    Parameters
    ----------
    clock
        Measures the time.
    expired
        Called with a key when its deadline has come.
    """

    def __init__(self, clock: IReactorTime, expired: Callable[[int], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._times: dict[int, float] = {}
        # Entries that are no longer in _times are skipped when they are due.
        self._heap: list[tuple[float, int]] = []
        self._call: IDelayedCall | None = None

    def set(self, key: int, time: float) -> None:
        """Give a key a deadline, which replaces the present one.

        Parameters
        ----------
        key
            The key.
        time
            Deadline, in seconds of the clock.
        """
        self._times[key] = time
        heapq.heappush(self._heap, (time, key))
        if self._heap[0] == (time, key):
            self._arm()

    def discard(self, key: int) -> None:
        """Forget a key and its deadline, if it has one."""
        self._times.pop(key, None)
        if not self._times:
            self._heap.clear()
            self._arm()
        # The limit is twice as many, so that each rebuilding removes more entries
        # than it keeps.
        elif len(self._heap) > 2 * len(self._times):
            self._heap = [(time, key) for key, time in self._times.items()]
            heapq.heapify(self._heap)

    def _arm(self) -> None:
        """Set the delayed call to the first deadline."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._heap:
            time = self._heap[0][0]
            delay = max(0.0, time - self._clock.seconds())
            self._call = self._clock.callLater(delay, self._come_due, time)

    def _come_due(self, due: float) -> None:
        self._call = None
        # `due` is the time that the call was set for.  The clock's time may be less
        # by a rounding error.
        entries: list[tuple[float, int]] = []
        while self._heap and self._heap[0][0] <= due:
            entries.append(heapq.heappop(self._heap))
        # The loop has ended before anything is called.  So a caller that sets deadlines
        # in the past again and again does not block the reactor.
        for time, key in entries:
            if self._times.get(key) == time:
                del self._times[key]
                self._expired(key)
        if self._call is None:
            self._arm()
