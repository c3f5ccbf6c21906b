"""The asyncio client, used as its original is used."""

import asyncio
import functools
import inspect
import itertools
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from m2com_twisted import CommandOutcome, MsgType, NotConnectedError, TcpClient, aio
from tests.reactor.asyncio_reactor import AsyncioReactor
from tests.reactor.line_server import LineServer, write

EXAMPLE = Path(__file__).parents[2] / "examples" / "asyncio_service.py"

Message = dict[str, Any]


class Bench:
    """A server and a client of it, as the original's test case has them."""

    def __init__(self, reactor: AsyncioReactor) -> None:
        self.reactor = reactor
        self.server = LineServer()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.changes: asyncio.Queue[tuple[bool, float]] = asyncio.Queue()

    async def keep(self, message: Message) -> None:
        """Keep a message, the way a user's callback does."""
        await self.messages.put(message)

    async def keep_change(self, client: aio.TcpClient) -> None:
        """Keep a change of the connection, and when it was told."""
        await self.changes.put((client.connected, asyncio.get_running_loop().time()))

    def client(self, callback: Any = None, *args: object, **options: Any) -> aio.TcpClient:
        """Return a client of the server."""
        return aio.TcpClient(
            "127.0.0.1",
            self.server.port,
            callback or self.keep,
            *args,
            reactor=self.reactor.reactor,
            connect_callback=self.keep_change,
            **options,
        )


@pytest.fixture(scope="module")
def asyncio_reactor() -> Iterator[AsyncioReactor]:
    """Yield a reactor on asyncio, for the tests of this module."""
    reactor = AsyncioReactor()
    yield reactor
    reactor.close()


@pytest.fixture
def bench(asyncio_reactor: AsyncioReactor) -> Bench:
    """Return a server, not started, and what makes clients of it."""
    return Bench(asyncio_reactor)


def in_asyncio(test: Callable[..., Coroutine[Any, Any, None]]) -> Any:
    """Run a test as an asyncio task, on the loop of its bench's reactor."""

    @pytest_twisted.ensureDeferred
    @functools.wraps(test)
    async def run(**fixtures: Any) -> None:
        await fixtures["bench"].reactor.run(test(**fixtures))

    return run


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@in_asyncio
async def test_connection_refused(bench: Bench) -> None:
    """Where nothing listens, connect raises the builtin error within its timeout."""
    bench.server.port = free_port()

    client = bench.client()
    with pytest.raises(ConnectionRefusedError):
        await client.connect(timeout=1.5)
    assert not client.connected
    assert not client.should_be_connected


@in_asyncio
async def test_close_without_connection(bench: Bench) -> None:
    """Closing a client that never connected does no harm, twice neither."""
    client = bench.client()
    await client.close()
    await client.close()
    assert not client.connected


@in_asyncio
async def test_write_without_connection(bench: Bench) -> None:
    """Writing without a connection raises RuntimeError and takes no sequence id."""
    client = bench.client()
    with pytest.raises(RuntimeError, match="not connected"):
        await client.write_message(MsgType.Command, "power")
    with pytest.raises(NotConnectedError):
        await client.run_command("power")
    assert client.last_sequence_id == -1


@in_asyncio
async def test_write_messages(bench: Bench) -> None:
    """Commands, events and telemetry arrive, each with and without details."""
    async with bench.server, bench.client(sequence_generator=itertools.count(1)) as client:
        assert client.connected
        details = {"id": 1, "value": 0.2}
        with pytest.raises(ValueError, match="id"):
            await client.write_message(MsgType.Command, "move", details)
        for msg_type in (MsgType.Command, MsgType.Event, MsgType.Telemetry):
            comp_name = None if msg_type is MsgType.Command else "MTMount"
            await client.write_message(msg_type, "inPosition", comp_name=comp_name)
            await client.write_message(msg_type, "inPosition", {"x": 1.5}, comp_name)
        received = [await bench.server.received.get() for _ in range(6)]
        assert received == [
            {"id": "cmd_inPosition", "sequence_id": 1},
            {"x": 1.5, "id": "cmd_inPosition", "sequence_id": 2},
            {"id": "evt_inPosition", "compName": "MTMount"},
            {"x": 1.5, "id": "evt_inPosition", "compName": "MTMount"},
            {"id": "tel_inPosition", "compName": "MTMount"},
            {"x": 1.5, "id": "tel_inPosition", "compName": "MTMount"},
        ]
        assert client.last_sequence_id == 2


