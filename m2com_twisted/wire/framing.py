"""Lines out of chunks of bytes, in bounded memory."""

from collections.abc import Callable
from operator import itemgetter

from .codec import TERMINATOR

__all__ = ["LineSplitter"]

# The items of a bytes object are numbers.
_CR = ord("\r")
_last_byte = itemgetter(-1)


class LineSplitter:
    """Cuts a stream into lines.

    `LineReceiver` cuts one line at a time out of its buffer and copies the
    rest.  With thousands of small lines in a chunk, copying is most of the
    work.  This class splits a chunk at once, and joins only the line that two
    chunks share.

    Parameters
    ----------
    limit
        The longest line, in bytes without its terminator.
    oversize
        Called once for each longer line, with its bytes so far.  `feed` returns
        the lines around it afterwards.  The longer line is skipped.
    """

    def __init__(self, limit: int, oversize: Callable[[bytes], object]) -> None:
        # One more for the CR of the terminator, which `feed` returns too.
        self._limit = limit + 1
        self._oversize = oversize
        # The line that is still open, and whether it is too long to keep.
        self._open = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that a chunk completes.

        Each line ends with the CR of its terminator.  JSON ignores it as white
        space, and removing it would copy the line once more.
        """
        if self._open[-1:] == b"\r":
            # Perhaps half a terminator: `_split` has to see it whole.
            del self._open[-1:]
            data = b"\r" + data
        lines = _split(data)
        rest = lines.pop()
        if lines and (self._open or self._skipping):
            lines[:1] = self._close(lines[0])
        # The open line was checked above; no other line is longer than the chunk.
        if len(data) > self._limit:
            lines = self._without_oversize(lines)
        if rest:
            self._keep_open(rest)
        return lines

    def _close(self, end: bytes) -> list[bytes]:
        """Return the open line with its end, or nothing if it is too long."""
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
        """Keep the beginning of a line, or only the last byte if the line is too long.

        That byte may be the CR of the terminator.
        """
        self._open += beginning
        if not self._skipping and len(self._open) > self._limit:
            self._skipping = True
            self._oversize(bytes(self._open))
        if self._skipping:
            del self._open[:-1]


def _split(data: bytes) -> list[bytes]:
    """Split at each CRLF and nowhere else; the CR stays with its line.

    Searching for two bytes is much slower than searching for one: the
    difference is a quarter of the time for telemetry.  So this splits at LF,
    and checks that a CR stands before each.  A bare LF ends no line; JSON takes
    it for white space.  A chunk with a bare LF or an empty line is split twice.
    """
    lines = data.split(b"\n")
    try:
        if set(map(_last_byte, lines[:-1])) <= {_CR}:
            return lines
    except IndexError:
        pass  # A line is empty, so it has no last byte.
    *lines, rest = data.split(TERMINATOR)
    return [*(line + b"\r" for line in lines), rest]
