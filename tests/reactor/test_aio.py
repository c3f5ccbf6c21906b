"""The asyncio client, used as its original is used."""

import asyncio
import itertools
import logging

import pytest

from m2com_twisted import CommandOutcome, LineObserver, MsgType, NotConnectedError, aio
from m2com_twisted.catalogue import commands, feeds
from tests.support.aio_bench import Bench, Message, in_asyncio
from tests.support.ports import free_port
from tests.support.stream_server import write


@in_asyncio
async def test_connection_refused(bench: Bench) -> None:
    """If nothing listens, `connect` raises the builtin error within its timeout."""
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
    """`connected` is false as soon as the server has closed, and true again by itself."""
    async with bench.server, bench.client(retry_policy=lambda failures: 0.001) as client:
        assert await bench.changes.get()
        (await bench.server.client()).close()
        # Turns of the loop and not seconds: a busy machine may stop this process at any time.
        for _ in range(20):
            await asyncio.sleep(0)
        assert not bench.changes.empty()
        assert not await bench.changes.get()
        assert client.should_be_connected
        assert await bench.changes.get()
        assert client.stats.connects == 2


@in_asyncio
async def test_start(bench: Bench) -> None:
    """A started client connects by itself, and hands messages over as they arrive."""
    async with bench.server:
        client = bench.client()
        client.start()
        write(await bench.server.client(), {"id": "one"})
        assert await bench.messages.get() == {"id": "one"}
        await client.close()


@in_asyncio
async def test_line_observers(bench: Bench) -> None:
    """An observer sees the lines of an asyncio client, too."""

    class LineRecorder(LineObserver):
        def received(self, line: bytes, message: Message) -> None:
            lines.append(line)

    lines: list[bytes] = []
    async with bench.server:
        client = bench.client(observers=[LineRecorder()])
        client.start()
        write(await bench.server.client(), {"id": "one"})
        assert await bench.messages.get() == {"id": "one"}
        assert lines == [b'{"id": "one"}']
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
async def test_typed_commands_and_feeds(bench: Bench) -> None:
    """Typed commands and feeds are sent, and awaited in asyncio tasks."""
    async with bench.server, bench.client() as client:
        writer = await bench.server.client()
        running = asyncio.ensure_future(client.run(commands.ClearErrors()))
        command = await bench.server.received.get()
        assert command["id"] == "cmd_clearErrors"
        for status in ("ack", "success"):
            write(writer, {"id": status, "sequence_id": command["sequence_id"]})
        assert (await running).request == commands.ClearErrors()
        await client.write(feeds.MountElevation(45))
        assert (await bench.server.received.get())["actualPosition"] == 45.0
