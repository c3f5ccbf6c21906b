"""Simple controllers on loopback sockets, which a test can let misbehave."""

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from tests.support.waiting import the_reactor, until

__all__ = ["Controller", "Peer", "running_controller"]


class Peer(Protocol):
    """The controller's end of a connection."""

    transport: Any

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self.received = b""
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        """Override: report the connection to the controller."""
        self._controller.peers.append(self)
        self._controller.accepted(self)

    def dataReceived(self, data: bytes) -> None:
        """Override: keep the data."""
        self.received += data

    def connectionLost(self, reason: Failure = Failure(Exception())) -> None:  # noqa: B008
        """Override: keep the reason."""
        self.lost = reason

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.transport.write(data)

    def close(self) -> None:
        """Close the connection after everything is sent."""
        self.transport.loseConnection()

    def reset(self) -> None:
        """End the connection with a RST."""
        linger = struct.pack("ii", 1, 0)
        self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abortConnection()


class Controller(Factory):
    """A controller on a free port.  It uses the same port again after it was down."""

    noisy = False

    def __init__(self) -> None:
        #: All connections so far, also the lost ones.
        self.peers: list[Peer] = []
        #: Called with each new connection.
        self.accepted: Callable[[Peer], object] = lambda peer: None
        #: The port of the controller.
        self.port = 0
        self._listening: Any = None

    def buildProtocol(self, addr: object) -> Peer:
        """Override: return the protocol of a new connection."""
        return Peer(self)

    def listen(self, interface: str = "127.0.0.1") -> None:
        """Listen, on the same port as before."""
        self._listening = the_reactor().listenTCP(self.port, self, interface=interface)
        self.port = self._listening.getHost().port

    async def go_down(self) -> None:
        """Stop listening.  The connections stay open."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await listening.stopListening()

    async def next_peer(self) -> Peer:
        """Wait for the next new connection, and return it."""
        count = len(self.peers)
        await until(lambda: len(self.peers) > count)
        return self.peers[-1]

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        await self.go_down()
        for peer in self.peers:
            if peer.lost is None:
                peer.transport.abortConnection()
        await until(lambda: all(peer.lost is not None for peer in self.peers))


@asynccontextmanager
async def running_controller(interface: str = "127.0.0.1") -> AsyncIterator[Controller]:
    """Run a controller within the context."""
    controller = Controller()
    controller.listen(interface)
    try:
        yield controller
    finally:
        await controller.stop()
