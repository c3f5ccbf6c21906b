"""A bounded queue of messages that are to be published.  If it is full, the oldest is dropped."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns

__all__ = ["Item", "Lane", "Outbox"]

#: Largest number of bytes in the queue.  Full telemetry is 350 kB a second, with the overhead of
#: Python, so this is more than 20 s without a server.  An outage must not take more than 16 MB.
_LIMIT = 8 * 2**20

# Bytes of an item in addition to its payload, for the tuple, the bytes object and
# two ints.
_OVERHEAD = 250


#: One message to publish: its number in the lane, its subject, its payload, and the time of its
#: arrival in nanoseconds since 1970.  A plain tuple is made faster than a named one.
Item = tuple[int, str, bytes, int]


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
    takes one or two microseconds and never raises.

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
        self._limit = limit
        self._later = later
        # Only the reactor's thread changes this one.
        self._added_bytes = 0
        self._removed_bytes = 0
        # Protects the removal of messages, and changes of `Lane.wake`.  Adding a message needs no
        # lock, and takes two thirds of the time without one.
        self._lock = threading.Lock()

    @property
    def waiting_bytes(self) -> int:
        """Number of bytes in the queue."""
        return self._added_bytes - self._removed_bytes

    def put(self, lane: Lane, subject: str, payload: bytes) -> int:
        """Add a message that arrived now, and return its number.

        The oldest message is dropped if the queue is full.
        """
        number = lane.last = lane.last + 1
        lane.items.append((number, subject, payload, time_ns()))
        self._added_bytes += len(payload) + _OVERHEAD
        if self._added_bytes - self._removed_bytes > self._limit:
            self._drop_oldest()
        # Looked at after the message was added, see `next_items`.
        if lane.wake is not None:
            self._wake_later(lane)
        return number

    def next_items(self, lane: Lane, count: int, wake: Callable[[], None]) -> list[Item]:
        """Remove the messages up to `Lane.sent`, and return the next ones.

        If there are none, `wake` is called when one is added.
        """
        with self._lock:
            waiting, sent = lane.items, lane.sent
            while waiting and waiting[0][0] <= sent:
                self._forget(waiting.popleft())
            # Set before the lane is looked at.  So a message that is added meanwhile is found here,
            # or its `put` finds `wake`.
            lane.wake = wake
            # An iterator would fail if a message is added meanwhile.
            items = [waiting[index] for index in range(min(count, len(waiting)))]
            if items:
                lane.wake = None
            lane.in_hand = len(items)
            return items

    def _wake_later(self, lane: Lane) -> None:
        """Wake the other thread when the messages that arrived together are all here.

        Otherwise the two threads would take turns for each message.
        """
        with self._lock:
            wake, lane.wake = lane.wake, None
        if wake is not None:
            self._later(wake)

    def _drop_oldest(self) -> None:
        with self._lock:
            while self.waiting_bytes > self._limit:
                lane = self.telemetry if self.telemetry.has_spare else self.events
                if not lane.has_spare:
                    return
                self._forget(lane.items[lane.in_hand])
                del lane.items[lane.in_hand]
                lane.dropped += 1

    def _forget(self, item: Item) -> None:
        self._removed_bytes += len(item[2]) + _OVERHEAD
