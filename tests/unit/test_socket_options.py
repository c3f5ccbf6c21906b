"""Options of the socket: notice a dead peer, do not delay small messages."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, StringTransport

from m2com_twisted.connection.socket_options import set_socket_options


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
    set_socket_options(transport_of(tcp_socket))
    assert keeps_alive_without_delay(tcp_socket)
    expected = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
    expected["TCP_USER_TIMEOUT"] = 120_000
    for name, value in expected.items():
        if hasattr(socket, name):
            option = getattr(socket, name)
            assert tcp_socket.getsockopt(socket.IPPROTO_TCP, option) == value, name


@pytest.mark.parametrize("missing", [True, False])
def test_an_option_the_platform_lacks_does_not_matter(
    missing: bool, tcp_socket: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option that does not exist, or exists and is refused, is passed over."""
    for name in ("TCP_KEEPIDLE", "TCP_USER_TIMEOUT"):
        monkeypatch.delattr(socket, name, raising=False)
        if not missing:
            # No option has this number.
            monkeypatch.setattr(socket, name, 9999, raising=False)
    set_socket_options(transport_of(tcp_socket))
    assert keeps_alive_without_delay(tcp_socket)
    assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 4


def test_a_handle_of_another_kind_is_left_alone(tcp_socket: socket.socket) -> None:
    """A TLS transport's handle is no socket: what the transport itself offers is set."""
    transport = transport_of(tcp_socket)
    transport.getHandle = object
    set_socket_options(transport)
    assert keeps_alive_without_delay(tcp_socket)


def test_other_transports_are_left_alone() -> None:
    """A transport that is not TCP, such as a UNIX socket's, is not touched."""
    set_socket_options(StringTransport())
