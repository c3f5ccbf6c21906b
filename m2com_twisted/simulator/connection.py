"""One client on one port, and the rule that there is only one.

Source: protocol, sections 1 and 7.
"""

import logging
import socket
from collections.abc import Callable
from typing import Protocol as TypingProtocol
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IPushProducer,
    IReactorTime,
    ISystemHandle,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..codec import Message, encode
from .framing import LineSplitter, OversizeLine

__all__ = ["Connection", "Port", "PortFactory"]

#: The longest line that is read, in bytes.
LINE_LIMIT = 1024 * 1024

#: A client that has left this many bytes unread, or anything for this many
#: seconds, is dropped.  Telemetry fills the first in five seconds.
UNREAD_LIMIT = 1024 * 1024
UNREAD_SECONDS = 10.0

#: Seconds for a client to take the rest when the simulator stops.
_GOODBYE_SECONDS = 1.0


class _Transport(ITCPTransport, ISystemHandle, IConsumer, IPushProducer):
    """What a TCP transport is, beyond what Twisted declares for `Protocol`."""


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
        self._deaf = False

    def connectionMade(self) -> None:
        """Set the socket up as both ends of the original do."""
        self.peer = str(self.transport.getPeer())
        if ISystemHandle.providedBy(self.transport):  # a socket, nothing in memory
            self.transport.setTcpNoDelay(True)
            _keep_alive(self.transport)
        self.transport.registerProducer(_WriteGate(self), True)
        self._port.client_connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Pass the lines on; what a line does wrong must not cost the connection."""
        for line in self._splitter.feed(data):
            if self._deaf:
                return
            try:
                self._port.line_received(self, line)
            except Exception:
                self._log.exception("The simulator erred over a line from %s.", self.peer)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits for it."""
        self.connected = 0
        self._port.client_lost(self)
        waiting, self._lost = self._lost, []
        for deferred in waiting:
            deferred.callback(None)

    def send(self, message: Message) -> None:
        """Send a message, unless the client is gone."""
        self.write(encode(message))

    def write(self, data: bytes) -> None:
        """Send bytes; drop the client if it has left too much unread."""
        if not self.connected or self.muted:
            return
        self.transport.write(data)
        if self.blocked:
            self._unread += len(data)
            if self._unread > UNREAD_LIMIT:
                self._drop_reader()

    def write_paused(self, paused: bool) -> None:
        """Take note of whether the client reads."""
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

    def close(self) -> None:
        """End the connection in order."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """End the connection with a reset."""
        self.transport.abortConnection()

    def closed(self) -> "Deferred[None]":
        """Close, by force if need be; return a Deferred that fires when it is done."""
        deferred: Deferred[None] = Deferred()
        if not self.connected:
            deferred.callback(None)
            return deferred
        force = self._clock.callLater(_GOODBYE_SECONDS, self.abort)

        def done(result: None) -> None:
            if force.active():
                force.cancel()

        self._lost.append(deferred)
        deferred.addCallback(done)
        self.close()
        return deferred


def _keep_alive(transport: _Transport) -> None:
    """Ask for probes: after 60 s without traffic, every 15 s, 4 of them."""
    transport.setTcpKeepAlive(True)
    handle = cast(socket.socket, transport.getHandle())
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # not on every platform
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class _Refusal(Protocol):
    """Accepted, then closed without a byte: how the controller refuses."""

    transport: _Transport

    def connectionMade(self) -> None:
        self.transport.loseConnection()


class PortFactory(ServerFactory):
    """Takes one client at a time; a second is accepted, then closed.

    Attributes
    ----------
    client
        The client, or None.
    refusals
        How many more connections are closed at once, client or not.
    """

    noisy = False

    def __init__(self, connect: Callable[[], Connection], log: logging.Logger) -> None:
        self._connect = connect
        self._log = log
        self.client: Connection | None = None
        self.refusals = 0

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Return the client's protocol, or one that refuses."""
        if self.client is not None or self.refusals:
            self.refusals = max(0, self.refusals - 1)
            self._log.info("Refused a client at %s.", addr)
            return _Refusal()
        self.client = self._connect()
        return self.client

    def forget(self, connection: Connection) -> None:
        """Make room for the next client."""
        if connection is self.client:
            self.client = None
