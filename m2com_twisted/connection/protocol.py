"""One connection: bytes to messages and lines to bytes.

The lines of a chunk are cut and their messages handed over all together, not
one by one as `LineReceiver` does: see `LineSplitter` for the cost of that.
"""

from collections import deque
from collections.abc import Generator
from operator import length_hint
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from ..errors import BadLineError, NotConnectedError, SilentPeerError
from ..support.log import NamedLog
from ..support.stats import Stats
from ..support.throttle import Throttle
from ..wire.codec import (
    STATUSES,
    STRICT_ERRORS,
    TERMINATOR,
    Message,
    decode_leniently,
    decode_strictly,
)
from ..wire.framing import LineSplitter
from .socket_options import set_socket_options
from .watchdog import Watchdog
from .write_gate import WriteGate

__all__ = ["ConnectionOwner", "MessageProtocol", "MessageReceiver"]

# Lines that say that the peer lives and nothing else: ts_tcpip sends the second.
_LIFE_SIGNS = (b"", b"heartbeat")

# How much of a bad line its warning shows, in bytes.
_SHOWN_BYTES = 200

# Seconds between two warnings about bad lines.
_BAD_LINE_LOG_INTERVAL = 10.0

# How long a peer may take to read the rest after `disconnect`, in seconds.
_DISCONNECT_TIME = 2.0


class ConnectionTransport(Protocol):
    """What a connection needs of its transport; every TCP, TLS or UNIX transport has it."""

    def write(self, data: bytes) -> None: ...

    def loseConnection(self) -> None: ...

    def abortConnection(self) -> None: ...

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...


class MessageReceiver(Protocol):
    """Who takes what a connection brings."""

    def messages_received(self, messages: Generator[Message, None, None]) -> None:
        """Take the messages of one chunk, in order of arrival; to be closed in the end."""

    @property
    def awaits_status(self) -> bool:
        """Whether a command is under way whose status may come."""

    def status_received(self, message: Message) -> None:
        """Look at the status of a command, ahead of its delivery."""


class ConnectionOwner(Protocol):
    """Who has a connection made."""

    def connection_lost(self, protocol: "MessageProtocol", reason: Failure) -> None:
        """Learn that the connection is gone, once."""


