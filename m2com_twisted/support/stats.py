"""Counters of a client, which can be read at any time."""

from dataclasses import dataclass

from .copying import copyable

__all__ = ["MessageRate", "Stats"]


@dataclass
class Stats:
    """Counters of one client, from its construction on."""

    #: Messages received.
    messages: int = 0
    #: Bytes received.
    bytes: int = 0
    #: Lines received that were not a message.
    bad_lines: int = 0
    #: Lines skipped because they were longer than the limit.
    oversize_lines: int = 0
    #: Messages dropped before their delivery, with ``overflow="drop_oldest"``.
    dropped_messages: int = 0
    #: Exceptions of the user's callbacks.
    callback_errors: int = 0
    #: Exceptions of line observers.
    observer_errors: int = 0
    #: Connections made.
    connects: int = 0
    #: The reason why the last attempt failed or the last connection was lost.
    last_error: BaseException | None = None
    #: Time of the last message, by `time.monotonic` or by the `Clock` that was
    #: passed in as the reactor.
    last_message_time: float | None = None
    #: Messages that wait for the callback now.
    queue_depth: int = 0
    #: The greatest number that ever waited.
    queue_high_water: int = 0
    #: Messages per second, over the last two seconds or more.
    message_rate: float = 0.0

    def note_error(self, error: BaseException | None) -> None:
        """Keep an error as `last_error`, in a form that can be copied."""
        self.last_error = None if error is None else copyable(error)


class MessageRate:
    """Messages per second, measured over windows of `PERIOD` seconds."""

    #: Seconds of a window.  The original logs its rate at the same interval.
    PERIOD = 2.0

    def __init__(self) -> None:
        self._window_start: float | None = None
        self._count = 0
        self._rate = 0.0

    def add(self, count: int, now: float) -> None:
        """Count messages that arrived.

        Parameters
        ----------
        count
            Number of messages.
        now
            Time of arrival, in seconds.
        """
        self._turn_window(now)
        self._count += count

    def read(self, now: float) -> float:
        """Return the messages per second in the last window that is complete."""
        self._turn_window(now)
        return self._rate

    def _turn_window(self, now: float) -> None:
        if self._window_start is None:
            self._window_start = now
        elapsed = now - self._window_start
        if elapsed >= self.PERIOD:
            self._rate = self._count / elapsed
            self._window_start = now
            self._count = 0
