"""Deferreds that wait for one and the same thing."""

from collections.abc import Callable

from twisted.internet.defer import Deferred

__all__ = ["Waiters"]


class Waiters:
    """All who wait for something; each has a Deferred of its own and may cancel it.

    Parameters
    ----------
    forgotten
        Called when one has been cancelled.
    """

    def __init__(self, forgotten: Callable[[], None] | None = None) -> None:
        self._waiting: list[Deferred[None]] = []
        self._forgotten = forgotten

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self) -> Deferred[None]:
        """Return the Deferred of one more."""
        waiter: Deferred[None] = Deferred(self._forget)
        self._waiting.append(waiter)
        return waiter

    def succeed(self) -> None:
        """Tell all that it has come about."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)

    def fail(self, error: Exception) -> None:
        """Tell all that it will not come about."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.errback(error)

    def _forget(self, waiter: Deferred[None]) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            if self._forgotten is not None:
                self._forgotten()
