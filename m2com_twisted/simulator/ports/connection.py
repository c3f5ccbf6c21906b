"""One client on one port.

Source: :ref:`protocol-transport`, :ref:`protocol-lifetime`.
"""

import logging
from typing import Protocol as TypingProtocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ...connection.socket_options import set_socket_options
from ...wire import framing
from ...wire.codec import Message, encode
from ...wire.framing import LineSplitter
from .inbound import OversizeLine

__all__ = ["LINE_LIMIT", "Connection", "Port"]

#: The longest line that is read, in bytes.
LINE_LIMIT = 1024 * 1024

#: A client is dropped if it leaves this number of bytes unread, or any bytes for this number of
#: seconds.  Telemetry reaches the first limit in five seconds.
UNREAD_LIMIT = 1024 * 1024
UNREAD_SECONDS = 10.0

#: Seconds for a client to read the rest when the connection is closed.
_CLOSE_SECONDS = 1.0


class _Transport(ITCPTransport, IConsumer, IPushProducer):
    """A TCP transport with all its interfaces.  Twisted declares fewer for `Protocol`."""


class Port(TypingProtocol):
    """The methods of a port that its connection calls."""

    def client_connected(self, connection: "Connection") -> None:
        """Handle a new client."""

    def client_lost(self, connection: "Connection") -> None:
        """Handle the loss of the connection."""

    def line_received(self, connection: "Connection", line: bytes | OversizeLine) -> None:
        """Handle a line of the client."""

    def client_ready(self, connection: "Connection") -> None:
        """Handle that the client reads again."""


@implementer(IPushProducer)
class _WriteGate:
    """Records whether the transport accepts more data.

    This is a separate object, because `pauseProducing` of a protocol would pause reading.
    """

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def pauseProducing(self) -> None:
        self._connection.write_paused(True)

    def resumeProducing(self) -> None:
        self._connection.write_paused(False)

    def stopProducing(self) -> None:
        """Do nothing.  `connectionLost` handles the end."""


class Connection(Protocol):
    """The connection of one client.  It limits the length of lines and the unread messages.

    Attributes
    ----------
    peer
        Address of the client, for log lines.
    blocked
        Whether the client does not read.
    """

    transport: _Transport

    def __init__(self, port: Port, clock: IReactorTime, log: logging.Logger) -> None:
        self._port = port
        self._clock = clock
        self._log = log
        self._splitter = LineSplitter(LINE_LIMIT)
        self._unread = 0
        self._blocked_since = 0.0
        self._lost: list[Deferred[None]] = []
        self.peer = ""
        self.blocked = False
        self._force: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Set the socket options that both ends of the original use."""
        peer = self.transport.getPeer()
        self.peer = f"{getattr(peer, 'host', peer)}:{getattr(peer, 'port', '')}"
        set_socket_options(self.transport, self._log)
        self.transport.registerProducer(_WriteGate(self), True)
        self._port.client_connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Pass the lines on."""
        for line in self._splitter.feed(data):
            is_too_long = isinstance(line, framing.OversizeLine)
            # Without the CR.
            self.take_line(OversizeLine(LINE_LIMIT) if is_too_long else line[:-1])

    def take_line(self, line: bytes | OversizeLine) -> None:
        """Pass on a line.  An error in its handling must not close the connection."""
        try:
            self._port.line_received(self, line)
        except Exception:
            self._log.exception("The simulator failed on a line from %s.", self.peer)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: report the end of the connection to the waiting callers."""
        self.connected = 0
        if self._force is not None and self._force.active():
            self._force.cancel()
        self._port.client_lost(self)
        waiting, self._lost = self._lost, []
        for deferred in waiting:
            deferred.callback(None)

    def send(self, message: Message) -> None:
        """Send a message, unless the client is gone."""
        self.write(encode(message))

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client is gone or the connection is being closed."""
        if self.connected and self._force is None:
            self.put(data)

    def put(self, data: bytes) -> None:
        """Give bytes to the transport.  Drop the client if it has left too much unread."""
        if self.blocked:
            self._unread += len(data)
            if self._unread > UNREAD_LIMIT:
                self._drop_reader()
                return
        self.transport.write(data)

    def write_paused(self, paused: bool) -> None:
        """Store whether the client reads.

        A full transport reports this at every write.  The time counts from the first report.
        """
        if paused == self.blocked:
            return
        self.blocked = paused
        self._blocked_since, self._unread = self._clock.seconds(), 0
        if not paused:
            self._port.client_ready(self)

    def check_reading(self) -> None:
        """Drop the client if it has not read for too long.  Must be called regularly."""
        if self.blocked and self._clock.seconds() - self._blocked_since > UNREAD_SECONDS:
            self._drop_reader()

    def _drop_reader(self) -> None:
        self._log.warning("Dropped the client at %s: it does not read.", self.peer)
        self.abort()

    def pause_reading(self) -> None:
        """Pause reading from the client."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Resume reading from the client."""
        if self.connected:
            self.transport.resumeProducing()

    def close(self) -> None:
        """Close the connection in order.  Abort it if the client does not read the rest."""
        if self.connected and self._force is None:
            self._force = self._clock.callLater(_CLOSE_SECONDS, self.abort)
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def abort(self) -> None:
        """End the connection with a reset."""
        self.transport.abortConnection()

    def closed(self) -> "Deferred[None]":
        """Return a Deferred that fires when the connection is closed."""
        deferred: Deferred[None] = Deferred()
        if self.connected:
            self._lost.append(deferred)
        else:
            deferred.callback(None)
        return deferred