@in_asyncio
async def test_sequence_generator_already_advanced(bench: Bench) -> None:
    """A client goes on where its generator stands."""
    sequence = itertools.count(1)
    assert list(itertools.islice(sequence, 7))[-1] == 7

    async with bench.server, bench.client(sequence_generator=sequence) as client:
        await client.write_message(MsgType.Command, "power")
        assert (await bench.server.received.get())["sequence_id"] == 8
        assert client.last_sequence_id == 8


@pytest.mark.parametrize(("count", "pause"), [(10, 0.01), (500, 0)])
@in_asyncio
async def test_messages_from_the_server(bench: Bench, count: int, pause: float) -> None:
    """All messages come, in order, with the callback's arguments: at a slow rate and a fast one."""
    seen: list[tuple[object, int]] = []

    async def callback(topics: list[str], done: asyncio.Event, message: Message) -> None:
        await asyncio.sleep(0)
        seen.append((topics, message["value"]))
        if len(seen) == count:
            done.set()

    done = asyncio.Event()
    async with bench.server, bench.client(callback, ["a"], done, check_message_rate=True):
        writer = await bench.server.client()
        for value in range(count):
            write(writer, {"id": "value", "value": value})
            await asyncio.sleep(pause)
        await done.wait()

    assert seen == [(["a"], value) for value in range(count)]


@in_asyncio
async def test_server_drops_the_client(bench: Bench) -> None:
    """`connected` is false within 0.1 s of the server's closing, and true again by itself."""
    loop = asyncio.get_running_loop()
    async with bench.server, bench.client(retry_policy=lambda failures: 0.001) as client:
        assert (await bench.changes.get())[0]
        closed_at = loop.time()
        (await bench.server.client()).close()
        connected, lost_at = await bench.changes.get()
        assert not connected
        assert lost_at - closed_at < 0.1
        assert client.should_be_connected
        assert (await bench.changes.get())[0]
        assert client.stats.connects == 2


@in_asyncio
async def test_start(bench: Bench) -> None:
    """A started client connects by itself, and hands messages over as they arrive."""
    arrived: list[Message] = []
    async with bench.server:
        client = bench.client(arrival_callback=arrived.append)
        client.start()
        write(await bench.server.client(), {"id": "one"})
        assert await bench.messages.get() == {"id": "one"}
        assert arrived == [{"id": "one"}]
        await client.close()


@in_asyncio
async def test_pair_of_clients(bench: Bench) -> None:
    """Two clients connect, talk and close under asyncio.gather."""
    async with bench.server:
        clients = [bench.client(name=name) for name in ("command", "telemetry")]
        await asyncio.gather(*(client.connect() for client in clients))
        assert all(client.connected for client in clients)
        await asyncio.gather(
            *(client.write_message(MsgType.Event, client.name) for client in clients)
        )
        received = [(await bench.server.received.get())["id"] for _ in clients]
        assert sorted(received) == ["evt_command", "evt_telemetry"]
        await asyncio.gather(*(client.close() for client in clients))
        assert not any(client.connected for client in clients)


@in_asyncio
async def test_run_command(bench: Bench) -> None:
    """A command is awaited from the callback itself, though no message is delivered then."""
    outcomes: asyncio.Queue[CommandOutcome] = asyncio.Queue()

    async def callback(client: list[aio.TcpClient], message: Message) -> None:
        if message["id"] == "summaryFaultsStatus":
            outcomes.put_nowait(await client[0].run_command("clearErrors"))

    clients: list[aio.TcpClient] = []
    async with bench.server, bench.client(callback, clients) as client:
        clients.append(client)
        writer = await bench.server.client()
        write(writer, {"id": "summaryFaultsStatus", "status": 4})
        command = await bench.server.received.get()
        assert command["id"] == "cmd_clearErrors"
        for status in ("ack", "success"):
            write(writer, {"id": status, "sequence_id": command["sequence_id"]})
        assert (await outcomes.get()).command == "clearErrors"


@in_asyncio
async def test_wait_for_expires(bench: Bench) -> None:
    """A command given up by wait_for is forgotten; its late reply completes nothing."""
    async with bench.server, bench.client() as client:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.run_command("power"), 0.01)
        writer = await bench.server.client()
        second = asyncio.create_task(client.run_command("clearErrors"))
        await bench.server.received.get()
        await bench.server.received.get()
        write(writer, {"id": "success", "sequence_id": 1})
        write(writer, {"id": "success", "sequence_id": 2})
        assert (await second).sequence_id == 2


