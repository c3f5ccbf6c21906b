"""The rule that sequence ids are consecutive.

Source: :ref:`protocol-answers`.
"""

from typing import Any

__all__ = ["SequenceRule"]

#: The last id.  The next one is 1.
_LAST = 2147483647


class SequenceRule:
    """Detects a command that is out of sequence.

    The client may choose the first id on a connection.  The documentation does not define which
    id counts as the previous one after a gap.  Here it is the received id, because otherwise
    the client could not recover.
    """

    def __init__(self) -> None:
        self._previous: int | None = None

    def refused(self, sequence_id: Any) -> Any:
        """Return the id for a ``noack``.  None if the id is in order.

        After a gap, this is the missing id.  If the received id is not a number or goes back,
        this is the received id.
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
