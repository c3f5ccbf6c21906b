"""What one port of the controller has said, and whether that still holds."""

from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message

__all__ = ["BoardPort", "Topic"]


@dataclass
class Topic:
    """The last message of a name, and how often it comes.

    Attributes
    ----------
    message
        The message.
    seen_at
        When it came, in seconds of the clock.
    connection
        Number of the connection that it came over.
    rate
        How often messages of this name come.
    """

    message: Message
    seen_at: float
    connection: int
    rate: MessageRate = field(default_factory=MessageRate)


class BoardPort:
    """One connection: its messages, and what its counters tell.

    Parameters
    ----------
    name
        Name of the connection.
    clock
        Tells ages and rates.
    oldest
        Seconds after which a message is stale though the connection stands; None
        where messages come only when something changes.

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
        # The bytes and the connections when bytes came last: a port that another
        # client holds is connected to and closed again without a byte.
        self._bytes = self._connects = 0

    def connection_changed(self, state: ConnectionState) -> None:
        """Note that the connection came or went: what was said before is in doubt."""
        is_up = state is ConnectionState.CONNECTED
        if is_up is not self._is_up:
            self._is_up = is_up
            self._connection += 1

    def note(self, message: Message) -> None:
        """Take a message."""
        now = self._clock.seconds()
        name = str(message.get("id"))
        # Taken out and put back, so that the last one is the newest.
        topic = self.topics.pop(name, None) or Topic(message, now, self._connection)
        topic.message = message
        topic.seen_at = now
        topic.connection = self._connection
        topic.rate.add(1, now)
        self.topics[name] = topic

    def is_stale(self, topic: Topic) -> bool:
        """Return whether a message may not hold any more."""
        if topic.connection != self._connection:
            return True
        return self._oldest is not None and self.age(topic) > self._oldest

    def age(self, topic: Topic) -> float:
        """Return the seconds since a message came."""
        return self._clock.seconds() - topic.seen_at

    def line(self, state: ConnectionState, stats: Stats) -> str:
        """Return the state of the connection, and the time since its last message."""
        is_up = state is ConnectionState.CONNECTED
        # The rate is measured over two seconds; without a connection it is out of date.
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
