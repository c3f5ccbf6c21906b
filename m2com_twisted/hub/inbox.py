"""A bounded queue from the hub's thread to the reactor's thread."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorFromThreads

__all__ = ["Inbox"]

#: Largest number of messages in the queue, about a minute of full telemetry.  If there are more,
#: the oldest is dropped.  This leaves a gap in the sequence, which is reported to the reader.
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
    """

    def __init__(self, reactor: IReactorFromThreads, handle: Callable[[_T], object]) -> None:
        self._reactor = reactor
        self._handle = handle
        self._waiting: deque[_T] = deque(maxlen=_LIMIT)
        # Whether a call of `_empty` is scheduled.  A race only schedules it twice.
        self._is_scheduled = False
        self._closed = False

    def put(self, thing: _T) -> None:
        """Add an item, from any thread."""
        self._waiting.append(thing)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._reactor.callFromThread(self._empty)

    def close(self) -> None:
        """Handle no more items."""
        self._closed = True
        self._waiting.clear()

    def _empty(self) -> None:
        # Reset first, so that an item that is added meanwhile schedules a new call.
        self._is_scheduled = False
        for _ in range(_BATCH):
            if self._closed or not self._waiting:
                return
            self._handle(self._waiting.popleft())
        self._is_scheduled = True
        self._reactor.callFromThread(self._empty)
