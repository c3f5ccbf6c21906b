"""Deferreds that wait for the same event."""

import copy
from collections.abc import Callable, Iterator

from twisted.internet.defer import Deferred

from ..errors import M2ComError

__all__ = ["Waiters"]


class Waiters:
    """Deferreds that fire together; each may be cancelled.

    A callback of one of them may cancel another, or add a new one, which then waits
    for the next time.

    Parameters
    ----------
    forgotten
        Called after one was cancelled.
    """

    def __init__(self, forgotten: Callable[[], None] | None = None) -> None:
        # A dictionary, because it keeps the order and finds each in constant time.
        self._waiting: dict[Deferred[None], None] = {}
        self._forgotten = forgotten

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self) -> Deferred[None]:
        """Return another Deferred."""
        waiter: Deferred[None] = Deferred(self._forget)
        self._waiting[waiter] = None
        return waiter

    def succeed(self) -> None:
        """Fire all."""
        for waiter in self._taken_out():
            waiter.callback(None)

    def fail(self, error: M2ComError) -> None:
        """Fail all.  Each gets a copy of the error.

        A shared error would collect the tracebacks of all.
        """
        for waiter in self._taken_out():
            waiter.errback(copy.copy(error))

    def _taken_out(self) -> Iterator[Deferred[None]]:
        """Yield the present Deferreds, and remove each just before it is fired."""
        for waiter in list(self._waiting):
            if waiter in self._waiting:
                del self._waiting[waiter]
                yield waiter

    def _forget(self, waiter: Deferred[None]) -> None:
        if waiter in self._waiting:
            del self._waiting[waiter]
            if self._forgotten is not None:
                self._forgotten()
