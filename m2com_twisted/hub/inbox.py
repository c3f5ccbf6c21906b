"""A bounded queue from the hub's thread to the reactor's thread."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorFromThreads

__all__ = ["Inbox"]

#: Largest number of items in the queue, about a minute of full telemetry.  If there are more, the
#: oldest message is dropped.  This leaves a gap in the sequence, which is reported to the reader.
_LIMIT = 25_000

#: Number of messages that are handled in one turn of the reactor.
_BATCH = 500

_T = TypeVar("_T")


class Inbox(Generic[_T]):
    """A queue from a thread to the reactor.

    Parameters
    ----------
    reactor
        The reactor.
    handle
        Called in the reactor's thread with each item, in order.
    may_drop
        Returns whether an item may be dropped if there are too many.  Without the other
        items, the reader would not know its own state.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        handle: Callable[[_T], object],
        may_drop: Callable[[_T], bool],
    ) -> None:
        self._reactor = reactor
        self._handle = handle
        self._may_drop = may_drop
        self._lock = threading.Lock()
        self._waiting: deque[_T] = deque()
        # Whether a call of `_empty` is scheduled.  A race only schedules it twice.
        self._is_scheduled = False
        self._closed = False

    def put(self, thing: _T) -> None:
        """Add an item, from any thread."""
        with self._lock:
            if len(self._waiting) >= _LIMIT:
                self._drop_oldest()
            self._waiting.append(thing)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._reactor.callFromThread(self._empty)

    def close(self) -> None:
        """Handle no more items."""
        self._closed = True
        with self._lock:
            self._waiting.clear()

    def _empty(self) -> None:
        # Reset first, so that an item that is added meanwhile schedules a new call.
        self._is_scheduled = False
        for _ in range(_BATCH):
            with self._lock:
                if self._closed or not self._waiting:
                    return
                thing = self._waiting.popleft()
            self._handle(thing)
        self._is_scheduled = True
        self._reactor.callFromThread(self._empty)

    def _drop_oldest(self) -> None:
        for index, thing in enumerate(self._waiting):
            if self._may_drop(thing):
                del self._waiting[index]
                return
