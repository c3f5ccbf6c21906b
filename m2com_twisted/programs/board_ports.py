"""The messages of one port of the controller, and whether they are out of date."""

from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message

__all__ = ["BoardPort", "Topic"]


@dataclass
class Topic:
    """The last message of a name, and its rate.

    Attributes
    ----------
    message
        The message.
    seen_at
        Time of arrival, in seconds of the clock.
    connection
        Number of the connection over which the message came.
    rate
        Messages of this name per second.
    """

    message: Message
    seen_at: float
    connection: int
    rate: MessageRate = field(default_factory=MessageRate)


class BoardPort:
    """One connection: its messages, and the meaning of its counters.

    Parameters
    ----------
    name
        Name of the connection.
    clock
        Clock for ages and rates.
    oldest
        Seconds after which a message is stale although the connection is up.  None if
        messages come only when something changes.

    Attributes
    ----------
    topics
        The last message of each name, the newest last.
    """

    def __init__(self, name: str, clock: IReactorTime, oldest: float | None = None) -> None:
        self.name = name
        self.topics: dict[str, Topic] = {}
        self._clock = clock
        self._oldest = oldest
        self._connection = 0
        self._is_up = True
        # The numbers of bytes and connections when the last bytes came.  A port that another
        # client uses accepts connections and closes them without a byte.
        self._bytes = self._connects = 0

    def connection_changed(self, state: ConnectionState) -> None:
        """Take a change of the connection.  Earlier messages may then be out of date."""
        is_up = state is ConnectionState.CONNECTED
        if is_up is not self._is_up:
            self._is_up = is_up
            self._connection += 1

    def note(self, message: Message, age: float = 0.0) -> None:
        """Take a message that was received some seconds ago."""
        now = self._clock.seconds()
        name = str(message.get("id"))
        # The message is removed and added again, so that the newest is the last.
        topic = self.topics.pop(name, None) or Topic(message, now, self._connection)
        topic.message = message
        topic.seen_at = now - age
        topic.connection = self._connection
        if not age:
            topic.rate.add(1, now)
        self.topics[name] = topic

    def is_stale(self, topic: Topic) -> bool:
        """Return whether a message may be out of date."""
        # A hub also sends the last values of a service that is gone.
        if not self._is_up or topic.connection != self._connection:
            return True
        return self._oldest is not None and self.age(topic) > self._oldest

    def age(self, topic: Topic) -> float:
        """Return the seconds since a message came."""
        return self._clock.seconds() - topic.seen_at

    def line(self, state: ConnectionState, stats: Stats) -> str:
        """Return the state of the connection, and the time since its last message."""
        is_up = state is ConnectionState.CONNECTED
        # The rate is measured over two seconds.  Without a connection it is out of date.
        rate = stats.message_rate if is_up else 0.0
        line = f"{self.name:10} {state.value:11}{rate:6.0f} messages/s"
        if stats.last_message_time is not None:
            line += f", last {self._clock.seconds() - stats.last_message_time:.1f} s ago"
        if self._seems_taken(stats) and not is_up:
            return f"{line}  closed at once: another client seems to hold the port"
        if not is_up and stats.last_error is not None:
            line += f"  {stats.last_error}"
        return line

    def _seems_taken(self, stats: Stats) -> bool:
        """Return whether the last connection was closed without a byte."""
        if stats.bytes != self._bytes:
            self._bytes, self._connects = stats.bytes, stats.connects
        return stats.connects > self._connects
