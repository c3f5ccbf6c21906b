"""Cuts chunks of bytes into lines, in bounded memory."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import cast

from .codec import TERMINATOR

__all__ = ["LineSplitter", "OversizeLine", "runs"]

# The items of a bytes object are numbers.
_CR = ord("\r")
_last_byte = itemgetter(-1)


class OversizeLine(bytes):
    """The beginning of a line that is too long, in its place among the other lines."""


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
    """

    def __init__(self, limit: int) -> None:
        # One more for the CR of the terminator, which `feed` returns too.
        self._limit = limit + 1
        # The line that is still open, and whether it is too long to keep.
        self._open = bytearray()
        self._skipping = False
        #: Whether the last call of `feed` returned a line that is too long.
        self.found_oversize = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that a chunk completes.

        Each line ends with the CR of its terminator.  JSON ignores it as white
        space, and removing it would copy the line once more.  For a line that is
        too long, one `OversizeLine` is returned, as soon as it is known to be too
        long.
        """
        self.found_oversize = False
        if self._open[-1:] == b"\r":
            # This may be half a terminator, and `_split` needs the whole one.
            del self._open[-1:]
            data = b"\r" + data
        lines = _split(data)
        rest = lines.pop()
        if lines and (self._open or self._skipping):
            lines[:1] = self._close(lines[0])
        # The open line was checked above; no other line is longer than the chunk.
        if len(data) > self._limit:
            lines = [self._checked(line) for line in lines]
        if rest:
            lines += self._keep_open(rest)
        return lines

    def _close(self, end: bytes) -> list[bytes]:
        """Return the open line with its end, or nothing if it was reported as too long."""
        line = b"".join((self._open, end))
        self._open.clear()
        skipped, self._skipping = self._skipping, False
        return [] if skipped else [self._checked(line)]

    def _checked(self, line: bytes) -> bytes:
        if len(line) <= self._limit:
            return line
        self.found_oversize = True
        return OversizeLine(line)

    def _keep_open(self, beginning: bytes) -> list[bytes]:
        """Keep the beginning of a line; return it when the line has just become too long.

        From then on only the last byte is kept, which may be the CR of the
        terminator.
        """
        self._open += beginning
        if self._skipping:
            del self._open[:-1]
        elif len(self._open) > self._limit:
            self._skipping = self.found_oversize = True
            whole = bytes(self._open)
            # Deleted now, so that there are never three copies of the line.
            del self._open[:-1]
            return [OversizeLine(whole)]
        return []


def runs(lines: Iterable[bytes]) -> Iterator[list[bytes] | OversizeLine]:
    """Yield lines in their order.  Each line that is too long comes alone, the others in lists."""
    for line_type, run in groupby(lines, type):
        if line_type is OversizeLine:
            yield from cast("Iterator[OversizeLine]", run)
        else:
            yield list(run)


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