@in_asyncio
async def test_cancelled_connect(bench: Bench) -> None:
    """A task cancelled in the middle of connect leaves nothing, and connect works again."""
    async with bench.server:
        client = bench.client()
        connecting = asyncio.create_task(client.connect())
        await asyncio.sleep(0)
        assert client.should_be_connected
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert not client.should_be_connected
        await client.connect()
        await client.close()


@in_asyncio
async def test_cancelled_close(bench: Bench) -> None:
    """A task cancelled in the middle of close does not stop the closing."""
    async with bench.server:
        client = bench.client()
        await client.connect()
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert not client.should_be_connected
        await client.close()


async def fill(client: aio.TcpClient) -> None:
    """Write without end."""
    while True:
        await client.write_message(MsgType.Command, "fill", {"text": "x" * 100_000})


async def until_stuck(client: aio.TcpClient) -> None:
    """Wait until no message has gone out for ten turns of the loop."""
    turns, known = 0, client.last_sequence_id
    while turns < 10:
        await asyncio.sleep(0)
        turns, known = turns + 1 if client.last_sequence_id == known else 0, client.last_sequence_id


@in_asyncio
async def test_cancelled_write(bench: Bench) -> None:
    """A task cancelled while its message waits for room has not sent it."""
    async with bench.server, bench.client() as client:
        writer = await bench.server.client()
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's has it
        filling = asyncio.create_task(fill(client))
        await until_stuck(client)
        filling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await filling
        sent = client.last_sequence_id
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        await client.write_message(MsgType.Command, "last")
        ids = [(await bench.server.received.get())["sequence_id"] for _ in range(sent + 1)]
        assert ids == list(range(1, sent + 2))


@in_asyncio
async def test_cancelled_command(bench: Bench) -> None:
    """A task cancelled while its command runs forgets the command."""
    async with bench.server, bench.client() as client:
        commanding = asyncio.create_task(client.run_command("power"))
        await bench.server.received.get()
        commanding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commanding
        write(await bench.server.client(), {"id": "success", "sequence_id": 1}, {"id": "end"})
        while (await bench.messages.get())["id"] != "end":
            pass


@in_asyncio
async def test_ten_thousand_messages(bench: Bench) -> None:
    """10,000 messages pass in order through a callback that awaits."""
    count = 10_000
    seen: list[int] = []

    async def callback(lock: asyncio.Lock, done: asyncio.Event, message: Message) -> None:
        async with lock:
            await asyncio.sleep(0)
            seen.append(message["value"])
        if len(seen) == count:
            done.set()

    done = asyncio.Event()
    async with bench.server, bench.client(callback, asyncio.Lock(), done):
        writer = await bench.server.client()
        write(writer, *({"id": "value", "value": value} for value in range(count)))
        await done.wait()

    assert seen == list(range(count))


@pytest.mark.parametrize("wrap", [False, True], ids=["awaited", "in a task of its own"])
@in_asyncio
async def test_close_inside_the_callback(bench: Bench, wrap: bool) -> None:
    """A callback may close its client: it goes on afterwards, and may connect again."""
    steps: list[str] = []

    async def callback(clients: list[aio.TcpClient], done: asyncio.Event, message: Message) -> None:
        steps.append(message["id"])
        if message["id"] == "close":
            await clients[0].close()
            await asyncio.sleep(0)
            steps.append("closed")
            await clients[0].connect()
            steps.append("connected")
            done.set()

    async def in_task(*args: Any, **kwargs: Any) -> None:
        await asyncio.create_task(callback(*args, **kwargs))

    clients: list[aio.TcpClient] = []
    done = asyncio.Event()
    chosen = in_task if wrap else callback
    async with bench.server, bench.client(chosen, clients, done) as client:
        clients.append(client)
        write(await bench.server.client(), {"id": "close"}, {"id": "dropped"})
        await done.wait()
        write(await bench.server.client(), {"id": "next"})
        while "next" not in steps:
            await asyncio.sleep(0)

    assert steps == ["close", "closed", "connected", "next"]


