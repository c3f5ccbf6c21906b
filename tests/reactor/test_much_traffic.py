"""Much traffic over real sockets: none of it lost, all in order, and memory bounded."""

import json
import os
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.internet.task import deferLater
from zope.interface import implementer

from m2com_twisted import TcpClient
from tests.support.raw_server import Peer, running_controller
from tests.support.waiting import the_reactor, until

# What a stalled client is offered: far more than all buffers between the two hold.
OFFERED = 200 * 2**20
# Of lines long enough that it takes a second, not a minute.
LINE_LENGTH = 2**17
# What it may hold of that: a queue of 10 such lines, a chunk, and the two of the test's own
# producer, several times over.
HELD = 8 * 2**20

ROOT = Path(__file__).parents[2]
CAPTURES = Path(os.environ.get("M2COM_CAPTURES", ROOT.parent / "shared" / "captures"))


def numbered_lines(count: int, length: int) -> Iterator[bytes]:
    """Yield numbered messages of about a length."""
    padding = b"x" * length
    for n in range(count):
        yield b'{"id": "event", "n": %d, "text": "%b"}\r\n' % (n, padding)


@implementer(IPullProducer)
class Offer:
    """Writes lines as fast as the transport takes them, and no faster."""

    def __init__(self, peer: Peer, source: Iterator[bytes]) -> None:
        self._peer = peer
        self._source = source
        #: Bytes written so far.
        self.written = 0
        peer.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Implement `IPullProducer`."""
        line = next(self._source, None)
        if line is None:
            self._peer.transport.unregisterProducer()
        else:
            self.written += len(line)
            self._peer.send(line)

    def stopProducing(self) -> None:
        """Implement `IPullProducer`."""


class Listener:
    """A callback that may stall, and keeps the numbers of the messages."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.stall: Deferred[None] | None = None

    async def __call__(self, message: dict[str, Any]) -> None:
        """Take a message."""
        if self.stall is not None:
            await self.stall
        self.numbers.append(message["n"])

    def has_taken(self, count: int) -> bool:
        """Return whether it was called that often."""
        return len(self.numbers) >= count

    def go_on(self) -> None:
        """Stall no more."""
        stall, self.stall = self.stall, None
        if stall is not None:
            stall.callback(None)


@pytest.fixture
def traced_memory() -> Iterator[None]:
    """Trace what Python allocates."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced_memory")
@pytest_twisted.ensureDeferred
async def test_a_stalled_callback_bounds_memory_and_loses_nothing() -> None:
    """Offered 200 MB, the client reads no more than its queue holds, then takes it all in order."""
    listener = Listener()
    listener.stall = Deferred()
    count = OFFERED // LINE_LENGTH
    async with running_controller() as controller:
        client = TcpClient(
            "127.0.0.1", controller.port, listener, reactor=the_reactor(), max_queue_length=10
        )
        async with client:
            await until(lambda: controller.peers)
            before, _ = tracemalloc.get_traced_memory()
            offer = Offer(controller.peers[0], numbered_lines(count, LINE_LENGTH))
            await until_still(lambda: (offer.written, client.stats.bytes))
            held, _ = tracemalloc.get_traced_memory()
            assert client.stats.bytes < offer.written < OFFERED / 4
            assert held - before < HELD
            assert client.stats.queue_depth >= 10
            assert listener.numbers == []
            listener.go_on()
            await until(lambda: len(listener.numbers) == count)
            _, most = tracemalloc.get_traced_memory()
            assert most - before < HELD
            assert listener.numbers == list(range(count))


async def until_still(value: Any) -> None:
    """Let the reactor run until a value has been the same for many of its turns."""
    seen: list[object] = []

    def still() -> bool:
        seen.append(value())
        return len(seen) > 50 and len(set(seen[-50:])) == 1

    await until(still)


@pytest_twisted.ensureDeferred
async def test_reading_pauses_and_resumes_with_the_callback() -> None:
    """Telemetry that the callback does not take waits in the sockets, time after time."""
    listener = Listener()
    async with (
        running_controller() as controller,
        TcpClient(
            "127.0.0.1", controller.port, listener, reactor=the_reactor(), max_queue_length=100
        ) as client,
    ):
        await until(lambda: controller.peers)
        Offer(controller.peers[0], numbered_lines(30_000, 1000))
        for goal in (3_000, 10_000, 20_000):
            await until(partial(listener.has_taken, goal))
            listener.stall = Deferred()
            await until_still(lambda: client.stats.bytes)
            assert len(listener.numbers) < 30_000
            listener.go_on()
        await until(lambda: len(listener.numbers) == 30_000)
        assert listener.numbers == list(range(30_000))
        assert client.stats.messages == 30_000
        assert client.stats.dropped_messages == 0


@pytest.mark.parametrize("waits", [False, True], ids=["plain", "waiting"])
@pytest_twisted.ensureDeferred
async def test_a_burst_of_ten_thousand(waits: bool) -> None:
    """Ten thousand messages arrive in order, also if the callback sometimes waits."""
    numbers: list[int] = []

    async def callback(message: dict[str, Any]) -> None:
        if waits and message["n"] % 1000 == 0:
            await deferLater(the_reactor(), 0)
        numbers.append(message["n"])

    async with running_controller() as controller:
        controller.accepted = lambda peer: peer.send(b"".join(numbered_lines(10_000, 10)))
        async with TcpClient("127.0.0.1", controller.port, callback, reactor=the_reactor()):
            await until(lambda: len(numbers) == 10_000)
        assert numbers == list(range(10_000))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="There is no recorded traffic here.")
@pytest.mark.parametrize("port", ["command", "telemetry"])
@pytest_twisted.ensureDeferred
async def test_recorded_traffic_arrives_as_json_reads_it(port: str) -> None:
    """Each message of a recorded conversation arrives, with the value that `json.loads` gives."""
    recorded = (CAPTURES / f"{port}.jsonl").read_bytes()
    received: list[dict[str, Any]] = []
    async with running_controller() as controller:
        controller.accepted = lambda peer: peer.send(recorded)
        async with TcpClient(
            "127.0.0.1",
            controller.port,
            lambda message: received.append(message),
            reactor=the_reactor(),
        ) as client:
            expected = [json.loads(line) for line in recorded.split(b"\r\n") if line]
            await until(lambda: len(received) >= len(expected))
            assert received == expected
            assert len(expected) > 100
            assert client.stats.bad_lines == 0
            assert client.stats.bytes == len(recorded)
