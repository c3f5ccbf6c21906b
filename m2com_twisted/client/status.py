"""The properties of a client, and its line observers."""

from ..connection.state import ConnectionState
from ..support.reactor_access import ReactorAccess
from ..support.stats import Stats
from .assembly import Assembly
from .observers import LineObserver
from .typed_sender import TypedSender

__all__ = ["ClientStatus"]


class ClientStatus(TypedSender):
    """The properties of a client, and its line observers."""

    _parts: Assembly
    _reactor: ReactorAccess

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._parts.link.connected

    @property
    def should_be_connected(self) -> bool:
        """Whether `connect` or `start` was called, and `close` was not called after it.

        It is False again after a first attempt that failed.
        """
        return self._parts.link.should_be_connected

    @property
    def state(self) -> ConnectionState:
        """State of the connection."""
        return self._parts.link.state

    @property
    def state_since(self) -> float | None:
        """Time of the last change of state, by the clock of `stats`.  None before `connect`."""
        return self._parts.link.state_since

    @property
    def message_age(self) -> float | None:
        """Seconds since the last message.  None before the first."""
        last = self.stats.last_message_time
        return None if last is None else self._reactor.seconds() - last

    @property
    def timeout(self) -> float | None:
        """Read timeout in seconds; None, the default, means no timeout.

        A connection that brings no line for that long is given up and counts as
        lost.  The time while the client itself has paused reading does not
        count.  Setting it to anything other than None or a number greater than
        0 raises ValueError.
        """
        return self._parts.link.read_timeout

    @timeout.setter
    def timeout(self, timeout: float | None) -> None:
        self._reactor.require_thread("TcpClient.timeout")
        self._parts.link.read_timeout = timeout

    @property
    def last_sequence_id(self) -> int:
        """Sequence id of the last command that was sent; -1 before the first."""
        return self._parts.sequence_ids.last

    @property
    def stats(self) -> Stats:
        """The present counters."""
        return self._parts.inbound.stats

    def add_observer(self, observer: LineObserver) -> None:
        """Add a line observer, which gets each line from now on.

        Raises
        ------
        TypeError
            If it lacks a method, or has one that a plain call would not run.
        """
        self._parts.observers.add(observer)

    def remove_observer(self, observer: LineObserver) -> None:
        """Remove a line observer.  An unknown observer is ignored."""
        self._parts.observers.remove(observer)
