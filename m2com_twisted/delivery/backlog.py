"""Messages that wait for the user's callback; their number is bounded."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..support.log import NamedLog
from ..support.stats import Stats
from ..support.throttle import Throttle
from ..wire.codec import Message

__all__ = ["Backlog", "ConnectionChange", "Entry", "Overflow", "ReadingControl"]

#: The reaction when too many messages wait: pause reading, or drop the oldest message.
Overflow = Literal["pause", "drop_oldest"]

# A warning names a callback that holds up a full backlog for longer than this many
# seconds.  This is 200 cycles of telemetry, which is longer than a short delay.
_STALL_TIME = 10.0

# Seconds between two log lines about dropped messages.
_DROP_LOG_INTERVAL = 10.0


class ReadingControl(Protocol):
    """Stops and restarts reading from the peer."""

    def pause_reading(self) -> None:
        """Stop reading from the peer."""

    def resume_reading(self) -> None:
        """Read from the peer again."""


@dataclass(frozen=True)
class ConnectionChange:
    """Tells the user of a change of the connection, in order with the messages."""

    connected: bool


Entry = Message | ConnectionChange


class Backlog:
    """Messages, and changes of the connection, in order of arrival.

    Parameters
    ----------
    max_length
        Number of messages that may wait before reading pauses or the oldest message
        is dropped.
    overflow
        Which of the two happens.
    running
        Returns the name of the callback that runs.
    clock
        Measures how long the callback holds up a full backlog.
    stats
        Counts dropped messages.
    log
        Reports dropped messages, and a callback that stalls.
    """

    def __init__(
        self,
        max_length: int,
        overflow: Overflow,
        *,
        running: Callable[[], str],
        clock: IReactorTime,
        stats: Stats,
        log: NamedLog,
    ) -> None:
        if max_length < 1:
            raise ValueError(f"The queue length must be at least 1, not {max_length!r}.")
        if overflow not in get_args(Overflow):
            raise ValueError(f"The overflow must be one of {get_args(Overflow)}, not {overflow!r}.")
        self._high_water = max_length
        # Half of it, so that reading does not pause and resume with every message.
        self._low_water = max_length // 2
        self._drops = overflow == "drop_oldest"
        self._drop_throttle = Throttle(_DROP_LOG_INTERVAL)
        self._running = running
        self._clock = clock
        self._stats = stats
        self._log = log
        self._entries: deque[Entry] = deque()
        # Whether reading is paused.  It stays paused until the backlog is at or
        # below the low-water mark.
        self._full = False
        self._reading: ReadingControl | None = None
        self._stall_check: IDelayedCall | None = None
        # Whether an entry was taken since the last check for a stall.
        self._moved = False
        # Whether the warning about the stalled callback was logged.
        self._warned = False

    def __len__(self) -> int:
        return len(self._entries)

    def connection_made(self, reading: ReadingControl) -> None:
        """Control the reading of a new connection; pause it if the backlog is full."""
        self._reading = reading
        if self._full:
            reading.pause_reading()

    def connection_lost(self) -> None:
        """Forget the connection."""
        self._reading = None

    def append(self, change: ConnectionChange) -> None:
        """Add a change of the connection.  The number of changes is not limited."""
        self._entries.append(change)

    def extend(self, messages: Iterable[Message]) -> None:
        """Add messages.

        This neither pauses reading nor drops anything.  Call `limit` after all
        messages of a chunk.  The callback may take some of them before that.
        """
        self._entries.extend(messages)

    def limit(self) -> None:
        """Pause reading, or drop the oldest messages, if too many wait."""
        depth = len(self._entries)
        if depth > self._stats.queue_high_water:
            self._stats.queue_high_water = depth
        if self._drops:
            self._drop_oldest(depth - self._high_water)
        elif depth >= self._high_water:
            self._set_full(True)

    def take(self) -> Entry | None:
        """Remove and return the first entry; None if there is none."""
        if not self._entries:
            return None
        entry = self._entries.popleft()
        self._moved = True
        if self._full and len(self._entries) <= self._low_water:
            self._set_full(False)
        if not self._entries:
            self._stop_watching()
        return entry

    def clear(self) -> None:
        """Drop all entries without counting them."""
        self._entries.clear()
        self._set_full(False)
        self._stop_watching()

    def _drop_oldest(self, count: int) -> None:
        """Drop messages from the head; changes of the connection stay."""
        if count <= 0:
            return
        kept: list[Entry] = []
        dropped = 0
        while dropped < count and self._entries:
            entry = self._entries.popleft()
            if isinstance(entry, ConnectionChange):
                kept.append(entry)
            else:
                dropped += 1
        self._entries.extendleft(reversed(kept))
        self._stats.dropped_messages += dropped
        if self._drop_throttle.admit(self._clock.seconds()) is not None:
            self._log.warning(
                "The callback does not keep up: %d messages dropped so far",
                self._stats.dropped_messages,
            )

    def _set_full(self, full: bool) -> None:
        """Pause or resume reading if that changes anything."""
        if full is self._full:
            return
        self._full = full
        if full:
            self._watch_for_stall(warned=False)
        if self._reading is not None:
            if full:
                self._reading.pause_reading()
            else:
                self._reading.resume_reading()

    def _watch_for_stall(self, warned: bool) -> None:
        """Check for a stall later.

        The delayed call is kept while any entry waits, even if reading goes on.
        The next call of this method postpones it.  A new delayed call each time was
        rejected: cancelled calls stay in the reactor's heap and slow down every
        timer.
        """
        self._moved = False
        self._warned = warned
        if self._stall_check is not None:
            self._stall_check.reset(_STALL_TIME)
        else:
            self._stall_check = self._clock.callLater(_STALL_TIME, self._check_stall)

    def _stop_watching(self) -> None:
        if self._stall_check is not None:
            self._stall_check.cancel()
            self._stall_check = None

    def _check_stall(self) -> None:
        """Warn once about each callback that has run since the last check."""
        self._stall_check = None
        if not self._full:
            return
        stalled = not self._moved
        if stalled and not self._warned:
            self._log.warning(
                "The callback %s has been running for over %.0f s; reading is paused until it ends",
                self._running(),
                _STALL_TIME,
            )
        self._watch_for_stall(warned=stalled)
