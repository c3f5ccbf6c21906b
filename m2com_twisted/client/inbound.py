"""What arrives: seen at once by those who must, then delivered."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from ..commands.table import CommandTable
from ..connection.outages import Outages
from ..delivery.backlog import ReadingControl
from ..delivery.delivery import Delivery
from ..support.log import NamedLog, beginning_of
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message

__all__ = ["Inbound"]


class Inbound:
    """Takes the messages of whatever connection there is.

    Parameters
    ----------
    clock
        Measures the message rate.
    delivery
        Where messages go.
    commands
        Who sees the status of commands, ahead of its delivery.
    history
        Who is told that a connection is a good one.
    stats
        Where messages are counted.
    log
        Where the rate is reported.
    log_rate
        Whether it is, while connected.
    arrival_callback
        Called with each message ahead of its delivery.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        delivery: Delivery,
        commands: CommandTable,
        history: Outages,
        stats: Stats,
        log: NamedLog,
        log_rate: bool,
        arrival_callback: Callable[[Message], object] | None,
    ) -> None:
        self._clock = clock
        self._delivery = delivery
        self._commands = commands
        self._history = history
        self._stats = stats
        self._log = log
        self._arrival_callback = arrival_callback
        # Whether the client was closed since the last connection began.
        self._stopped = False
        self._rate = MessageRate()
        self._rate_log = LoopingCall(self._log_rate) if log_rate else None

    @property
    def stats(self) -> Stats:
        """The counters as they are now."""
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            # Without a message there may be no reactor yet to ask for the time.
            message_rate=self._rate.read(self._clock.seconds()) if self._stats.messages else 0.0,
        )

    def begin(self, reading: ReadingControl) -> None:
        """Take what a new connection brings."""
        self._stopped = False
        self._delivery.attach(reading)
        if self._rate_log is not None:
            self._rate_log.clock = self._clock
            self._rate_log.start(MessageRate.PERIOD, now=False)

    def end(self) -> None:
        """Forget a connection that is gone."""
        self._delivery.detach()
        if self._rate_log is not None:
            self._rate_log.stop()

    def fail_commands(self) -> None:
        """Fail the commands that await their status: none will come."""
        self._commands.connection_lost()

    def tell_change(self, connected: bool) -> None:
        """Tell the user of a change of the connection, in order with the messages."""
        self._delivery.put_connection_change(connected)

    def stop(self) -> Deferred[None]:
        """Deliver nothing that waits, and cancel the callback; see `Delivery.stop`."""
        self._stopped = True
        return self._delivery.stop()

    def messages_received(self, messages: Generator[Message, None, None]) -> None:
        """Implement `MessageReceiver`."""
        known = self._stats.messages
        if self._arrival_callback is not None:
            self._delivery.put(self._announced(messages, self._arrival_callback))
        else:
            self._delivery.put(messages)
        # It counts at its end, to which it has not come if the client was closed.
        messages.close()
        count = self._stats.messages - known
        if count:
            now = self._clock.seconds()
            self._stats.last_message_time = now
            self._rate.add(count, now)
            self._history.proved_good()

    @property
    def awaits_status(self) -> bool:
        """Implement `MessageReceiver`."""
        return len(self._commands) > 0

    def status_received(self, message: Message) -> None:
        """Implement `MessageReceiver`."""
        self._commands.status_received(message)

    def _announced(
        self, messages: Iterator[Message], arrival_callback: Callable[[Message], object]
    ) -> Iterator[Message]:
        """Yield messages, each when the user has been told that it has arrived."""
        for message in messages:
            try:
                arrival_callback(message)
            except BaseException:
                # SystemExit too, which would cost the rest of the chunk.
                self._stats.callback_errors += 1
                shown = beginning_of(message)
                self._log.exception("The arrival callback failed on the message %s", shown)
            if self._stopped:
                return  # closed by the arrival callback
            yield message

    def _log_rate(self) -> None:
        self._log.debug("Received %.0f messages/s", self._rate.read(self._clock.seconds()))
