"""A client whose endpoint speaks TLS, on loopback sockets."""

import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_twisted
import trustme
from twisted.internet import ssl
from twisted.internet.endpoints import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Connection

from m2com_twisted import MsgType, TcpClient
from m2com_twisted.testing import MessageLog
from tests.support.waiting import the_reactor

# Twisted itself hands objects to pyOpenSSL that this deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*pyOpenSSL:DeprecationWarning")

NAME = "m2.example"


class Certificates:
    """An authority, and a certificate that it signed."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._server = self._authority.issue_cert(NAME)

    @property
    def authority(self) -> ssl.Certificate:
        """The authority's own certificate."""
        loaded: ssl.Certificate = ssl.Certificate.loadPEM(self._authority.cert_pem.bytes())
        return loaded

    @property
    def server(self) -> ssl.PrivateCertificate:
        """The server's certificate with its key."""
        loaded: ssl.PrivateCertificate = ssl.PrivateCertificate.loadPEM(
            self._server.private_key_and_cert_chain_pem.bytes()
        )
        return loaded


class Echo(Protocol):
    """Sends back what it receives."""

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        assert self.transport is not None
        self.transport.write(data)


class Server:
    """A port that speaks TLS, and the endpoints that lead to it."""

    def __init__(self) -> None:
        self._certificates = Certificates()
        self._port: Any = None

    async def start(self) -> None:
        """Listen."""
        options = self._certificates.server.options()
        endpoint = SSL4ServerEndpoint(the_reactor(), 0, options, interface="127.0.0.1")
        self._port = await endpoint.listen(Factory.forProtocol(Echo))

    async def stop(self) -> None:
        """Listen no more."""
        await self._port.stopListening()

    @property
    def number(self) -> int:
        """The number of the port."""
        return cast(int, self._port.getHost().port)

    def endpoints(self) -> list[IStreamClientEndpoint]:
        """Return an endpoint of either kind."""
        options = ssl.optionsForClientTLS(NAME, trustRoot=self._certificates.authority)
        reactor = the_reactor()
        return [
            wrapClientTLS(options, TCP4ClientEndpoint(reactor, "127.0.0.1", self.number)),
            SSL4ClientEndpoint(reactor, "127.0.0.1", self.number, options),
        ]

    def client_socket(self) -> socket.socket:
        """Return the socket of the client that is connected."""
        for reader in the_reactor().getReaders():
            if isinstance(reader, Connection) and reader.getPeer().port == self.number:
                return reader.getHandle()
        raise AssertionError("No client is connected.")


@pytest_twisted.async_yield_fixture
async def server() -> AsyncIterator[Server]:
    """Run a port that speaks TLS."""
    server = Server()
    await server.start()
    yield server
    await server.stop()


@pytest_twisted.ensureDeferred
async def test_messages_and_socket_options(server: Server) -> None:
    """Both kinds of TLS endpoints carry messages, on a socket that notices a dead peer."""
    for endpoint in server.endpoints():
        received = MessageLog(the_reactor())
        client = TcpClient(NAME, 50000, received, endpoint=endpoint)
        await client.connect()
        tcp_socket = server.client_socket()
        assert tcp_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000
        await client.write_message(MsgType.Event, "echoed")
        await received.wait_for("evt_echoed")
        await client.close()
