"""The protocol of one connection: it splits received data into lines, and writes lines.

This protocol passes on all lines of a chunk together.  `LineReceiver` passes on
one line at a time.  `LineSplitter` explains the cost of that.
"""

from collections import deque
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from ..errors import NotConnectedError, SilentPeerError
from ..support.log import NamedLog
from ..support.stats import Stats
from ..wire.codec import TERMINATOR
from ..wire.framing import LineSplitter, OversizeLine, runs
from .close_timeouts import PEER_CLOSE_TIMEOUT
from .line_taker import LineTaker
from .socket_options import set_socket_options
from .watchdog import Watchdog
from .write_gate import WriteGate

__all__ = ["ConnectionOwner", "MessageProtocol"]


class ConnectionTransport(Protocol):
    """The methods of a transport that a connection needs.  TCP, TLS and UNIX have them."""

    def write(self, data: bytes) -> None: ...

    def loseConnection(self) -> None: ...

    def abortConnection(self) -> None: ...

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...


class ConnectionOwner(Protocol):
    """Owner of a connection."""

    def connection_given_up(self, connection: "MessageProtocol") -> None:
        """Handle the client's abort of a connection whose peer is silent."""

    def connection_lost(self, connection: "MessageProtocol", reason: BaseException) -> None:
        """Handle the loss of the connection.  It is called once."""


