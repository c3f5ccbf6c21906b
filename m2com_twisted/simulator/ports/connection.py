"""One client on one port.

Source: :ref:`protocol-transport`, :ref:`protocol-lifetime`.
"""

import logging
from collections.abc import Callable
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
from .pacing import SlowWriter

__all__ = ["LINE_LIMIT", "Connection", "Port"]

#: The longest line that is read, in bytes.
LINE_LIMIT = 1024 * 1024

#: A client that has left this many bytes unread, or anything for this many
#: seconds, is dropped.  Telemetry fills the first in five seconds.
UNREAD_LIMIT = 1024 * 1024
UNREAD_SECONDS = 10.0

#: Seconds that a client gets to take the rest when the connection is closed.
_GOODBYE_SECONDS = 1.0


class _Transport(ITCPTransport, IConsumer, IPushProducer):
    """A TCP transport, with all its interfaces: Twisted declares fewer for `Protocol`."""


class Port(TypingProtocol):
    """What a port does with its client."""

    def client_connected(self, connection: "Connection") -> None:
        """Greet a client."""

    def client_lost(self, connection: "Connection") -> None:
        """See it go."""

    def line_received(self, connection: "Connection", line: bytes | OversizeLine) -> None:
        """Take a line from it."""

    def client_ready(self, connection: "Connection") -> None:
        """Know that it reads again."""


@implementer(IPushProducer)
class _WriteGate:
    """Knows whether the transport takes more.

    An object of its own: a protocol's own `pauseProducing` stops reading.
    """

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def pauseProducing(self) -> None:
        self._connection.write_paused(True)

    def resumeProducing(self) -> None:
        self._connection.write_paused(False)

    def stopProducing(self) -> None:
        """Leave it to `connectionLost`."""


class Connection(Protocol):
    """One client: lines in, messages out, neither without bound.

    Attributes
    ----------
    peer
        Its address, for log lines.
    blocked
        Whether it does not read what it is sent.
    muted
        Whether everything sent to it is lost on the way.
    treatments
        What is done to it right after the welcome.
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
        self.muted = False
        self.treatments: list[Callable[[Connection], None]] = []
        self._deaf = False
        self._force: IDelayedCall | None = None
        self._drip: SlowWriter | None = None

    def connectionMade(self) -> None:
        """Set the socket up as both ends of the original do."""
        peer = self.transport.getPeer()
        self.peer = f"{getattr(peer, 'host', peer)}:{getattr(peer, 'port', '')}"
        set_socket_options(self.transport, self._log)
        self.transport.registerProducer(_WriteGate(self), True)
        self._port.client_connected(self)
        for treatment in self.treatments:
            treatment(self)

    def dataReceived(self, data: bytes) -> None:
        """Pass the lines on."""
        for line in self._splitter.feed(data):
            is_too_long = isinstance(line, framing.OversizeLine)
            # Without the CR.
            self._take(OversizeLine(LINE_LIMIT) if is_too_long else line[:-1])

    def _take(self, line: bytes | OversizeLine) -> None:
        """Pass a line on; what it does wrong must not cost the connection."""
        if self._deaf:
            return
        try:
            self._port.line_received(self, line)
        except Exception:
            self._log.exception("The simulator failed on a line from %s.", self.peer)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: tell those who wait for the end of the connection."""
        self.connected = 0
        if self._drip is not None:
            self._drip.stop()
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
        """Send bytes; drop the client if it has left too much unread."""
        if not self.connected or self.muted or self._force is not None:
            return
        if self._drip is not None:
            self._drip.write(data)
            return
        if self.blocked:
            self._unread += len(data)
            if self._unread > UNREAD_LIMIT:
                self._drop_reader()
                return
        self.transport.write(data)

    def write_paused(self, paused: bool) -> None:
        """Remember whether the client reads.

        A transport says that it is full with every write, which is one time to count from.
        """
        if paused == self.blocked:
            return
        self.blocked = paused
        self._blocked_since, self._unread = self._clock.seconds(), 0
        if not paused:
            self._port.client_ready(self)

    def check_reading(self) -> None:
        """Drop the client if it has not read for long.  To be called now and then."""
        if self.blocked and self._clock.seconds() - self._blocked_since > UNREAD_SECONDS:
            self._drop_reader()

    def _drop_reader(self) -> None:
        self._log.warning("Dropped the client at %s: it does not read.", self.peer)
        self.abort()

    def pause_reading(self) -> None:
        """Let the client wait with what else it has to say."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Listen again."""
        if self.connected and not self._deaf:
            self.transport.resumeProducing()

    def go_silent(self) -> None:
        """Send nothing from now on, but go on reading."""
        self.muted = True

    def go_dead(self) -> None:
        """Neither send nor read from now on, as if the cable were cut."""
        self.muted = self._deaf = True
        self.pause_reading()

    def drip(self, seconds: float) -> None:
        """Send byte by byte from now on, one in so many seconds."""
        if self._drip is not None:
            self._drip.stop()
        self._drip = SlowWriter(self._clock, seconds, self.transport.write, self._log)

    def close(self) -> None:
        """End the connection in order; by force if the client does not take the rest."""
        if self.connected and self._force is None:
            self._force = self._clock.callLater(_GOODBYE_SECONDS, self.abort)
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def abort(self) -> None:
        """End the connection with a reset."""
        self.transport.abortConnection()

    def closed(self) -> "Deferred[None]":
        """Return a Deferred that fires when the connection is gone."""
        deferred: Deferred[None] = Deferred()
        if self.connected:
            self._lost.append(deferred)
        else:
            deferred.callback(None)
        return deferred
