"""The last messages that came in."""

from collections import deque
from collections.abc import Iterator

from ..codec import Message

__all__ = ["ReceivedMessages"]

#: Most messages and most bytes of lines that are kept.
_MESSAGES = 1000
_BYTES = 4 * 1024 * 1024


class ReceivedMessages:
    """The last messages, oldest first, in bounded memory."""

    def __init__(self) -> None:
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = 0

    def append(self, message: Message, size: int) -> None:
        """Add a message that came on a line of so many bytes."""
        self._messages.append((message, size))
        self._bytes += size
        while len(self._messages) > _MESSAGES or self._bytes > _BYTES:
            _, dropped = self._messages.popleft()
            self._bytes -= dropped

    def __iter__(self) -> Iterator[Message]:
        return (message for message, _ in self._messages)
