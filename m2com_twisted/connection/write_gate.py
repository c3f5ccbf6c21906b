"""Holds writers back while the peer does not read."""

import copy
from collections import OrderedDict

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from ..errors import M2ComError, WriteBufferFullError

__all__ = ["WriteGate"]


@implementer(IPushProducer)
class WriteGate:
    """The free space in a transport's write buffer, as the transport reports it.

    It is registered with the transport as its streaming producer.  It is a
    separate object, because ``pauseProducing`` of a LineReceiver stops reading,
    not writing.

    A writer waits *before* it writes.  The other order, as with ``drain`` of asyncio, was
    rejected: if the connection is lost during that wait, it is unknown whether the message
    was sent.  Here it is certain that nothing of it was sent.

    Parameters
    ----------
    limit
        Largest number of bytes that may wait.  More bytes are refused, and so is a single
        longer message.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open = True
        # The Deferred of each writer, and its bytes.  An OrderedDict finds the first
        # and a cancelled one in constant time; a `deque` would have to be searched.
        self._waiting: OrderedDict[Deferred[None], int] = OrderedDict()
        self._waiting_bytes = 0

    def has_space_for(self, size: int) -> bool:
        """Return whether a writer may write at once.

        Parameters
        ----------
        size
            The bytes to be written.

        Raises
        ------
        WriteBufferFullError
            If the size is over the limit.
        """
        if size > self._limit:
            raise WriteBufferFullError(self._waiting_bytes, self._limit, size)
        return self._open and not self._waiting

    def wait(self, size: int) -> Deferred[None]:
        """Wait for the turn to write.

        Parameters
        ----------
        size
            The bytes to be written.

        Returns
        -------
        ready
            Fires in the order of the calls.  The writer must write in a callback of
            this Deferred, before the callback returns.  It may be cancelled.

        Raises
        ------
        WriteBufferFullError
            If the waiting bytes would be over the limit.
        """
        if self._waiting_bytes + size > self._limit:
            raise WriteBufferFullError(self._waiting_bytes, self._limit, size)
        turn: Deferred[None] = Deferred(self._forget)
        self._waiting[turn] = size
        self._waiting_bytes += size
        return turn

    def fail(self, error: M2ComError) -> None:
        """Fail all writers that wait, each with a copy of an error."""
        while self._waiting:
            self._next_turn().errback(copy.copy(error))

    def pauseProducing(self) -> None:
        """Implement `IPushProducer`: the buffer is over its high-water mark."""
        self._open = False

    def resumeProducing(self) -> None:
        """Implement `IPushProducer`: the buffer is empty."""
        self._open = True
        while self._open and self._waiting:
            self._next_turn().callback(None)

    def stopProducing(self) -> None:
        """Implement `IPushProducer`: the connection is gone.  Its owner reports that."""
        self._open = False

    def _next_turn(self) -> Deferred[None]:
        turn, size = self._waiting.popitem(last=False)
        self._waiting_bytes -= size
        return turn

    def _forget(self, turn: Deferred[None]) -> None:
        """Remove a cancelled writer."""
        self._waiting_bytes -= self._waiting.pop(turn, 0)
