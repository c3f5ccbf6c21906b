"""Options of the socket: notice a dead peer, do not delay small messages."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, StringTransport
from zope.interface import implementer

from m2com_twisted.connection.socket_options import set_socket_options
from tests.support.log_lines import warnings

LOG = logging.getLogger("socket options")


@implementer(ITCPTransport)
class TlsLike:
    """Around another transport as TLS is: what it does not know goes to the one inside."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def getHandle(self) -> object:
        """Return something of OpenSSL's."""
        return object()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


@pytest.fixture
def tcp_socket() -> Iterator[socket.socket]:
    """Return a TCP socket, not connected to anything."""
    with socket.socket() as opened:
        yield opened


def transport_of(tcp_socket: socket.socket) -> Any:
    """Return Twisted's transport for a socket."""
    return Connection(tcp_socket, Protocol(), MemoryReactor())


def keeps_alive_without_delay(tcp_socket: socket.socket) -> bool:
    """Tell whether the two switches are on."""
    keepalive = tcp_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return bool(keepalive and tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_the_figures_are_those_of_the_original(tcp_socket: socket.socket) -> None:
    """A vanished peer is noticed after 120 s: 60 idle, then four probes 15 s apart."""
    set_socket_options(transport_of(tcp_socket), LOG)
    assert keeps_alive_without_delay(tcp_socket)
    expected = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
    expected["TCP_USER_TIMEOUT"] = 120_000
    for name, value in expected.items():
        if hasattr(socket, name):
            option = getattr(socket, name)
            assert tcp_socket.getsockopt(socket.IPPROTO_TCP, option) == value, name


@pytest.mark.parametrize("missing", [True, False])
def test_an_option_the_platform_lacks_does_not_matter(
    missing: bool,
    tcp_socket: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others are set without an option that does not exist; one that is refused is logged."""
    for name in ("TCP_KEEPIDLE", "TCP_USER_TIMEOUT"):
        monkeypatch.delattr(socket, name, raising=False)
        if not missing:
            # No option has this number.
            monkeypatch.setattr(socket, name, 9999, raising=False)
    set_socket_options(transport_of(tcp_socket), LOG)
    assert keeps_alive_without_delay(tcp_socket)
    assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 4
    assert len(warnings(caplog)) == (0 if missing else 1)


@pytest.mark.parametrize("layers", [1, 3])
def test_they_are_set_below_tls(layers: int, tcp_socket: socket.socket) -> None:
    """The handle of a TLS transport is no socket: the one below it is set, however deep."""
    transport = transport_of(tcp_socket)
    for _ in range(layers):
        transport = TlsLike(transport)
    set_socket_options(transport, LOG)
    assert keeps_alive_without_delay(tcp_socket)
    assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000


def test_a_transport_around_itself_is_no_endless_search(tcp_socket: socket.socket) -> None:
    """A wrapper that names itself as what it wraps has no socket."""
    transport = TlsLike(None)
    transport.transport = transport
    set_socket_options(transport, LOG)


@pytest.mark.parametrize("refused", ["setTcpNoDelay", "setTcpKeepAlive", "getHandle"])
@pytest.mark.parametrize("error", [OSError(22, "invalid"), RuntimeError("no reason")])
def test_a_transport_that_refuses_is_used_without(
    refused: str, error: Exception, tcp_socket: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    """A transport that refuses an option gets a warning, and the other options."""

    def refuse(*arguments: object) -> None:
        raise error

    transport = transport_of(tcp_socket)
    setattr(transport, refused, refuse)
    set_socket_options(transport, LOG)
    [warning] = warnings(caplog)
    assert repr(error) in warning
    switches = {"setTcpNoDelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY)}
    switches["setTcpKeepAlive"] = (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    for name, option in switches.items():
        assert bool(tcp_socket.getsockopt(*option)) is (name != refused)
    times_are_set = tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000
    assert times_are_set is (refused != "getHandle")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no such sockets here")
def test_a_unix_socket_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """TCP options are not set on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as unix_socket:
        transport = StringTransport()
        transport.getHandle = lambda: unix_socket  # type: ignore[attr-defined]  # as real ones have
        set_socket_options(transport, LOG)
    assert not warnings(caplog)


def test_other_transports_are_left_alone() -> None:
    """A transport that is not TCP, such as a UNIX socket's, is not touched."""
    set_socket_options(StringTransport(), LOG)
