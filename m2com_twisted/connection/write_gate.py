"""Holds writers back while the peer does not take what was written."""

from collections import deque

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from ..errors import WriteBufferFullError

__all__ = ["WriteGate"]


@implementer(IPushProducer)
class WriteGate:
    """The room in a transport's write buffer, as the transport reports it.

    To be registered with the transport as its streaming producer.  It is an
    object of its own because a LineReceiver's own ``pauseProducing`` stops
    reading, not writing.

    A writer waits *before* it writes.  Rejected: to write and then wait, as
    asyncio's ``drain`` does; a connection that is lost meanwhile would leave
    unknown whether the message was sent.  As it is, none of it was.

    Parameters
    ----------
    limit
        The most bytes that may wait; more are refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open = True
        self._waiting: deque[tuple[Deferred[None], int]] = deque()
        self._waiting_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether a writer may write at once."""
        return self._open and not self._waiting

    def wait(self, size: int) -> Deferred[None]:
        """Wait for one's turn to write.

        Parameters
        ----------
        size
            The bytes that are to be written.

        Returns
        -------
            Fires in the order of the calls.  The writer must write then and
            there.  May be cancelled.

        Raises
        ------
        WriteBufferFullError
            If too much waits already.
        """
        if self._waiting_bytes + size > self._limit:
            raise WriteBufferFullError(self._waiting_bytes, self._limit)
        turn: Deferred[None] = Deferred(self._forget)
        self._waiting.append((turn, size))
        self._waiting_bytes += size
        return turn

    def fail(self, error: Exception) -> None:
        """Fail all who wait: there will be no turn."""
        while self._waiting:
            self._next_turn().errback(error)

    def pauseProducing(self) -> None:
        """Implement `IPushProducer`: the buffer is over its high-water mark."""
        self._open = False

    def resumeProducing(self) -> None:
        """Implement `IPushProducer`: the buffer is empty."""
        self._open = True
        while self._open and self._waiting:
            self._next_turn().callback(None)

    def stopProducing(self) -> None:
        """Implement `IPushProducer`: the connection is gone; its loss tells the writers."""
        self._open = False

    def _next_turn(self) -> Deferred[None]:
        turn, size = self._waiting.popleft()
        self._waiting_bytes -= size
        return turn

    def _forget(self, turn: Deferred[None]) -> None:
        """Take a cancelled writer out of the line."""
        for entry in self._waiting:
            if entry[0] is turn:
                self._waiting.remove(entry)
                self._waiting_bytes -= entry[1]
                return
