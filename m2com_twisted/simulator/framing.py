"""Lines out of chunks of bytes, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..codec import TERMINATOR

__all__ = ["LineSplitter", "OversizeLine"]


@dataclass(frozen=True)
class OversizeLine:
    """In place of a line that was longer than allowed, and skipped.

    Attributes
    ----------
    limit
        What was allowed, in bytes.
    """

    limit: int

    def __len__(self) -> int:
        """Return 0: its bytes are gone."""
        return 0


class LineSplitter:
    """Cuts a stream into lines.

    LineReceiver does the same, but ends its loop after an oversize line: what
    came in the same chunk behind it would wait for the next one.

    Parameters
    ----------
    limit
        The longest line, in bytes without its terminator.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | OversizeLine]:
        """Yield the lines that a chunk completes."""
        # A terminator may have come half in the former chunk.
        searched = max(0, len(self._buffer) - 1)
        self._buffer += data
        while (end := self._buffer.find(TERMINATOR, searched)) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + len(TERMINATOR)]
            searched = 0
            if self._skipping:
                self._skipping = False
            elif end > self._limit:
                yield OversizeLine(self._limit)
            else:
                yield line
        yield from self._skip_oversize()

    def _skip_oversize(self) -> Iterator[OversizeLine]:
        """Drop the beginning of a line that is too long already."""
        if len(self._buffer) <= self._limit + 1 and not self._skipping:
            return
        if not self._skipping:
            self._skipping = True
            yield OversizeLine(self._limit)
        # All but what may be the first half of its terminator.
        del self._buffer[:-1]
