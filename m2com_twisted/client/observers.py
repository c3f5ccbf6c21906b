"""Line observers: objects that get each line when it is received or sent."""

from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..support.callables import is_coroutine_function, is_generator_function
from ..support.log import NamedLog
from ..support.stats import Stats
from ..support.throttle import Throttle
from ..wire.codec import Message

__all__ = ["LateLineObserver", "LineObserver", "LineObservers"]

_Received = Callable[[bytes, Message], object]
_Late = Callable[[bytes, Message, float], object]

# Seconds between two log lines about an observer that fails: it may fail with
# each of 400 messages a second.
_ERROR_LOG_INTERVAL = 10.0


class LineObserver(Protocol):
    """Gets each line that one client receives or sends: for recorders, counters and copies.

    An observer sees a line when it arrives, before it is delivered, even if many
    messages wait for the callback.

    The methods are plain functions that return quickly, because the client waits
    for them.  Their exceptions are logged, at most every 10 s, and counted in
    ``stats.observer_errors``; they have no other effect.  The methods may call
    any method of the client, including `close`.

    An observer may have one more method: see `LateLineObserver`.

    A line consists of the original bytes without the final CR LF.  Subclasses
    need to override only the methods that they use.
    """

    def received(self, line: bytes, message: Message) -> None:
        """See a message that has arrived.

        Empty lines and the line ``heartbeat`` are no messages and are not seen.

        Parameters
        ----------
        line
            The line as the peer wrote it.
        message
            The decoded line.  The same dict goes to the callback, so do not
            change it.
        """
        return

    def sent(self, line: bytes) -> None:
        """See a message that was just handed to the transport.

        Parameters
        ----------
        line
            The line as it was written.
        """
        return

    def bad(self, line: bytes, reason: str) -> None:
        """See a line that was received and is no message.

        Parameters
        ----------
        line
            The line, or its beginning if it is longer than the limit.
        reason
            The reason why it is no message, in a few words.
        """
        return

    def connection(self, state: ConnectionState) -> None:
        """See a change of the client's ``state``, in order with the lines.

        Parameters
        ----------
        state
            The new state.
        """
        return


class LateLineObserver(LineObserver, Protocol):
    """A line observer that is told the age of messages that do not come directly.

    A service may have received a message long before a reader of its hub gets it, such as the
    last value of an event.  The reader then calls `received_late`.  An observer without this
    method gets such messages by `LineObserver.received`.
    """

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """See a message that a service has received earlier.

        Parameters
        ----------
        line, message
            As for `LineObserver.received`.
        age
            Seconds since the service received it from the controller.
        """
        self.received(line, message)


class LineObservers:
    """The observers of one client.

    Parameters
    ----------
    observers
        The observers, in the order in which they see a line.
    clock
        Measures the time between log lines.
    stats
        Counts errors.
    log
        Reports errors.

    Raises
    ------
    TypeError
        If an observer lacks a method, or has one that a plain call would not
        run: a coroutine function or a generator function.
    """

    def __init__(
        self,
        observers: Iterable[LineObserver],
        *,
        clock: IReactorTime,
        stats: Stats,
        log: NamedLog,
    ) -> None:
        # The methods are bound once, because to look them up for each line is
        # slower than the call.
        self._received: list[_Received] = []
        # The method for present messages and the one for late messages, which is optional.
        self._late: list[tuple[_Received, _Late | None]] = []
        self._sent: list[Callable[[bytes], object]] = []
        self._bad: list[Callable[[bytes, str], object]] = []
        self._connection: list[Callable[[ConnectionState], object]] = []
        self._clock = clock
        self._stats = stats
        self._log = log
        self._throttle = Throttle(_ERROR_LOG_INTERVAL)
        for observer in observers:
            self.add(observer)

    def add(self, observer: LineObserver) -> None:
        """Show lines to one more observer.

        Raises
        ------
        TypeError
            As the constructor.
        """
        for name in ("received", "sent", "bad", "connection"):
            _require_plain(observer, name)
        late: _Late | None = getattr(observer, "received_late", None)
        if late is not None:
            _require_plain(observer, "received_late")
        # New lists, because this may be called during a loop over an old one.
        self._received = [*self._received, observer.received]
        self._late = [*self._late, (observer.received, late)]
        self._sent = [*self._sent, observer.sent]
        self._bad = [*self._bad, observer.bad]
        self._connection = [*self._connection, observer.connection]

    def remove(self, observer: LineObserver) -> None:
        """Remove an observer.  An unknown observer is ignored."""
        self._received = [one for one in self._received if one != observer.received]
        self._late = [one for one in self._late if one[0] != observer.received]
        self._sent = [one for one in self._sent if one != observer.sent]
        self._bad = [one for one in self._bad if one != observer.bad]
        self._connection = [one for one in self._connection if one != observer.connection]

    def __len__(self) -> int:
        return len(self._received)

    def received(self, line: bytes, message: Message) -> None:
        """Show a message that has arrived."""
        for method in self._received:
            try:
                method(line, message)
            except BaseException:
                # SystemExit is caught as well, because the rest of the chunk would be lost.
                self._report(method)

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Show a message that a service received earlier."""
        for received, late in self._late:
            if late is None:
                self._tell(received, line, message)
            else:
                self._tell(late, line, message, age)

    def sent(self, line: bytes) -> None:
        """Show a line that was written."""
        for method in self._sent:
            self._tell(method, line)

    def bad(self, line: bytes, reason: str) -> None:
        """Show a line that is no message."""
        for method in self._bad:
            self._tell(method, line, reason)

    def connection(self, state: ConnectionState) -> None:
        """Show a change of the client's state."""
        for method in self._connection:
            self._tell(method, state)

    def _tell(self, method: Callable[..., object], *arguments: object) -> None:
        try:
            method(*arguments)
        except BaseException:
            self._report(method)

    def _report(self, method: Callable[..., object]) -> None:
        """Log the present exception of an observer, unless one was logged shortly before."""
        self._stats.observer_errors += 1
        held_back = self._throttle.admit(self._clock.seconds())
        if held_back is not None:
            self._log.exception(
                "The line observer %r failed (%d more errors not logged before it)",
                method,
                held_back,
            )


def _require_plain(observer: object, name: str) -> None:
    method = getattr(observer, name, None)
    if not callable(method):
        raise TypeError(f"The line observer {observer!r} has no method {name!r}.")
    if is_coroutine_function(method) or is_generator_function(method):
        raise TypeError(
            f"The method {name!r} of the line observer {observer!r} must be a plain function."
        )
