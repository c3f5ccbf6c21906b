"""Finds missing and repeated messages by their numbers.  No I/O."""

from collections import OrderedDict

from .subjects import began_at

__all__ = ["REPEATED", "SequenceCheck"]

#: Returned for a message that was received before.
REPEATED = -1

# A service has one source for each kind of message.  A second service may be on standby.
_MOST_SOURCES = 16


class SequenceCheck:
    """Follows the sequences of all sources of one kind of message.

    Parameters
    ----------
    joined_at
        Time at which this reader connected, in nanoseconds since 1970.  All messages
        are expected from a source that began later.
    """

    def __init__(self, joined_at: int) -> None:
        self._joined_at = joined_at
        self._last: OrderedDict[str, int] = OrderedDict()
        # The number of messages that a source has sent, checked at its next heartbeat.
        self._expected: dict[str, int] = {}

    def check(self, source: str, sequence: int) -> int:
        """Return the number of messages missing before this one, or `REPEATED`."""
        last = self._last_of(source, sequence - 1)
        if sequence <= last:
            return REPEATED
        self._note(source, sequence)
        return sequence - last - 1

    def note(self, source: str, sequence: int) -> bool:
        """Take note of a message among the last values.  Return whether it is new."""
        if sequence <= self._last.get(source, 0):
            return False
        self._note(source, sequence)
        return True

    def expect(self, source: str, sequence: int) -> int:
        """Store the number of messages that a source has sent.

        Returns
        -------
        missing
            Number of missing messages, counted up to the number in the previous heartbeat.
            Newer messages may still be on their way.
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
