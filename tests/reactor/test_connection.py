"""A client's life on real sockets.

Time is a Clock's where the client has to wait: its endpoint is given then, and
is the real reactor's.
"""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock, deferLater

from m2com_twisted import (
    ConnectionState,
    ConnectRefusedError,
    ConnectTimeoutError,
    MsgType,
    NotConnectedError,
    SilentPeerError,
    TcpClient,
)
from tests.support.coroutines import start
from tests.support.lines import CONNECTED
from tests.support.raw_server import Controller, Peer, running_controller
from tests.support.waiting import the_reactor, until


class Life:
    """A controller, a client of it on a Clock, and what the client received."""

    def __init__(self, controller: Controller, **options: Any) -> None:
        self.controller = controller
        self.clock = Clock()
        self.messages: list[dict[str, Any]] = []
        self.client = TcpClient(
            "127.0.0.1",
            controller.port,
            self._keep,
            reactor=self.clock,
            endpoint=TCP4ClientEndpoint(the_reactor(), "127.0.0.1", controller.port),
            retry_policy=lambda failures: 1.0,
            **options,
        )

    async def _keep(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    async def connect(self) -> Peer:
        """Connect and return the other end."""
        peer = start(self.controller.next_peer())
        await self.client.connect()
        connected: Peer = await peer
        return connected

    async def write_until_it_waits(self) -> list[Deferred[None]]:
        """Write to a peer that does not read until no more is taken."""
        details = {"text": "x" * 2**19}
        writings: list[Deferred[None]] = []
        while all(writing.called for writing in writings):
            write = self.client.write_message(MsgType.Event, "e", details)
            writings.append(start(write))
            await deferLater(the_reactor(), 0)
        return writings


@asynccontextmanager
async def life(**options: Any) -> AsyncIterator[Life]:
    """Run a client and its controller for as long as the context lasts."""
    async with running_controller() as controller:
        living = Life(controller, **options)
        try:
            yield living
        finally:
            await living.client.close()
            assert living.clock.getDelayedCalls() == []


@contextmanager
def full_listener() -> Iterator[int]:
    """Yield a port that answers nobody: what may wait to be accepted there does already."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for one in waiting:
                one.close()


@pytest_twisted.ensureDeferred
async def test_refused() -> None:
    """A port where nobody listens is a ConnectionRefusedError with its errno, each time."""
    async with running_controller() as controller:
        await controller.go_down()
        client = TcpClient("127.0.0.1", controller.port, print, reactor=the_reactor())
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError) as caught:
                await client.connect()
            assert isinstance(caught.value, ConnectRefusedError)
            assert caught.value.errno
            assert client.state is ConnectionState.IDLE


@pytest_twisted.ensureDeferred
async def test_times_out_on_a_full_backlog() -> None:
    """A port that does not answer is a TimeoutError after the timeout; no socket is left."""
    with full_listener() as port:
        client = TcpClient("127.0.0.1", port, print, reactor=the_reactor())
        with pytest.raises(TimeoutError) as caught:
            await client.connect(timeout=0.05)
        assert isinstance(caught.value, ConnectTimeoutError)


@pytest_twisted.ensureDeferred
async def test_closes_while_dialling() -> None:
    """An attempt under way is given up, and its socket with it."""
    with full_listener() as port:
        client = TcpClient("127.0.0.1", port, print, reactor=the_reactor())
        connecting = start(client.connect())
        await client.close()
        assert client.state is ConnectionState.IDLE
        with pytest.raises(ConnectionError):
            await connecting


@pytest.mark.parametrize(
    ("host", "interface"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("localhost", "127.0.0.1")]
)
@pytest_twisted.ensureDeferred
async def test_literals_and_names(host: str, interface: str) -> None:
    """A client connects to addresses of both families and to names."""
    if interface == "::1" and not socket.has_ipv6:
        pytest.skip("This machine has no IPv6.")
    async with running_controller(interface) as controller:
        async with TcpClient(host, controller.port, print, reactor=the_reactor()) as client:
            assert client.connected
            await until(lambda: controller.peers)
        await until(lambda: controller.peers[0].lost)


@pytest_twisted.ensureDeferred
async def test_sets_the_options_of_the_socket() -> None:
    """A connection has no delay for small messages, and keepalive for a vanished peer."""
    async with life() as living:
        await living.connect()
        (client_end,) = [
            reader
            for reader in the_reactor().getReaders()
            if getattr(reader, "connector", None) is not None
            and reader.getPeer().port == living.controller.port
        ]
        handle = client_end.getHandle()
        assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        tcp = {
            "TCP_NODELAY": 1,
            "TCP_KEEPIDLE": 60,
            "TCP_KEEPINTVL": 15,
            "TCP_KEEPCNT": 4,
            "TCP_USER_TIMEOUT": 120_000,
        }
        set_here = {
            name: handle.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in tcp
            if hasattr(socket, name)
        }
        assert set_here == {name: tcp[name] for name in set_here}
        assert "TCP_NODELAY" in set_here


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (Peer.close, ConnectionDone),
        (Peer.reset, ConnectionLost),
        (lambda peer: (peer.send(CONNECTED + b'{"id": "cut'), peer.close()), ConnectionDone),
    ],
    ids=["closed", "reset", "closed within a line"],
)
@pytest_twisted.ensureDeferred
async def test_lost_and_dialled_again(
    end: Callable[[Peer], object], error: type[Exception]
) -> None:
    """However the controller ends it, the client notices, waits and connects anew."""
    async with life() as living:
        end(await living.connect())
        await until(lambda: living.client.state is ConnectionState.WAITING)
        assert isinstance(living.client.stats.last_error, error)
        living.messages.clear()
        peer = start(living.controller.next_peer())
        living.clock.advance(1)
        (await peer).send(CONNECTED)
        await until(lambda: living.messages)
        assert living.client.stats.connects == 2
        assert living.client.stats.bad_lines == 0


@pytest_twisted.ensureDeferred
async def test_the_controller_is_back_after_a_while() -> None:
    """A client whose attempts are refused connects when the controller listens again."""
    async with life() as living:
        peer = await living.connect()
        await living.controller.go_down()
        peer.close()
        for _ in range(3):
            await until(lambda: living.client.state is ConnectionState.WAITING)
            living.clock.advance(1)
        await until(lambda: living.client.state is ConnectionState.WAITING)
        assert isinstance(living.client.stats.last_error, ConnectRefusedError)
        living.controller.listen()
        living.clock.advance(1)
        await until(lambda: living.client.connected)


@pytest_twisted.ensureDeferred
async def test_a_half_open_connection_is_given_up() -> None:
    """A peer that is there and says nothing is cut off after `timeout`, and dialled again."""
    async with life() as living:
        living.client.timeout = 5
        peer = await living.connect()
        living.clock.advance(5)
        await until(lambda: living.client.state is ConnectionState.WAITING)
        assert isinstance(living.client.stats.last_error, SilentPeerError)
        await until(lambda: peer.lost)
        living.clock.advance(1)
        await until(lambda: living.client.connected)


@pytest_twisted.ensureDeferred
async def test_closes_though_the_peer_does_not_read() -> None:
    """A close aborts after 2 s if the peer does not read; what waited was not sent."""
    async with life() as living:
        peer = await living.connect()
        peer.transport.pauseProducing()
        writings = await living.write_until_it_waits()
        closing = start(living.client.close())
        with pytest.raises(NotConnectedError):
            await writings[-1]
        assert not closing.called
        living.clock.advance(2)
        await closing
        assert living.client.state is ConnectionState.IDLE
        peer.transport.resumeProducing()
        await until(lambda: peer.lost)
        assert peer.received.count(b"\r\n") < len(writings)


@pytest_twisted.ensureDeferred
async def test_a_write_that_waits_fails_with_a_reset() -> None:
    """A write that waits fails with the loss, and nothing reaches the next connection."""
    async with life() as living:
        peer = await living.connect()
        peer.transport.pauseProducing()
        writings = await living.write_until_it_waits()
        peer.reset()
        with pytest.raises(NotConnectedError):
            await writings[-1]
        next_peer = start(living.controller.next_peer())
        living.clock.advance(1)
        second = await next_peer
        await until(lambda: living.client.connected)
        await living.client.write_message(MsgType.Event, "last")
        await until(lambda: second.received)
        assert second.received == b'{"id": "evt_last"}\r\n'


@pytest_twisted.ensureDeferred
async def test_closes_from_inside_the_callback() -> None:
    """The message callback may close the client; nothing more is delivered, and it goes on."""
    done: list[int] = []

    async def close(message: dict[str, Any]) -> None:
        await client.close()
        done.append(message["n"])

    async with running_controller() as controller:
        controller.accepted = lambda peer: peer.send(b'{"n": 1}\r\n{"n": 2}\r\n')
        client = TcpClient("127.0.0.1", controller.port, close, reactor=the_reactor())
        await client.connect()
        await until(lambda: done)
        assert client.state is ConnectionState.IDLE
        await until(lambda: controller.peers[0].lost)
        assert done == [1]


@pytest_twisted.ensureDeferred
async def test_connects_and_closes_again_and_again() -> None:
    """A client connects and closes many times, also without waiting for the close."""
    async with running_controller() as controller:
        client = TcpClient("127.0.0.1", controller.port, print, reactor=the_reactor())
        for _ in range(20):
            await client.connect()
            closing = start(client.close())
            await client.connect()
            await closing
            await client.close()
        await until(lambda: len(controller.peers) == 40)
        assert client.stats.connects == 40
