"""Keeps the messages that a test client has received, and waits for one."""

from collections import deque

from twisted.internet.defer import CancelledError, Deferred

from ..support.interfaces import Reactor, as_reactor
from ..wire.codec import Message

__all__ = ["MessageLog"]


class MessageLog:
    """A callback that keeps the messages, and lets a test wait for one.

    Parameters
    ----------
    clock
        Clock that measures how long a test waits.
    keep
        Number of messages that are kept.  A thousand is 2.6 s of full
        telemetry, or a minute and a half of events when nothing is wrong.

    Attributes
    ----------
    messages
        The messages that are kept, oldest first.
    latest
        The last message of each id.
    """

    def __init__(self, clock: Reactor, keep: int = 1000) -> None:
        self._clock = as_reactor(clock)
        self.messages: deque[Message] = deque(maxlen=keep)
        self.latest: dict[str, Message] = {}
        # The number of messages that `wait_for` has not looked at, kept or not.
        self._unseen = 0
        self._waiting: list[tuple[str, Message, Deferred[Message]]] = []

    async def __call__(self, message: Message) -> None:
        """Keep a message; this is the callback."""
        self.messages.append(message)
        self.latest[message.get("id", "")] = message
        self._unseen += 1
        if self._waiting:
            self._find(message)

    def _find(self, message: Message) -> None:
        """Give a message to the calls that wait for it."""
        for waiting in list(self._waiting):
            message_id, fields, found = waiting
            if _matches(message, message_id, fields):
                self._waiting.remove(waiting)
                self._unseen = 0
                found.callback(message)

    async def wait_for(self, message_id: str, *, within: float = 10.0, **fields: object) -> Message:
        """Wait for a message, and return it.

        The search begins after the message that the last call returned, so no
        message is missed between two calls.

        Parameters
        ----------
        message_id
            Its id.
        within
            Seconds to wait.
        **fields
            Fields that the message must have, with their values.  It may have
            other fields, too.

        Raises
        ------
        AssertionError
            If no such message comes in time.
        """
        first = max(0, len(self.messages) - self._unseen)
        for position in range(first, len(self.messages)):
            if _matches(self.messages[position], message_id, fields):
                self._unseen = len(self.messages) - position - 1
                return self.messages[position]
        found: Deferred[Message] = Deferred()
        entry = (message_id, fields, found)
        self._waiting.append(entry)
        timeout = self._clock.callLater(within, found.cancel)
        try:
            return await found
        except CancelledError as error:
            self._waiting.remove(entry)
            raise AssertionError(
                f"No {message_id} with {fields} came within {within:g} s; "
                f"the latest of that id: {self.latest.get(message_id)}"
            ) from error
        finally:
            if timeout.active():
                timeout.cancel()

    def skip(self) -> None:
        """Skip all messages so far: `wait_for` then waits for a newer one."""
        self._unseen = 0

    def ids(self) -> list[str]:
        """Return the ids of the messages that are kept, in order of arrival."""
        return [message["id"] for message in self.messages]


def _matches(message: Message, message_id: str, fields: Message) -> bool:
    return message.get("id") == message_id and all(
        name in message and message[name] == value for name, value in fields.items()
    )
