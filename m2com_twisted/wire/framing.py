"""Lines out of chunks of bytes, in bounded memory."""

from collections.abc import Callable
from operator import itemgetter

from .codec import TERMINATOR

__all__ = ["LineSplitter"]

# An item of bytes is a number.
_CR = ord("\r")
_last_byte = itemgetter(-1)


class LineSplitter:
    """Cuts a stream into lines.

    `LineReceiver` cuts one line at a time out of its buffer and copies the
    rest; with thousands of small lines in a chunk that is most of the work.
    Here a chunk is split in one go, and what two chunks share is joined by
    itself, not with the whole chunk.

    Parameters
    ----------
    limit
        The longest line, in bytes without its terminator.
    oversize
        Called once for each line that is longer, with all that has come of it
        when that is found out, before `feed` returns the lines around it; the
        line is skipped, and the next is taken again.
    """

    def __init__(self, limit: int, oversize: Callable[[bytes], object]) -> None:
        # The CR of the terminator counted in, as `feed` returns it.
        self._limit = limit + 1
        self._oversize = oversize
        # The line that is still open, and whether it is too long to keep.
        self._open = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that a chunk completes.

        Each ends with the CR of its terminator.  It is white space to JSON, and
        to take it off would be one more copy.
        """
        if self._open[-1:] == b"\r":
            # Half a terminator, perhaps: so that `_split` sees it whole.
            del self._open[-1:]
            data = b"\r" + data
        lines = _split(data)
        rest = lines.pop()
        if lines and (self._open or self._skipping):
            lines[:1] = self._close(lines[0])
        # The line that was open has been looked at, and no other is longer than the chunk.
        if len(data) > self._limit:
            lines = self._without_oversize(lines)
        if rest:
            self._keep_open(rest)
        return lines

    def _close(self, end: bytes) -> list[bytes]:
        """Return the open line, whose end is there; nothing if it is too long."""
        line = b"".join((self._open, end))
        self._open.clear()
        skipped, self._skipping = self._skipping, False
        return [] if skipped else self._without_oversize([line])

    def _without_oversize(self, lines: list[bytes]) -> list[bytes]:
        for line in lines:
            if len(line) > self._limit:
                self._oversize(line)
        return [line for line in lines if len(line) <= self._limit]

    def _keep_open(self, beginning: bytes) -> None:
        """Keep the beginning of a line; of one that is too long only the last byte.

        That byte may be the CR of its terminator.
        """
        self._open += beginning
        if not self._skipping and len(self._open) > self._limit:
            self._skipping = True
            self._oversize(bytes(self._open))
        if self._skipping:
            del self._open[:-1]


def _split(data: bytes) -> list[bytes]:
    """Split at each CRLF, leaving the CR, and nowhere else.

    To look for two bytes takes so much longer than to look for one that it is a
    quarter of the time that telemetry takes.  So this looks for LF, and then
    whether a CR stands before each.  A bare LF ends no line: to JSON it is
    white space.  A chunk that has one, or an empty line, is split twice.
    """
    lines = data.split(b"\n")
    try:
        if set(map(_last_byte, lines[:-1])) <= {_CR}:
            return lines
    except IndexError:
        pass  # nothing at all stands before an LF
    *lines, rest = data.split(TERMINATOR)
    return [*(line + b"\r" for line in lines), rest]
