"""One of the two ports of the controller, on the side of a reader of the hub."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..client.observers import LineObserver, LineObservers
from ..connection.state import ConnectionState
from ..delivery.delivery import Delivery, MessageCallback
from ..errors import BadLineError
from ..support.log import NamedLog
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message, decode
from .arrived import Arrived
from .sequence import REPEATED, SequenceCheck

__all__ = ["RemotePort"]

# More values than the controller has.  It has 130, of which 84 are modes of its ILCs.
_MOST_VALUES = 1000

#: Events that are repeated while they are true.  Their last value is not sent to an observer,
#: because the observer would take it for a present one.
_HOLD_WHILE_REPEATED = frozenset({"m2AssemblyInPosition"})

#: A message counts as late if it is older than this, in seconds.  The clocks of the service and of
#: this reader may differ by so much, and the telemetry of a reader must not seem old because of it.
_CLOCK_DIFFERENCE = 1.0

#: Largest number of messages in the queue of a callback.  If there are more, the oldest is dropped,
#: because the sender cannot be paused.
_QUEUE = 1000


class _Value(NamedTuple):
    """A message, and when the service received it, in seconds of this reader's clock."""

    line: bytes
    message: Message
    received_at: float


class RemotePort:
    """Checks and decodes the messages of one port, and passes them on.

    Parameters
    ----------
    name
        ``"command"`` or ``"telemetry"``.
    callback
        Called with the keyword ``message`` for each message.
    changed
        Called when the connection has changed, in order with the messages.
    missed
        Called with the number of messages that are missing before the next one.
    observers
        Get all lines before they are delivered.
    keeps_values
        Whether to keep the last message of each subject for later observers.
    clock
        Measures ages.
    utc
        Returns the time in ns since 1970 UTC, as the service does.
    log
        Logs missing and invalid messages.
    """

    def __init__(
        self,
        name: str,
        callback: MessageCallback,
        changed: Callable[[], object],
        missed: Callable[[int], object],
        observers: Iterable[LineObserver],
        *,
        keeps_values: bool,
        clock: IReactorTime,
        utc: Callable[[], int] = time.time_ns,
        log: NamedLog,
    ) -> None:
        self.name = name
        self._stats = Stats()
        self._rate = MessageRate()
        self.state = ConnectionState.IDLE
        self._missed = missed
        self._observers: list[LineObserver] = list(observers)
        self._clock = clock
        self._utc = utc
        self._log = log
        self._sequences = SequenceCheck(utc())
        self._values: OrderedDict[str, _Value] | None = OrderedDict() if keeps_values else None
        self._line_observers = self._checked(self._observers)
        self._delivery = Delivery(
            callback,
            (),
            changed,
            stats=self._stats,
            log=log,
            clock=clock,
            max_length=_QUEUE,
            overflow="drop_oldest",
        )

    @property
    def stats(self) -> Stats:
        """The present values of the counters."""
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            message_rate=self._rate.read(self._clock.seconds()),
        )

    def _checked(self, observers: Iterable[LineObserver]) -> LineObservers:
        return LineObservers(observers, clock=self._clock, stats=self._stats, log=self._log)

    def add_observer(self, observer: LineObserver) -> None:
        """Add an observer.  It first gets the last values, then all new messages."""
        alone = self._checked([observer])
        self._observers.append(observer)
        self._line_observers = self._checked(self._observers)
        if self.state is ConnectionState.CONNECTED:
            alone.connection(self.state)
            self._resend_values(alone)

    def remove_observer(self, observer: LineObserver) -> None:
        """Remove an observer.  No effect if it was not added."""
        if observer in self._observers:
            self._observers.remove(observer)
        self._line_observers = self._checked(self._observers)

    def is_new(self, arrived: Arrived) -> bool:
        """Return whether a message is new.  Report the messages that are missing before it."""
        if not arrived.sequence:
            return True  # its publisher does not number its messages
        if arrived.is_last_value:
            return self._sequences.note(arrived.source, arrived.sequence)
        missing = self._sequences.check(arrived.source, arrived.sequence)
        self._report_missing(missing)
        return missing != REPEATED

    def expect(self, source: str, sequence: int) -> None:
        """Store the number of messages that a source has sent, and report missing ones."""
        self._report_missing(self._sequences.expect(source, sequence))

    def _report_missing(self, count: int) -> None:
        if count > 0:
            self._stats.dropped_messages += count
            self._log.warning("Missing messages of the %s port: %d", self.name, count)
            self._missed(count)

    def take(self, arrived: Arrived) -> None:
        """Pass a message to the observers, then deliver it."""
        try:
            message = decode(arrived.payload)
        except BadLineError as error:
            self._stats.bad_lines += 1
            self._line_observers.bad(arrived.payload, error.reason)
            return
        self._stats.messages += 1
        self._stats.bytes += len(arrived.payload)
        now = self._clock.seconds()
        if not arrived.is_last_value:
            self._rate.add(1, now)
            self._stats.last_message_time = now
        holds = message.get("id") not in _HOLD_WHILE_REPEATED
        value = _Value(arrived.payload, message, now - self._age(arrived))
        if holds and self._values is not None:
            self._values[arrived.subject] = value
            if len(self._values) > _MOST_VALUES:
                self._values.popitem(last=False)
        if holds or not arrived.is_last_value:
            _show(value, self._line_observers, now)
        self._delivery.put(iter((message,)))

    def _age(self, arrived: Arrived) -> float:
        """Return the seconds since the service received a message that arrives now.

        This is the only use of the wall clock.  Afterwards the age grows by a clock that never
        steps.
        """
        age = (self._utc() - arrived.received) / 1e9 if arrived.received else 0.0
        return age if age > _CLOCK_DIFFERENCE else 0.0

    def set_state(self, state: ConnectionState, *, resend_values: bool = False) -> None:
        """Report the state of the connection, if it has changed.

        Parameters
        ----------
        state
            The state.
        resend_values
            Whether observers get the last values again.  After a loss their old values are
            not reliable, and a controller also sends its values to each new client.
        """
        if state is self.state:
            return
        was_connected = self.state is ConnectionState.CONNECTED
        self.state = state
        self._line_observers.connection(state)
        is_connected = state is ConnectionState.CONNECTED
        if is_connected:
            self._stats.connects += 1
            if resend_values:
                self._resend_values(self._line_observers)
        if is_connected is not was_connected:
            self._delivery.put_connection_change(is_connected)

    def _resend_values(self, observers: LineObservers) -> None:
        for value in list((self._values or {}).values()):
            _show(value, observers, self._clock.seconds())

    def forget_values(self) -> None:
        """Delete the last values, because the values of another server follow."""
        if self._values is not None:
            self._values.clear()

    def stop(self) -> Deferred[None]:
        """Stop the delivery and drop queued messages; see `Delivery.stop`."""
        return self._delivery.stop()


def _show(value: _Value, observers: LineObservers, now: float) -> None:
    """Show a message to observers, with its age if it is late."""
    age = now - value.received_at
    if age > _CLOCK_DIFFERENCE:
        observers.received_late(value.line, value.message, age)
    else:
        observers.received(value.line, value.message)
