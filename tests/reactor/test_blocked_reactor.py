"""A reactor that other code has blocked is no silence of the peer."""

import socket
import time
from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.task import Clock

from m2com_twisted import TcpClient
from tests.support.fake_endpoint import Fixture
from tests.support.lines import line
from tests.support.waiting import until

#: The read timeout, in seconds: as short as the kernel's loopback needs.
TIMEOUT = 0.1


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen with a plain socket, which does not need the reactor to send."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest_twisted.ensureDeferred
async def test_bytes_that_wait_in_the_socket_are_life(listener: socket.socket) -> None:
    """Code that blocks the reactor for longer than the timeout costs no connection."""
    received: list[object] = []
    client = TcpClient(
        "127.0.0.1", listener.getsockname()[1], lambda message: received.append(message)
    )
    client.timeout = TIMEOUT
    await client.connect()
    peer, _ = listener.accept()
    with peer:
        for number in range(3):
            peer.sendall(line("event", number=number))
            time.sleep(2 * TIMEOUT)  # the code that blocks is the point
            await until(lambda number=number: len(received) == number + 1)  # type: ignore[misc]
            assert client.connected
        assert client.stats.connects == 1
        await until(lambda: not client.connected)
        await client.close()


class RoundClock(Clock):
    """Runs in one round only what was due at its beginning, as reactors do."""

    def round(self, seconds: float) -> None:
        """Let time pass, and run what is due."""
        self.rightNow += seconds
        due = [call for call in self.calls if call.getTime() <= self.rightNow]
        self.calls = [call for call in self.calls if call not in due]
        for call in due:
            if call.active():
                call.called = 1
                call.func(*call.args, **call.kw)


@pytest.mark.parametrize(("arrives", "lost"), [(b'{"id": "half', False), (b"", True)])
def test_half_a_line_is_life_when_the_time_was_over(arrives: bytes, lost: bool) -> None:
    """After the timeout the reactor gets one turn, and any bytes that it reads are life."""
    fixture = Fixture()
    clock = RoundClock()
    fixture.client._reactor._reactor = clock
    fixture.client.timeout = 1
    attempt = fixture.connect()
    clock.round(5)
    assert not attempt.transport.aborted
    if arrives:
        attempt.receive(arrives)
    clock.round(0)
    assert attempt.transport.aborted == lost