@in_asyncio
async def test_close_cancels_the_callback(bench: Bench) -> None:
    """Closing from elsewhere cancels the callback and waits for what it does about it."""
    steps: list[str] = []

    async def callback(begun: asyncio.Event, message: Message) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            steps.append("cleaned up")
            raise

    begun = asyncio.Event()
    async with bench.server, bench.client(callback, begun) as client:
        write(await bench.server.client(), {"id": "one"}, {"id": "dropped"})
        await begun.wait()
        await client.close()
        assert steps == ["cleaned up"]
        assert client.stats.callback_errors == 0


@in_asyncio
async def test_failing_callback(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A callback that raises, or is cancelled, is logged and counted; the next message comes."""

    async def callback(message: Message) -> None:
        await asyncio.sleep(0)
        if message["id"] == "bad":
            raise ZeroDivisionError
        if message["id"] == "cancelled":
            raise asyncio.CancelledError
        await bench.keep(message)

    async with bench.server, bench.client(callback) as client:
        writer = await bench.server.client()
        write(writer, {"id": "bad"}, {"id": "cancelled"}, {"id": "good"})
        assert (await bench.messages.get())["id"] == "good"
        assert client.stats.callback_errors == 2

    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 2
    assert "ZeroDivisionError" in str(errors[0].exc_text)


@in_asyncio
async def test_plain_callback(bench: Bench) -> None:
    """A callback that is no coroutine function works too; one that is no function is refused."""
    async with bench.server, bench.client(lambda message: bench.messages.put_nowait(message)):
        write(await bench.server.client(), {"id": "one"})
        assert await bench.messages.get() == {"id": "one"}
    with pytest.raises(TypeError, match="callable"):
        bench.client("no function")


@in_asyncio
async def test_outside_of_a_task(bench: Bench) -> None:
    """Awaited by a Twisted coroutine, every method says what it needs, and does nothing."""
    client = bench.client()
    calls: list[Coroutine[Any, Any, object]] = [
        client.connect(),
        client.close(),
        client.write_message(MsgType.Command, "power"),
        client.run_command("power"),
    ]
    failures: list[Failure] = []

    def begin() -> None:
        for call in calls:
            Deferred.fromCoroutine(call).addErrback(failures.append)

    # On the right loop, but not in this task.
    asyncio.get_running_loop().call_soon(begin)
    await asyncio.sleep(0)
    assert len(failures) == len(calls)
    for failure in failures:
        assert failure.check(RuntimeError)
        assert "in an asyncio task on the reactor's loop" in str(failure.value)
    assert not client.should_be_connected


def test_another_loop(asyncio_reactor: AsyncioReactor) -> None:
    """On a loop that is not the reactor's, here in another thread, it says so."""
    client = aio.TcpClient("127.0.0.1", 1, print, reactor=asyncio_reactor.reactor)
    with ThreadPoolExecutor() as threads:
        connecting = threads.submit(lambda: asyncio.run(client.connect()))
        with pytest.raises(RuntimeError, match=r"aio\.TcpClient\.connect .* on another loop"):
            connecting.result()


def test_another_reactor() -> None:
    """On a reactor that is not asyncio's it says so, and names the reactor."""
    client = aio.TcpClient("127.0.0.1", 1, print, reactor=Clock())
    with ThreadPoolExecutor() as threads:
        closing = threads.submit(lambda: asyncio.run(client.close()))
        with pytest.raises(RuntimeError, match=r"asyncio reactor, but this one is <.*Clock"):
            closing.result()


def test_no_reactor() -> None:
    """Neither importing nor making nor using a client installs a reactor."""
    program = """
import asyncio, sys
from m2com_twisted.aio import TcpClient

client = TcpClient("127.0.0.1", 1, print)
try:
    asyncio.run(client.connect())
except RuntimeError as error:
    print(error)
print("twisted.internet.reactor" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.splitlines() == [
        "aio.TcpClient.connect needs Twisted's asyncio reactor, but none is installed: "
        "call twisted.internet.asyncioreactor.install before all else.",
        "False",
    ]


def test_same_constructor() -> None:
    """The constructor, and every public method, is that of the Twisted client."""
    for name in ("__init__", "connect", "start", "close", "write_message", "run_command"):
        ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (aio.TcpClient, TcpClient))
        assert [(p.name, p.kind, type(p.default)) for p in ours.parameters.values()] == [
            (p.name, p.kind, type(p.default)) for p in theirs.parameters.values()
        ]


def test_example() -> None:
    """The example runs, and reports the mirror and its power."""
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stderr == ""
    assert "power: PoweredOn" in run.stdout
    assert run.stdout.splitlines()[-1] == "closed"