class MessageProtocol(LineReceiver):
    """A connection to the cell controller.

    A peer can end the connection only by closing it.  A line that is not a
    message is counted, reported and skipped.

    Parameters
    ----------
    owner
        Owner of the connection.  It is called once when the connection is lost.
    receiver
        Takes the lines.
    clock
        Measures timeouts.
    stats
        Counts bytes.
    log
        Receives a warning if a socket option cannot be set.
    max_line_length
        The longest line that is accepted, in bytes without its terminator.
    max_waiting_bytes
        Largest number of bytes that wait to be written.
    waits_for_first_line
        Whether the timeout starts with the first line.  Otherwise, it starts
        with the connection.
    """

    delimiter = TERMINATOR
    transport: ConnectionTransport  # type: ignore[assignment]  # set before anything is called

    def __init__(
        self,
        owner: ConnectionOwner,
        *,
        receiver: LineTaker,
        clock: IReactorTime,
        stats: Stats,
        log: NamedLog,
        max_line_length: int,
        max_waiting_bytes: int,
        waits_for_first_line: bool = False,
    ) -> None:
        self.MAX_LENGTH = max_line_length
        self._owner = owner
        self._receiver = receiver
        self._clock = clock
        self._stats = stats
        self._log = log
        self._gate = WriteGate(max_waiting_bytes)
        self._watchdog = Watchdog(clock, self._peer_is_silent)
        self._timeout: float | None = None
        self._waits_for_line = waits_for_first_line
        # The chunks that have arrived.  They wait while the protocol is busy.  At first, it is
        # busy until `start_reading` is called.
        self._chunks: deque[bytes] = deque()
        self._busy = True
        self._splitter = LineSplitter(max_line_length)
        # The transport is read only after `start_reading` was called.  It is not read
        # while the backlog is full.
        self._started = False
        self._paused = False
        self._gate_registered = False
        self._aborted = False
        self._abort: IDelayedCall | None = None
        self._own_reason: SilentPeerError | None = None
        #: Whether there is a transport that has not ended.
        self.is_alive = False
        #: Whether messages can be written.  It is False as soon as the client gives
        #: up the connection.
        self.is_open = False
        #: Bytes received.
        self.received_bytes = 0

    # Reading

    def connectionMade(self) -> None:
        """Override: prepare the transport, and read nothing yet."""
        self.is_alive = True
        if self._aborted:
            self.transport.abortConnection()
            return
        set_socket_options(self.transport, self._log)
        self.transport.registerProducer(self._gate, streaming=True)
        self._gate_registered = True
        # Nothing is read until the endpoint has handed over the connection and the user
        # was told of it.  So no message comes before that.
        self.transport.pauseProducing()
        self.is_open = True

    def start_reading(self) -> None:
        """Take everything that has arrived, and everything that will arrive."""
        self._started = True
        if not self._paused:
            self.transport.resumeProducing()
        self._take_chunks()

    def set_timeout(self, timeout: float | None) -> None:
        """Abort if no line arrives for this number of seconds.  None means no timeout."""
        self._timeout = timeout
        if self.is_open and not self._waits_for_line:
            self._watchdog.start(timeout)

    def pause_reading(self) -> None:
        """Stop reading from the peer.  While reading is stopped, no loss is noticed."""
        self._paused = True
        self._watchdog.rest()
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Resume reading from the peer."""
        self._paused = False
        self._watchdog.resume()
        if self._started:
            self.transport.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """Override: process a chunk, or queue it if another is being processed.

        A transport in memory may deliver a chunk while another chunk is being
        processed, or while a line is being written.
        """
        self._chunks.append(data)
        if not self._busy:
            self._take_chunks()

    def _take_chunks(self) -> None:
        self._busy = True
        try:
            while self._chunks:
                self._take(self._chunks.popleft())
        finally:
            self._busy = False

    def _take(self, data: bytes) -> None:
        """Cut a chunk into lines, and pass them on to the receiver."""
        if not self.is_open:
            return
        self.received_bytes += len(data)
        self._stats.bytes += len(data)
        lines = self._splitter.feed(data)
        if lines and self._waits_for_line:
            self._waits_for_line = False
            self.set_timeout(self._timeout)
        elif lines or self._watchdog.in_doubt:
            self._watchdog.heard()
        for part in runs(lines) if self._splitter.found_oversize else [lines]:
            # The processing of the previous line may have closed the connection.
            if part and self.is_open:
                if isinstance(part, OversizeLine):
                    self._receiver.oversize_line_received(part, self.MAX_LENGTH)
                else:
                    self._receiver.lines_received(part)

    def _peer_is_silent(self, timeout: float) -> None:
        self._own_reason = SilentPeerError(timeout)
        self.abort()
        self._owner.connection_given_up(self)

    # Writing

    def has_space_for(self, size: int) -> bool:
        """Return whether `write` may be called at once; see `WriteGate.has_space_for`."""
        return self._gate.has_space_for(size)

    def wait_for_space(self, size: int) -> Deferred[None]:
        """Wait for the turn to write; see `WriteGate.wait`.

        The Deferred fails with `NotConnectedError` when `fail_writers` is called.
        """
        return self._gate.wait(size)

    def fail_writers(self) -> None:
        """Fail the writers that wait for their turn.

        The owner calls this after it has set its state, because writers react to this call.
        """
        self._gate.fail(NotConnectedError("The connection was lost before the message was sent."))

    def write(self, line: bytes) -> None:
        """Write a line, CR LF included, in one piece.

        A transport in memory may deliver the answer at once.  The answer waits until
        observers have seen this line.

        Raises
        ------
        NotConnectedError
            If the connection is closing or lost.
        """
        if not self.is_open:
            raise NotConnectedError("The connection was lost before the message was sent.")
        busy, self._busy = self._busy, True
        try:
            self.transport.write(line)
            self._receiver.line_sent(line)
        finally:
            self._busy = busy
        if not busy and self._chunks:
            self._take_chunks()

    # The end

    def give_up(self) -> None:
        """Accept no more messages to send, and take no more lines.

        The transport stays as it is; call `disconnect` or `abort` next.
        """
        self.is_open = False
        self._watchdog.stop()

    def disconnect(self) -> None:
        """Close the connection.  Abort it if the peer does not read the remaining data in time."""
        self.give_up()
        if not self.is_alive:
            return
        self._abort = self._clock.callLater(PEER_CLOSE_TIMEOUT, self.abort)
        self._release_transport()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close the connection at once, and drop unsent data.

        If the connection is not made yet, close it as soon as it is made.
        """
        self.give_up()
        aborted, self._aborted = self._aborted, True
        if self.is_alive and not aborted:
            self._release_transport()
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: call the owner."""
        self.give_up()
        self.is_alive = False
        self._unregister_gate()
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        self._owner.connection_lost(self, self._own_reason or reason.value or ConnectionLost())

    def _release_transport(self) -> None:
        """Resume a paused transport.  A paused one may not close, or may not report its end."""
        self._unregister_gate()
        if self._paused or not self._started:
            self._paused, self._started = False, True
            self.transport.resumeProducing()

    def _unregister_gate(self) -> None:
        if self._gate_registered:
            self._gate_registered = False
            self.transport.unregisterProducer()
