"""The asyncio client when tasks are cancelled, and when it is closed from its callback."""

import asyncio
from typing import Any

import pytest

from m2com_twisted import MsgType, aio
from tests.support.aio_bench import Bench, Message, in_asyncio
from tests.support.stream_server import write


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
    """A task cancelled while its message waits for space has not sent it."""
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
async def test_several_closes_inside_the_callback(bench: Bench) -> None:
    """A callback may close its client several times at once, also in tasks it leaves behind."""
    closing: list[asyncio.Task[None]] = []
    clients: list[aio.TcpClient] = []
    done = asyncio.Event()

    async def callback(message: Message) -> None:
        if message["id"] == "leave":
            closing.extend(asyncio.create_task(clients[0].close()) for _ in range(2))
        else:
            await asyncio.gather(clients[0].close(), clients[0].close())
        done.set()

    async with bench.server:
        for message_id in ("leave", "gather"):
            client = bench.client(callback)
            clients[:] = [client]
            done.clear()
            await client.connect()
            write(await bench.server.client(), {"id": message_id})
            await asyncio.wait_for(done.wait(), 5)
            await asyncio.wait_for(asyncio.gather(*closing), 5)
            await client.close()
            assert client.stats.callback_errors == 0
            assert not client.connected
