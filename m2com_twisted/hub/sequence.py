"""What is missing and what came twice, by the numbers of the messages.  Pure."""

from collections import OrderedDict

from .subjects import began_at

__all__ = ["REPEATED", "SequenceCheck"]

#: Returned for a message that was there already.
REPEATED = -1

# A service has one source for each kind of message, and there may be a second
# one that stands by.
_MOST_SOURCES = 16


class SequenceCheck:
    """Follows the sequences of all sources of one kind of message.

    Parameters
    ----------
    joined_at
        When this reader came, in nanoseconds since 1970.  Of a source that
        began later, all messages are expected.
    """

    def __init__(self, joined_at: int) -> None:
        self._joined_at = joined_at
        self._last: OrderedDict[str, int] = OrderedDict()
        # The number that a source said it had sent; checked at its next sign of life.
        self._expected: dict[str, int] = {}

    def check(self, source: str, sequence: int) -> int:
        """Return how many messages are missing before one; `REPEATED` if it is known."""
        last = self._last_of(source, sequence - 1)
        if sequence <= last:
            return REPEATED
        self._note(source, sequence)
        return sequence - last - 1

    def note(self, source: str, sequence: int) -> bool:
        """Remember a message that is one of many last values; return whether it is new."""
        if sequence <= self._last.get(source, 0):
            return False
        self._note(source, sequence)
        return True

    def expect(self, source: str, sequence: int) -> int:
        """Remember how many messages a source has sent.

        Returns
        -------
        missing
            How many of those are missing that it said it had sent when it said
            so last.  Not at once, since they may be handled a moment later.
        """
        last = self._last_of(source, sequence)
        due = self._expected.get(source, 0)
        self._expected[source] = sequence
        self._note(source, max(last, due))
        return max(0, due - last)

    def _last_of(self, source: str, otherwise: int) -> int:
        unknown = 0 if began_at(source) > self._joined_at else otherwise
        return self._last.get(source, unknown)

    def _note(self, source: str, sequence: int) -> None:
        self._last[source] = sequence
        self._last.move_to_end(source)
        if len(self._last) > _MOST_SOURCES:
            forgotten, _ = self._last.popitem(last=False)
            self._expected.pop(forgotten, None)
