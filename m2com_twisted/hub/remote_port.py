"""One of the controller's two ports, as a reader of the hub sees it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..client.observers import LineObserver, LineObservers
from ..connection.state import ConnectionState
from ..delivery.delivery import Delivery, MessageCallback
from ..errors import BadLineError
from ..support.log import NamedLog
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message, decode
from .reading import Arrived
from .sequence import REPEATED, SequenceCheck

__all__ = ["RemotePort"]

# More values than the controller has: it has 130, 84 of them modes of its ILCs.
_MOST_VALUES = 1000

#: Events that are repeated as long as they hold: the last one is no news for an observer,
#: which would take it for a present one.
_HOLD_WHILE_REPEATED = frozenset({"m2AssemblyInPosition"})

#: Messages that wait for a callback; what comes beyond drops the oldest, since
#: nothing can be told to wait here.
_QUEUE = 1000


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
        Called with the number of messages that are missing before the next.
    observers
        See all lines before they are delivered.
    keeps_values
        Whether to keep the last message of each subject, for those who come later.
    clock, log
        As everywhere.
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
        log: NamedLog,
    ) -> None:
        self.name = name
        self._stats = Stats()
        self._rate = MessageRate()
        self.state = ConnectionState.IDLE
        self._missed = missed
        self._observers: list[LineObserver] = list(observers)
        self._clock = clock
        self._log = log
        self._sequences = SequenceCheck(time.time_ns())
        self._values: OrderedDict[str, tuple[bytes, Message]] | None = (
            OrderedDict() if keeps_values else None
        )
        self._tell = self._checked(self._observers)
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
        """The counters as they are now."""
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            message_rate=self._rate.read(self._clock.seconds()),
        )

    def _checked(self, observers: Iterable[LineObserver]) -> LineObservers:
        return LineObservers(observers, clock=self._clock, stats=self._stats, log=self._log)

    def add_observer(self, observer: LineObserver) -> None:
        """Let an observer see what comes, after what is known already."""
        alone = self._checked([observer])
        self._observers.append(observer)
        self._tell = self._checked(self._observers)
        if self.state is ConnectionState.CONNECTED:
            alone.connection(self.state)
            self._tell_values(alone)

    def remove_observer(self, observer: LineObserver) -> None:
        """Remove an observer.  Does nothing if it was not added."""
        if observer in self._observers:
            self._observers.remove(observer)
        self._tell = self._checked(self._observers)

    def is_new(self, arrived: Arrived) -> bool:
        """Return whether a message was not received before; report messages missing before it."""
        if not arrived.sequence:
            return True  # of a publisher that does not number its messages
        if arrived.is_last_value:
            return self._sequences.note(arrived.source, arrived.sequence)
        missing = self._sequences.check(arrived.source, arrived.sequence)
        self._tell_missing(missing)
        return missing != REPEATED

    def expect(self, source: str, sequence: int) -> None:
        """Remember how many messages a source has sent; tell what did not come."""
        self._tell_missing(self._sequences.expect(source, sequence))

    def _tell_missing(self, count: int) -> None:
        if count > 0:
            self._stats.dropped_messages += count
            self._log.warning("Messages of the %s port that are missing: %d", self.name, count)
            self._missed(count)

    def take(self, arrived: Arrived) -> None:
        """Tell a message to the observers, and deliver it."""
        try:
            message = decode(arrived.payload)
        except BadLineError as error:
            self._stats.bad_lines += 1
            self._tell.bad(arrived.payload, error.reason)
            return
        self._stats.messages += 1
        self._rate.add(1, self._clock.seconds())
        self._stats.bytes += len(arrived.payload)
        self._stats.last_message_time = self._clock.seconds()
        holds = message.get("id") not in _HOLD_WHILE_REPEATED
        if holds:
            self._keep(arrived, message)
        if holds or not arrived.is_last_value:
            self._tell.received(arrived.payload, message)
        self._delivery.put(iter((message,)))

    def _keep(self, arrived: Arrived, message: Message) -> None:
        if self._values is not None:
            self._values[arrived.subject] = arrived.payload, message
            if len(self._values) > _MOST_VALUES:
                self._values.popitem(last=False)

    def set_state(self, state: ConnectionState, *, tell_values: bool = False) -> None:
        """Tell where the connection stands, if that is news.

        Parameters
        ----------
        state
            Where it stands.
        tell_values
            Whether observers are told again what the values are: the
            controller greets each new client so, and what they knew is
            doubtful since the loss.
        """
        if state is self.state:
            return
        was_connected = self.state is ConnectionState.CONNECTED
        self.state = state
        self._tell.connection(state)
        is_connected = state is ConnectionState.CONNECTED
        if is_connected:
            self._stats.connects += 1
            if tell_values:
                self._tell_values(self._tell)
        if is_connected is not was_connected:
            self._delivery.put_connection_change(is_connected)

    def _tell_values(self, observers: LineObservers) -> None:
        for line, message in list((self._values or {}).values()):
            observers.received(line, message)

    def forget_values(self) -> None:
        """Forget the last values: those of another server follow."""
        if self._values is not None:
            self._values.clear()

    def stop(self) -> Deferred[None]:
        """Deliver nothing that waits; see `Delivery.stop`."""
        return self._delivery.stop()
