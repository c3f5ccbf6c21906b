"""The sequence ids of commands.

They go around in a circle: 1 follows the last one.
"""

from collections import deque
from collections.abc import Container, Iterator

__all__ = ["LAST_ID", "SequenceIds", "count_around", "is_before"]

#: The greatest 32-bit signed integer.  After it, the ids of the original start
#: again at 1 (protocol-answers).
LAST_ID = 2**31 - 1


def count_around(first: int = 1) -> Iterator[int]:
    """Yield the ids from the given one on, without end; 1 follows `LAST_ID`."""
    yield from range(first, LAST_ID + 1)
    while True:
        yield from range(1, LAST_ID + 1)


def is_before(earlier: int, later: int) -> bool:
    """Return whether one id is before another, by the shorter way around the circle."""
    return 0 < (later - earlier) % LAST_ID < LAST_ID // 2


class SequenceIds:
    """The ids of a client's commands, in order and without a gap.

    The documented controller answers a gap with ``noack``
    (:ref:`protocol-answers`), so an id is taken in the same turn of the
    reactor in which its command is written.

    Parameters
    ----------
    ids
        Source of the ids; clients that share it share the sequence.  None: 1,
        2, 3 and so on.
    """

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        self._ids = count_around() if ids is None else ids
        # Ids that were given back, in order.  There may be two, because a generator
        # can call back and take another id while it makes one.
        self._spares: deque[int] = deque()
        #: The last id that was taken; -1 before the first.
        self.last = -1
        self._last_but_one = -1

    def take(self, in_use: Container[int]) -> int:
        """Return the next id.

        Parameters
        ----------
        in_use
            Ids that cannot be used now.

        Raises
        ------
        RuntimeError
            If there is no next id, or it cannot be used.
        """
        sequence_id = self._next(in_use)
        self._last_but_one, self.last = self.last, sequence_id
        return sequence_id

    def give_back(self) -> None:
        """Give the last id back, because its command was not written."""
        self._spares.append(self.last)
        self.last = self._last_but_one

    def _next(self, in_use: Container[int]) -> int:
        if self._spares:
            return self._spares.popleft()
        try:
            sequence_id = next(self._ids)
        except StopIteration:
            raise RuntimeError("The sequence generator has no more ids.") from None
        # Not isinstance, because a bool is no id but is an int.
        if type(sequence_id) is not int:
            raise RuntimeError(f"The sequence generator yields {sequence_id!r}, which is no int.")
        if sequence_id in in_use:
            raise RuntimeError(
                f"The sequence generator repeats {sequence_id}, whose command still runs."
            )
        return sequence_id
