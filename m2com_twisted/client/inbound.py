"""What arrives: lines become messages, observers and commands see them, then they are delivered."""

from collections.abc import Iterator
from dataclasses import replace
from operator import length_hint

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from ..commands.table import CommandTable
from ..connection.outages import Outages
from ..connection.state import ConnectionState
from ..delivery.backlog import ReadingControl
from ..delivery.delivery import Delivery
from ..errors import BadLineError
from ..support.log import NamedLog
from ..support.stats import MessageRate, Stats
from ..support.throttle import Throttle
from ..wire.codec import (
    STATUSES,
    STRICT_ERRORS,
    TERMINATOR,
    Message,
    decode_leniently,
    decode_strictly,
)
from .observers import LineObservers

__all__ = ["Inbound"]

# Lines that say that the peer lives and nothing else: ts_tcpip sends the second.
_LIFE_SIGNS = (b"", b"heartbeat")

# How much of a bad line its warning shows, in bytes.
_SHOWN_BYTES = 200

# Seconds between two warnings about bad lines.
_BAD_LINE_LOG_INTERVAL = 10.0


class Inbound:
    """Takes the lines of whatever connection there is.

    The way of a message: `lines_received` hands the messages of a chunk to the
    delivery, and ``_messages`` reads each from its line when it is its turn.  One
    at a time, because a thousand decoded messages at once cost twice as much as
    the same memory used a thousand times.

    Parameters
    ----------
    clock
        Measures the message rate.
    delivery
        Calls the user's callback with the messages.
    commands
        Sees the status of commands, ahead of its delivery.
    observers
        See each line, ahead of the two above.
    outages
        Told that a connection is a good one.
    stats
        Counts messages.
    log
        Reports the rate and bad lines.
    log_rate
        Whether the rate is reported, while connected.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        delivery: Delivery,
        commands: CommandTable,
        observers: LineObservers,
        outages: Outages,
        stats: Stats,
        log: NamedLog,
        log_rate: bool,
    ) -> None:
        self._clock = clock
        self._delivery = delivery
        self._commands = commands
        self._observers = observers
        self._outages = outages
        self._stats = stats
        self._log = log
        self._bad_line_throttle = Throttle(_BAD_LINE_LOG_INTERVAL)
        # Another one from each `drop_waiting` on: what belongs to an old one is dropped.
        self._life = object()
        # The lines of the chunk that is arriving, and when it arrived; how many
        # of them were left, when they were last counted, and how many of those
        # taken since were no messages.
        self._lines: Iterator[bytes] = iter(())
        self._now = 0.0
        self._left = 0
        self._not_messages = 0
        self._rate = MessageRate()
        self._rate_log = LoopingCall(self._log_rate) if log_rate else None

    @property
    def stats(self) -> Stats:
        """The counters as they are now, also in the midst of a chunk."""
        self._count()
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            # Without a message there may be no reactor yet to ask for the time.
            message_rate=self._rate.read(self._clock.seconds()) if self._stats.messages else 0.0,
        )

    # The life of connections: see `ConnectionUser`

    def connection_made(self, connection: ReadingControl) -> None:
        """Implement `ConnectionUser`."""
        self._delivery.connection_made(connection)
        if self._rate_log is not None:
            self._rate_log.clock = self._clock
            self._rate_log.start(MessageRate.PERIOD, now=False)

    def connection_lost(self) -> None:
        """Implement `ConnectionUser`."""
        self._delivery.connection_lost()
        if self._rate_log is not None and self._rate_log.running:
            self._rate_log.stop()

    def fail_pending(self) -> None:
        """Implement `ConnectionUser`."""
        self._commands.connection_lost()

    def connection_changed(self, connected: bool) -> None:
        """Implement `ConnectionUser`."""
        self._delivery.put_connection_change(connected)

    def state_changed(self, state: ConnectionState) -> None:
        """Implement `ConnectionUser`."""
        self._observers.connection(state)

    def drop_waiting(self) -> None:
        """Implement `ConnectionUser`."""
        self._life = object()
        self._delivery.drop_waiting()

    def stop(self) -> Deferred[None]:
        """Implement `ConnectionUser`."""
        return self._delivery.stop()

    # The way of a message

    def lines_received(self, lines: list[bytes]) -> None:
        """Implement `LineTaker`."""
        self._lines, self._left = iter(lines), len(lines)
        self._now = self._clock.seconds()
        known = self._stats.messages
        self._delivery.put(self._messages(self._lines))
        self._count()
        if self._stats.messages > known:
            self._outages.proved_good()

    def _messages(self, lines: Iterator[bytes]) -> Iterator[Message]:
        """Yield the message on each line; observers and commands have seen it by then."""
        # While a command awaits its status, a status without a sequence id is
        # worth a warning.  Asked once for the chunk, since no command that is
        # sent on the way is answered in it.
        looks_at_all = bool(self._observers) or len(self._commands) > 0
        life = self._life
        for line in lines:
            try:
                message = decode_strictly(line)
            except STRICT_ERRORS:
                lenient = self._decode_leniently(line)
                if self._life is not life:
                    return  # closed by an observer of bad lines
                if lenient is None:
                    continue
                message = lenient
            # Most messages are no status, and that a key is missing is found in
            # a quarter of the time that it takes to compare ids.
            if looks_at_all or "sequence_id" in message:
                self._look_at(line, message)
                if self._life is not life:
                    return  # closed by an observer, or by whoever awaited the command
            yield message

    def _decode_leniently(self, line: bytes) -> Message | None:
        """Return the message on a line that is no strict JSON; None, reported, if it is none."""
        line = line.removesuffix(b"\r")
        try:
            return decode_leniently(line)
        except BadLineError as error:
            self._not_messages += 1
            if line not in _LIFE_SIGNS:
                self._stats.bad_lines += 1
                self._report_bad_line(line, error.reason)
            return None

    def _look_at(self, line: bytes, message: Message) -> None:
        """Show a message to observers, and to the command whose status it may be."""
        life = self._life
        if self._observers:
            self._observers.received(line.removesuffix(b"\r"), message)
        name = message.get("id")  # which may be anything
        if isinstance(name, str) and name in STATUSES and self._life is life:
            self._commands.status_received(message)

    def _count(self) -> None:
        """Count the messages that were taken since this was last called.

        Rejected: to count each as it is taken.  That takes as long as to look
        for a key, a twentieth of the time of a small event.
        """
        left = length_hint(self._lines)
        count = self._left - left - self._not_messages
        self._left, self._not_messages = left, 0
        if count:
            self._stats.messages += count
            self._stats.last_message_time = self._now
            self._rate.add(count, self._now)

    def oversize_line_received(self, beginning: bytes, limit: int) -> None:
        """Implement `LineTaker`."""
        self._stats.oversize_lines += 1
        # The CR of its CR LF may have come with it.
        self._report_bad_line(beginning.removesuffix(b"\r"), f"longer than {limit} bytes")

    def _report_bad_line(self, line: bytes, reason: str) -> None:
        """Show a line that is ignored to observers, and log it unless many have been lately."""
        self._observers.bad(line, reason)
        held_back = self._bad_line_throttle.admit(self._clock.seconds())
        if held_back is not None:
            self._log.warning(
                "Ignored a line that is %s: %r (%d more not logged before it)",
                reason,
                line[:_SHOWN_BYTES],
                held_back,
            )

    def line_sent(self, line: bytes) -> None:
        """Implement `LineTaker`."""
        if self._observers:
            self._observers.sent(line[: -len(TERMINATOR)])

    def _log_rate(self) -> None:
        self._log.debug("Received %.0f messages/s", self._rate.read(self._clock.seconds()))
