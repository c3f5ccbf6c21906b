"""Where a client may connect to: checked hosts and ports, names, connections to oneself."""

import builtins
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from m2com_twisted import CellControllerService, TcpClient
from m2com_twisted.connection.endpoint import client_endpoint, is_connected_to_itself
from tests.support.coroutines import error_of, result_of, start
from tests.support.fake_endpoint import FakeTransport, Fixture


def ignore(message: object) -> None:
    """Take a message."""


@pytest.mark.parametrize(
    ("port", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (65536, ValueError),
        ("50000", TypeError),
        (50000.0, TypeError),
        (True, TypeError),
        (None, TypeError),
    ],
)
def test_a_port_that_is_none_is_refused_at_once(port: Any, error: type[Exception]) -> None:
    """A bad port is refused when the client or the service is made."""
    for make in (
        lambda: TcpClient("m2.example", port, ignore),
        lambda: CellControllerService("m2.example", port),
        lambda: CellControllerService("m2.example", 50000, port),
    ):
        with pytest.raises(error, match="The port must be"):
            make()


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_are_ports(port: int) -> None:
    """The ports 1 and 65535 are allowed."""
    assert TcpClient("m2.example", port, ignore).port == port


@pytest.mark.parametrize(
    ("host", "error"), [("", ValueError), (None, TypeError), (b"m2", TypeError)]
)
def test_a_host_that_is_none_is_refused_at_once(host: Any, error: type[Exception]) -> None:
    """An empty one would be looked up, and be this very machine."""
    with pytest.raises(error, match="The host must"):
        TcpClient(host, 50000, ignore)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class Reactor(MemoryReactorClock):
    """A reactor in memory that knows the addresses of one name, when the test says so."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # has no annotations
        self.nameResolver = self
        self.asked: list[tuple[str, int]] = []
        self.receiver: Any = None

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Take note of the question."""
        self.asked.append((hostName, portNumber))
        self.receiver = resolutionReceiver

    def answer(self, *hosts: str) -> None:
        """Answer it."""
        self.receiver.resolutionBegan(None)
        for host in hosts:
            kind = IPv6Address if ":" in host else IPv4Address
            self.receiver.addressResolved(kind("TCP", host, 50000))
        self.receiver.resolutionComplete()

    def refuse(self) -> None:
        """Have the last attempt refused."""
        factory = self.tcpClients[-1][2]
        factory.clientConnectionFailed(self.connectors[-1], Failure(ConnectionRefusedError()))

    def accept(self) -> None:
        """Have the last attempt succeed."""
        protocol: Any = self.tcpClients[-1][2].buildProtocol(None)
        protocol.makeConnection(StringTransport())


def dial(reactor: Reactor, host: str = "m2_simulator") -> Deferred[Any]:
    """Connect to a host with an underscore in its name."""
    endpoint = client_endpoint(reactor, host, 50000, 10)
    return endpoint.connect(Factory.forProtocol(Protocol))


def test_a_name_with_an_underscore_is_looked_up() -> None:
    """A host name with an underscore is looked up, as `socket.create_connection` does."""
    reactor = Reactor()
    connecting = dial(reactor)
    assert reactor.asked == [("m2_simulator", 50000)]
    reactor.answer("192.0.2.7")
    assert reactor.tcpClients[0][:2] == ("192.0.2.7", 50000)
    reactor.accept()
    assert isinstance(result_of(connecting), Protocol)


def test_its_addresses_are_dialled_one_after_the_other() -> None:
    """The addresses of a name are dialled in turn; the last error is raised."""
    reactor = Reactor()
    connecting = dial(reactor)
    reactor.answer("2001:db8::7", "192.0.2.7")
    reactor.refuse()
    assert [client[0] for client in reactor.tcpClients] == ["2001:db8::7", "192.0.2.7"]
    assert not connecting.called
    reactor.refuse()
    assert isinstance(error_of(connecting), ConnectionRefusedError)


def test_a_name_without_an_address_is_not_found() -> None:
    """A name with an underscore and no address is not found, as any other name."""
    reactor = Reactor()
    connecting = dial(reactor)
    reactor.answer()
    assert isinstance(error_of(connecting), DNSLookupError)


def test_to_cancel_it_dials_nothing_more() -> None:
    """A cancelled attempt dials no other address."""
    reactor = Reactor()
    connecting = dial(reactor)
    connecting.cancel()
    assert isinstance(error_of(connecting), CancelledError)
    reactor.answer("192.0.2.7")
    assert not reactor.tcpClients
    connecting = dial(reactor)
    reactor.answer("192.0.2.7", "192.0.2.8")
    connecting.cancel()
    error_of(connecting)
    assert len(reactor.tcpClients) == 1


@pytest.mark.parametrize(
    "address", [IPv4Address("TCP", "127.0.0.1", 50000), IPv6Address("TCP", "::1", 50000)]
)
def test_a_connection_to_itself_is_recognised(address: Any) -> None:
    """A connection is one to itself if its own address is that of its peer."""
    transport = StringTransport(hostAddress=address, peerAddress=address)
    assert is_connected_to_itself(transport)


def test_other_connections_are_not_to_themselves() -> None:
    """A connection with other ports, other kinds of addresses or none is not one to itself."""
    own, peer = (IPv4Address("TCP", "127.0.0.1", port) for port in (50000, 60000))
    assert not is_connected_to_itself(StringTransport(hostAddress=own, peerAddress=peer))
    unix = UNIXAddress(None)
    assert not is_connected_to_itself(StringTransport(hostAddress=unix, peerAddress=unix))
    assert not is_connected_to_itself(object())


def test_a_connection_to_itself_is_refused() -> None:
    """The client takes it for a refused connection, and leaves nothing of it behind."""
    fixture = Fixture()
    connecting = start(fixture.client.connect())
    address = IPv4Address("TCP", "127.0.0.1", 50000)
    attempt = fixture.endpoint.last
    attempt.transport = FakeTransport(hostAddress=address, peerAddress=address)
    attempt.accept()
    assert isinstance(error_of(connecting), builtins.ConnectionRefusedError)
    assert attempt.transport.aborted
    attempt.lose()
    fixture.assert_closed()


def test_the_kernel_does_connect_a_socket_to_itself() -> None:
    """A client that is given the port it dials: the case that all this is about."""
    with socket.socket() as dialling:
        dialling.bind(("127.0.0.1", 0))
        dialling.connect(dialling.getsockname())
        assert dialling.getsockname() == dialling.getpeername()
