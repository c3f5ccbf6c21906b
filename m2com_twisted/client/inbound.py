"""Decodes received lines, passes the messages to observers and commands, and delivers them."""

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

# Lines that only show that the peer is alive; ts_tcpip sends the second one.
_LIFE_SIGNS = (b"", b"heartbeat")

# Number of bytes of a bad line that its warning shows.
_SHOWN_BYTES = 200

# Seconds between two warnings about bad lines.
_BAD_LINE_LOG_INTERVAL = 10.0


class Inbound:
    """Takes the lines of the client's connections, one connection after the other.

    `lines_received` hands the messages of a chunk to the delivery, and ``_messages``
    decodes each one just before it is delivered.  To decode the whole chunk first was
    rejected.  It takes twice the time for a thousand messages, because no message can
    use the memory of the one before.

    Parameters
    ----------
    clock
        Measures the message rate.
    delivery
        Calls the user's callback with the messages.
    commands
        Sees each status of a command before it is delivered.
    observers
        Get each line before the delivery and the commands do.
    outages
        Counts the connections that have brought a message.
    stats
        Counts messages.
    log
        Reports the rate and bad lines.
    log_rate
        Whether the rate is reported while there is a connection.
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
        # `drop_waiting` replaces this object.  Messages of an older generation are dropped.
        self._generation = object()
        # The lines of the chunk that is arriving, which `_messages` takes one by
        # one.
        self._lines: Iterator[bytes] = iter(())
        # Time when the chunk arrived.
        self._now = 0.0
        # Number of its lines that were left when `_count` was last called.
        self._left = 0
        # Number of lines taken since then that were no messages.
        self._not_messages = 0
        self._rate = MessageRate()
        self._rate_log = LoopingCall(self._log_rate) if log_rate else None

    @property
    def stats(self) -> Stats:
        """The present values of the counters, also during the delivery of a chunk."""
        self._count()
        return replace(
            self._stats,
            queue_depth=self._delivery.depth,
            # Before the first message there may be no reactor to ask for the time.
            message_rate=self._rate.read(self._clock.seconds()) if self._stats.messages else 0.0,
        )

    # Called when a connection changes: see `ConnectionUser`

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
        self._generation = object()
        self._delivery.drop_waiting()

    def stop(self) -> Deferred[None]:
        """Implement `ConnectionUser`."""
        return self._delivery.stop()

    # Called for received lines: see `LineTaker`

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
        """Yield the message on each line, after observers and commands have seen it."""
        # While a command waits for its status, a status without a sequence id must
        # be logged.  It is enough to look for such commands once per chunk: the
        # chunk cannot answer a command that is sent while it is delivered.
        looks_at_all = bool(self._observers) or len(self._commands) > 0
        generation = self._generation
        for line in lines:
            try:
                message = decode_strictly(line)
            except STRICT_ERRORS:
                lenient = self._decode_leniently(line)
                if self._generation is not generation:
                    return  # closed by an observer of bad lines
                if lenient is None:
                    continue
                message = lenient
            # For speed, this looks for the key first.  Most messages are no status, and
            # to compare ids takes four times as long.
            if looks_at_all or "sequence_id" in message:
                self._look_at(line, message)
                if self._generation is not generation:
                    return  # closed by an observer, or by code that awaited the command
            yield message

    def _decode_leniently(self, line: bytes) -> Message | None:
        """Return the message on a line that is not strict JSON.  Report a line that has none."""
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
        generation = self._generation
        if self._observers:
            self._observers.received(line.removesuffix(b"\r"), message)
        name = message.get("id")  # of any type
        if isinstance(name, str) and name in STATUSES and self._generation is generation:
            self._commands.status_received(message)

    def _count(self) -> None:
        """Count the messages that were taken since this was last called.

        To count each message when it is taken was rejected.  It adds a twentieth to
        the time of a small event.
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
        # The line may end with the CR of its CR LF.
        self._report_bad_line(beginning.removesuffix(b"\r"), f"longer than {limit} bytes")

    def _report_bad_line(self, line: bytes, reason: str) -> None:
        """Pass a bad line to observers.  Log it, unless one was logged a short time ago."""
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
