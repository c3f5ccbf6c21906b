"""Connections in memory.  Delayed calls of a clock bring the bytes to the other end."""

from typing import Literal, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
)
from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ..support.interfaces import ProtocolFactory, Reactor, as_reactor

__all__ = ["Answer", "MemoryPort"]

#: The answer to an attempt to connect.
Answer = Literal["accept", "refuse", "nothing"]

#: If more bytes than this are on the way, the writer is asked to pause, as with Twisted's sockets.
_HIGH_WATER = 2**16

#: The same addresses for all connections, since nothing in memory depends on them.
_SERVER = IPv4Address("TCP", "127.0.0.1", 50000)
_CLIENT = IPv4Address("TCP", "127.0.0.1", 60000)


@implementer(IStreamClientEndpoint)
class MemoryPort:
    """A port, and the endpoint that leads to it, without a socket.

    Parameters
    ----------
    factory
        Makes the protocols of the server's end.
    clock
        Clock whose delayed calls bring attempts and bytes.  No time passes on the way.

    Attributes
    ----------
    answer
        The answer to attempts: ``"accept"``; ``"refuse"``, as if nothing
        listened; ``"nothing"``, as if the cable were cut.  It may be set at any
        time, and does not change connections that exist.
    attempts
        The number of attempts so far.
    unanswered
        The attempts that still wait for an answer.
    """

    def __init__(self, factory: ProtocolFactory, clock: Reactor) -> None:
        self._factory = cast(IProtocolFactory, factory)
        self._clock = as_reactor(clock)
        self.answer: Answer = "accept"
        self.attempts = 0
        self.unanswered: list[Deferred[IProtocol]] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Implement `IStreamClientEndpoint`."""
        self.attempts += 1
        if self.answer == "nothing":
            unanswered: Deferred[IProtocol] = Deferred(self.unanswered.remove)
            self.unanswered.append(unanswered)
            return unanswered
        attempt: Deferred[IProtocol] = Deferred(lambda _: call.cancel())
        call = self._clock.callLater(0, self._meet, protocolFactory, attempt)
        return attempt

    def _meet(self, client_factory: IProtocolFactory, attempt: Deferred[IProtocol]) -> None:
        server = self._factory.buildProtocol(_CLIENT) if self.answer == "accept" else None
        client = client_factory.buildProtocol(_SERVER) if server is not None else None
        if server is None or client is None:
            attempt.errback(ConnectionRefusedError())
            return
        server_end = MemoryTransport(server, _SERVER, _CLIENT, self._clock)
        client_end = MemoryTransport(client, _CLIENT, _SERVER, self._clock)
        server_end.peer, client_end.peer = client_end, server_end
        server.makeConnection(server_end)
        client.makeConnection(client_end)
        attempt.callback(client)


@implementer(ITransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end of a connection.

    It behaves as a socket does: it does not call back from inside `write`, it
    asks its producer to pause while the other end does not read, and it notices
    that the other end has closed only when it reads.

    Parameters
    ----------
    protocol
        Protocol at this end.
    host, peer_address
        Addresses of this end and of the other.
    clock
        Clock whose calls bring the bytes.
    """

    peer: "MemoryTransport"

    def __init__(
        self, protocol: IProtocol, host: IPv4Address, peer_address: IPv4Address, clock: IReactorTime
    ) -> None:
        self._protocol = protocol
        self._host = host
        self._peer_address = peer_address
        self._clock = clock
        # Bytes that have arrived and wait to be read.  After them comes the end, if it has arrived.
        self._arrived = bytearray()
        self._end: Failure | None = None
        self._reading = True
        self._call: IDelayedCall | None = None
        self._producer: IPushProducer | None = None
        self._producer_paused = False
        self.connected = True
        self.disconnecting = False

    # Methods for the protocol.

    def write(self, data: bytes) -> None:
        """Implement `ITransport`."""
        if self._open and self.peer._open:
            self.peer._arrived += data
            self.peer._schedule()
            if len(self.peer._arrived) > _HIGH_WATER and not self._producer_paused:
                self._producer_paused = True
                if self._producer is not None:
                    self._producer.pauseProducing()

    def writeSequence(self, data: "list[bytes]") -> None:  # type: ignore[override]
        """Implement `ITransport`."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Implement `ITransport`: close when the other end has read everything."""
        if self._open:
            self.disconnecting = True
            self._reading = False
            self._arrived.clear()
            self._close_if_read()
            self.peer._was_read()

    def abortConnection(self) -> None:
        """Close at once; bytes on the way are lost."""
        if self.connected:
            self.peer._arrived.clear()
            self.peer._finish(ConnectionLost())
            self._close(ConnectionAborted())

    def getPeer(self) -> IPv4Address:
        """Implement `ITransport`."""
        return self._peer_address

    def getHost(self) -> IPv4Address:
        """Implement `ITransport`."""
        return self._host

    def pauseProducing(self) -> None:
        """Implement `IPushProducer`: stop reading."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Implement `IPushProducer`: read again."""
        if self._open:
            self._reading = True
            self._schedule()

    def stopProducing(self) -> None:
        """Implement `IPushProducer`."""
        self.loseConnection()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # type: ignore[override]
        """Implement `IConsumer`."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Implement `IConsumer`."""
        self._producer = None

    # Events at this end.

    @property
    def _open(self) -> bool:
        return self.connected and not self.disconnecting

    def _schedule(self) -> None:
        if self._call is None and self.connected and self._reading:
            self._call = self._clock.callLater(0, self._read)

    def _read(self) -> None:
        self._call = None
        if not self._reading:
            return
        data = bytes(self._arrived)
        self._arrived.clear()
        if data:
            self._protocol.dataReceived(data)
            self.peer._was_read()
        # The protocol may have paused or closed this end meanwhile.
        if self._reading and self._end is not None and not self._arrived:
            self._lose(self._end)

    def _was_read(self) -> None:
        """Continue if the other end has read everything."""
        if self.peer._arrived:
            return
        if self._producer_paused:
            self._producer_paused = False
            if self._producer is not None:
                self._producer.resumeProducing()
        self._close_if_read()

    def _close_if_read(self) -> None:
        if self.disconnecting and not self.peer._arrived:
            self.peer._finish(ConnectionDone())
            self._close(ConnectionDone())

    def _finish(self, error: Exception) -> None:
        """Remember that the other end has closed.  The protocol is told when it reads."""
        if self._end is None:
            self._end = Failure(error)
            self._schedule()

    def _close(self, error: Exception) -> None:
        """Close this end; its protocol is told one call later."""
        self._arrived.clear()
        self._end = Failure(error)
        self.disconnecting = True
        self._reading = True
        self._schedule()

    def _lose(self, reason: Failure) -> None:
        if self.connected:
            self.connected = False
            self._protocol.connectionLost(reason)