class MessageProtocol(LineReceiver):
    """A connection to the cell controller.

    Nothing a peer sends, but for closing, ends the connection: what is not a
    message is counted, reported and skipped.

    Parameters
    ----------
    owner
        Who learns of its end.
    receiver
        Who takes the messages.
    clock
        For timeouts.
    stats
        Where bytes and bad lines are counted.
    log
        Where bad lines are reported.
    max_line_length
        The longest line that is accepted, in bytes without its terminator.
    max_waiting_bytes
        The most that may wait to be written.
    """

    delimiter = TERMINATOR
    transport: ConnectionTransport  # type: ignore[assignment]  # set before anything is called

    def __init__(
        self,
        owner: ConnectionOwner,
        *,
        receiver: MessageReceiver,
        clock: IReactorTime,
        stats: Stats,
        log: NamedLog,
        max_line_length: int,
        max_waiting_bytes: int,
    ) -> None:
        self.MAX_LENGTH = max_line_length
        self._owner = owner
        self._receiver = receiver
        self._clock = clock
        self._stats = stats
        self._log = log
        self._throttle = Throttle(_BAD_LINE_LOG_INTERVAL)
        self._gate = WriteGate(max_waiting_bytes)
        self._watchdog = Watchdog(clock, self._peer_is_silent)
        # Those that have arrived; the first is being taken.
        self._chunks: deque[bytes] = deque()
        self._splitter = LineSplitter(max_line_length, self.lineLengthExceeded)
        self._abort: IDelayedCall | None = None
        self._lost: Deferred[None] | None = None
        self._own_reason: Failure | None = None
        #: Whether messages can be written; False from the moment that this
        #: end gives the connection up.
        self.is_open = False
        #: Bytes received.
        self.received_bytes = 0

    # Reading

    def connectionMade(self) -> None:
        """Override: prepare the transport."""
        set_socket_options(self.transport)
        self.transport.registerProducer(self._gate, streaming=True)
        self.is_open = True

    def set_timeout(self, timeout: float | None) -> None:
        """Abort when no line arrives for this many seconds; None: wait for ever."""
        if self.is_open:
            self._watchdog.start(timeout)

    def pause_reading(self) -> None:
        """Take no more from the peer.  A loss is not noticed meanwhile."""
        self._watchdog.rest()
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Go on."""
        self._watchdog.resume()
        self.transport.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """Override: take a chunk, or leave it to whoever is taking one.

        A transport in memory may bring the answer to what a callback writes
        while the lines around the message that it was called with are taken.
        """
        self._chunks.append(data)
        if len(self._chunks) == 1:
            while self._chunks:
                self._take(self._chunks[0])
                self._chunks.popleft()

    def _take(self, data: bytes) -> None:
        """Decode all lines that a chunk completes, in one go."""
        if not self.is_open:
            return
        self.received_bytes += len(data)
        self._stats.bytes += len(data)
        lines = self._splitter.feed(data)
        if lines:
            self._watchdog.heard()
            self._receiver.messages_received(self._messages(lines))

    def lineLengthExceeded(self, line: bytes) -> None:
        """Override: report the beginning of a line that is too long; the rest is skipped."""
        self._watchdog.heard()
        self._stats.oversize_lines += 1
        self._warn(f"longer than {self.MAX_LENGTH} bytes", line)

    def _messages(self, lines: list[bytes]) -> Generator[Message, None, None]:
        """Yield the messages on lines; what else they may hold is dealt with here.

        One at a time, because a thousand decoded messages at once cost twice
        as much as the same memory used a thousand times.
        """
        rest = iter(lines)
        bad = 0
        # A status is told by its id.  But to compare ids takes four times as
        # long as to look for a key, and while no command waits for one, a
        # status without a sequence id says nothing.  Asked once for the chunk:
        # no command that is sent on the way is answered in it.
        awaited = self._receiver.awaits_status
        try:
            for line in rest:
                try:
                    message = decode_strictly(line)
                except STRICT_ERRORS:
                    line = line[:-1]  # without the CR
                    try:
                        message = decode_leniently(line)
                    except BadLineError as error:
                        self._bad_line(line, error)
                        bad += 1
                        continue
                if (awaited or "sequence_id" in message) and _is_status(message):
                    self._receiver.status_received(message)
                    if self._lost is not None:
                        return  # closed by who waited for this status
                yield message
        finally:
            # Those taken, less the bad; to count one by one takes as long as to look for a key.
            self._stats.messages += len(lines) - length_hint(rest) - bad

    def _bad_line(self, line: bytes, error: BadLineError) -> None:
        if line not in _LIFE_SIGNS:
            self._stats.bad_lines += 1
            self._warn(error.reason, line)

    def _warn(self, reason: str, line: bytes) -> None:
        """Log a line that is ignored, unless too many have been lately."""
        held_back = self._throttle.admit(self._clock.seconds())
        if held_back is not None:
            self._log.warning(
                "Ignored a line that is %s: %r (%d more not logged before it)",
                reason,
                line[:_SHOWN_BYTES],
                held_back,
            )

    def _peer_is_silent(self, timeout: float) -> None:
        self._own_reason = Failure(SilentPeerError(timeout))
        self.abort()

    # Writing

    @property
    def has_room(self) -> bool:
        """Whether `write` may be called without waiting for room."""
        return self._gate.is_open

    def wait_for_room(self, size: int) -> Deferred[None]:
        """Wait for one's turn to write; see `WriteGate.wait`.

        Fails with `NotConnectedError` by `fail_writers`.
        """
        return self._gate.wait(size)

    def fail_writers(self) -> None:
        """Fail those who wait for room.

        For the owner to call: it knows when its state is such that they may react.
        """
        self._gate.fail(NotConnectedError("The connection was lost before the message was sent."))

    def write(self, line: bytes) -> None:
        """Write a line, terminator included, in one piece."""
        self.transport.write(line)

    # The end

    def disconnect(self) -> Deferred[None]:
        """Close the connection, by force if the peer does not take the rest in time.

        Returns
        -------
            Fires when it is closed.
        """
        self._lost = Deferred()
        self._give_up()
        self._abort = self._clock.callLater(_DISCONNECT_TIME, self.abort)
        self.transport.loseConnection()
        return self._lost

    def abort(self) -> None:
        """Close the connection at once, whatever waits to be sent."""
        self._give_up()
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: tell the owner."""
        self._give_up()
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        self._owner.connection_lost(self, self._own_reason or reason)
        if self._lost is not None:
            self._lost.callback(None)

    def _give_up(self) -> None:
        """Accept nothing any more."""
        if self.is_open:
            self.is_open = False
            self._watchdog.stop()
            # A paused producer would keep the transport from closing.
            self.transport.unregisterProducer()


def _is_status(message: Message) -> bool:
    """Whether a message is the status of a command; its id may be anything."""
    name = message.get("id")
    return isinstance(name, str) and name in STATUSES
