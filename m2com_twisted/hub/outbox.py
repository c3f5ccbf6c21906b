"""A bounded queue of messages that are to be published.  If it is full, the oldest is dropped."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

__all__ = ["Item", "Lane", "Outbox"]

#: Largest number of bytes in the queue.  Full telemetry is 350 kB a second, with the overhead of
#: Python, so this is more than 20 s without a server.  An outage must not take more than 16 MB.
_LIMIT = 8 * 2**20

# Bytes of an item in addition to its payload, for the tuple, the bytes object and
# two ints.
_OVERHEAD = 250


class Item(NamedTuple):
    """One message to publish."""

    sequence: int
    subject: str
    payload: bytes
    #: Time of its arrival, in nanoseconds since 1970.
    received: int


@dataclass
class Lane:
    """Messages of one sequence, in order.

    There is one for events, which are acknowledged, and one for telemetry.  So a message that is
    dropped from one makes no gap in the other.
    """

    #: Name of its source.
    source: str
    #: Number of the last message that was added.
    last: int = 0
    #: Number of messages that were dropped because the queue was full.
    dropped: int = 0
    #: Number of the last message that needs no more sending.  Only the sender changes it.
    sent: int = 0
    #: How many of the first messages the sender has in hand.  They are not dropped, so each message
    #: is either sent or counted as dropped.
    in_hand: int = 0

    def __post_init__(self) -> None:
        self.items: deque[Item] = deque()
        # Called once when a message is added.
        self.wake: Callable[[], None] | None = None

    @property
    def has_spare(self) -> bool:
        """Whether there are messages that the sender does not have in hand."""
        return len(self.items) > self.in_hand


class Outbox:
    """Two lanes of messages, with one common limit.

    It is filled in the reactor's thread and emptied in the thread of the hub.  `put`
    takes a few microseconds and never raises.

    Parameters
    ----------
    source
        Name of the service.  Each lane adds its own name.
    limit
        Largest number of bytes in the queue.
    later
        Calls a function in the next turn of the reactor.
    """

    def __init__(
        self,
        source: str,
        limit: int = _LIMIT,
        *,
        later: Callable[[Callable[[], None]], object] = lambda function: function(),
    ) -> None:
        self.events = Lane(f"{source}-events")
        self.telemetry = Lane(f"{source}-telemetry")
        self.waiting_bytes = 0
        self._limit = limit
        self._later = later
        self._lock = threading.Lock()

    def put(self, lane: Lane, subject: str, payload: bytes) -> None:
        """Add a message that arrived now.  Drop the oldest message if the queue is full."""
        received = time.time_ns()
        with self._lock:
            lane.last += 1
            lane.items.append(Item(lane.last, subject, payload, received))
            self.waiting_bytes += len(payload) + _OVERHEAD
            if self.waiting_bytes > self._limit:
                self._drop_oldest()
            wake, lane.wake = lane.wake, None
        if wake is not None:
            # The other thread is woken when the messages that arrived together with this one
            # are here as well.  Otherwise the two threads would take turns for each message.
            self._later(wake)

    def next_items(self, lane: Lane, count: int, wake: Callable[[], None]) -> list[Item]:
        """Remove the messages up to `Lane.sent`, and return the next ones.

        If there are none, `wake` is called when one is added.
        """
        with self._lock:
            while lane.items and lane.items[0].sequence <= lane.sent:
                self._forget(lane.items.popleft())
            items = list(islice(lane.items, count))
            lane.in_hand = len(items)
            lane.wake = None if items else wake
            return items

    def _drop_oldest(self) -> None:
        while self.waiting_bytes > self._limit:
            lane = self.telemetry if self.telemetry.has_spare else self.events
            if not lane.has_spare:
                return
            self._forget(lane.items[lane.in_hand])
            del lane.items[lane.in_hand]
            lane.dropped += 1

    def _forget(self, item: Item) -> None:
        self.waiting_bytes -= len(item.payload) + _OVERHEAD
