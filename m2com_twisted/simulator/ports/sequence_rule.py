"""The rule that sequence ids follow on each other.

Source: :ref:`protocol-answers`.
"""

from typing import Any

__all__ = ["SequenceRule"]

#: After this id comes 1.
_LAST = 2147483647


class SequenceRule:
    """Tells a command out of sequence.

    The first id on a connection is the client's choice.  What counts as the
    previous one after a gap the documentation leaves open: here it is the id
    that was received, since the client could not recover otherwise.
    """

    def __init__(self) -> None:
        self._previous: int | None = None

    def refused(self, sequence_id: Any) -> Any:
        """Return the id to answer with ``noack``; None if this one is in order.

        That is the missing id where there is a gap, and the id itself where it
        is no number or goes back.
        """
        if isinstance(sequence_id, bool) or not isinstance(sequence_id, int):
            return sequence_id
        previous = self._previous
        if previous is None:
            self._previous = sequence_id
            return None
        expected = 1 if previous == _LAST else previous + 1
        if sequence_id < expected:
            return sequence_id
        self._previous = sequence_id
        return None if sequence_id == expected else expected
