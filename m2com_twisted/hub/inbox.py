"""Hands what arrives in the hub's thread over to the reactor's, within a bound."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorFromThreads

__all__ = ["Inbox"]

#: Most messages that wait for the reactor; beyond that, the oldest is dropped.  So many
#: come in a minute of full telemetry.  A dropped message leaves a gap in the sequence,
#: so the reader is told.
_LIMIT = 25_000

#: Messages that are handled at once, before the reactor gets its turn again.
_BATCH = 500

_T = TypeVar("_T")


class Inbox(Generic[_T]):
    """A queue from a thread to the reactor.

    Parameters
    ----------
    reactor
        The reactor.
    handle
        Called in its thread for one thing after the other.
    """

    def __init__(self, reactor: IReactorFromThreads, handle: Callable[[_T], object]) -> None:
        self._reactor = reactor
        self._handle = handle
        self._waiting: deque[_T] = deque(maxlen=_LIMIT)
        # Whether `_empty` is scheduled in the reactor.  A race only schedules it twice.
        self._is_scheduled = False
        self._closed = False

    def put(self, thing: _T) -> None:
        """Add a thing, from any thread."""
        self._waiting.append(thing)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._reactor.callFromThread(self._empty)

    def close(self) -> None:
        """Stop handling, and drop what waits."""
        self._closed = True
        self._waiting.clear()

    def _empty(self) -> None:
        # Reset first, so that a message that is put meanwhile asks again.
        self._is_scheduled = False
        for _ in range(_BATCH):
            if self._closed or not self._waiting:
                return
            self._handle(self._waiting.popleft())
        self._is_scheduled = True
        self._reactor.callFromThread(self._empty)
