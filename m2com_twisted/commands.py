"""Commands: their sequence ids, and what became of them.  No transport."""

from collections.abc import Iterator

__all__ = ["SequenceIds"]

# The greatest 32-bit signed integer: where the original's ids start again at 1
# (protocol, section 2).
_LAST_ID = 2**31 - 1


def _count_around() -> Iterator[int]:
    while True:
        yield from range(1, _LAST_ID + 1)


class SequenceIds:
    """The ids of a client's commands, in order and without a gap.

    The documented controller answers a gap with ``noack`` (protocol, section
    2), so an id is taken in the same turn of the reactor in which its command
    is written.

    Parameters
    ----------
    ids
        Where they come from; clients that share it share the sequence.  None:
        1, 2, 3 and so on.
    """

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        self._ids: Iterator[int] = _count_around() if ids is None else ids
        #: The id that was taken last; -1 before the first.
        self.last = -1

    def take(self) -> int:
        """Return the next id.

        Raises
        ------
        RuntimeError
            If there are no more.
        """
        try:
            self.last = next(self._ids)
        except StopIteration:
            raise RuntimeError("The sequence generator has no more ids.") from None
        return self.last
