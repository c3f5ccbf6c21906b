"""What is missing and what came twice, by the numbers of the messages."""

from collections import OrderedDict

__all__ = ["REPEATED", "SequenceCheck"]

#: Returned for a message that was there already.
REPEATED = -1

# A service has two sources, and there may be a second one that stands by.
_MOST_SOURCES = 16


class SequenceCheck:
    """Follows the sequences of all sources of one kind of message."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def check(self, source: str, sequence: int) -> int:
        """Return how many messages are missing before one; `REPEATED` if it is known.

        The first one ever is where this reader came in.  A source that it has
        not heard before has begun meanwhile, so its first message is number 1.
        """
        unknown = 0 if self._last else sequence - 1
        last = self._last.get(source, unknown)
        if sequence <= last:
            return REPEATED
        self._last[source] = sequence
        self._last.move_to_end(source)
        if len(self._last) > _MOST_SOURCES:
            self._last.popitem(last=False)
        return sequence - last - 1

    def note(self, source: str, sequence: int) -> bool:
        """Take note of a message that is one of many last values; return whether it is new."""
        if sequence <= self._last.get(source, 0):
            return False
        self._last[source] = sequence
        self._last.move_to_end(source)
        return True
