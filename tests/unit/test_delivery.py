"""Delivery of messages to the user's callback: order, kinds of callbacks, failures."""

import json
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, inlineCallbacks, succeed
from twisted.internet.task import deferLater

from m2com_twisted import TcpClient
from tests.support.coroutines import start
from tests.support.fake_endpoint import Fixture
from tests.support.lines import line, numbered
from tests.support.log_lines import errors


class GatedCallback:
    """A callback of every kind; each call waits until the test lets it go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.gate: Deferred[None] = Deferred()

    def plain(self, message: dict[str, Any]) -> None:
        """Take a message at once."""
        self.begun.append(message["id"])
        self.ended.append(message["id"])

    async def coroutine(self, message: dict[str, Any]) -> None:
        """Take a message and wait."""
        self.begun.append(message["id"])
        await self.gate
        self.ended.append(message["id"])

    def deferred(self, message: dict[str, Any]) -> Deferred[None]:
        """Return a Deferred."""
        self.begun.append(message["id"])
        return self.gate.addCallback(lambda _: self.ended.append(message["id"]))

    @inlineCallbacks
    def inline_callbacks(self, message: dict[str, Any]) -> Generator[Deferred[None], None, None]:
        """Yield a Deferred."""
        self.begun.append(message["id"])
        yield self.gate
        self.ended.append(message["id"])

    def awaitable(self, message: dict[str, Any]) -> Any:
        """Return an awaitable that is neither a coroutine nor a Deferred."""

        class Awaitable:
            __await__ = self.coroutine(message).__await__

        return Awaitable()

    def open_gate(self) -> None:
        """Let the call that waits go on; the next one waits again."""
        gate, self.gate = self.gate, Deferred()
        gate.callback(None)


def test_messages_come_in_order_one_at_a_time() -> None:
    """The next message is delivered when the one before is done with, however long that takes."""
    steps: list[tuple[str, str]] = []

    async def wait_as_told(message: dict[str, Any]) -> None:
        steps.append(("begin", message["id"]))
        await deferLater(fixture.clock, message["wait"])
        steps.append(("end", message["id"]))

    fixture = Fixture(wait_as_told)
    attempt = fixture.connect()
    waits = {"a": 3, "b": 1, "c": 0, "d": 2, "e": 0}
    lines = [line(name, wait=wait) for name, wait in waits.items()]
    attempt.receive(b"".join(lines[:3]))
    attempt.receive(b"".join(lines[3:]))
    fixture.clock.pump([0.5] * 20)
    assert steps == [(step, name) for name in waits for step in ("begin", "end")]


@pytest.mark.parametrize("kind", ["coroutine", "deferred", "inline_callbacks", "awaitable"])
def test_any_kind_of_callback_is_waited_for(kind: str) -> None:
    """The result of any kind of callback is awaited before the next message."""
    recorder = GatedCallback()
    attempt = Fixture(getattr(recorder, kind)).connect()
    attempt.receive(numbered(1, 2))
    assert (recorder.begun, recorder.ended) == (["1"], [])
    recorder.open_gate()
    assert (recorder.begun, recorder.ended) == (["1", "2"], ["1"])
    recorder.open_gate()
    assert recorder.ended == ["1", "2"]


def test_a_plain_function_will_do() -> None:
    """A callback that returns nothing to wait for gets one message after the other."""
    recorder = GatedCallback()
    Fixture(recorder.plain).connect().receive(numbered(1, 2, 3))
    assert recorder.ended == ["1", "2", "3"]


def test_arguments_are_passed_on() -> None:
    """The callback is called with the extra positional arguments and the keyword `message`."""
    calls: list[Any] = []
    fixture = Fixture()
    fixture.client = TcpClient(
        "m2.example",
        50000,
        lambda *args, **kwargs: calls.append((args, kwargs)),
        "first",
        2,
        endpoint=fixture.endpoint,
        reactor=fixture.clock,
    )
    fixture.connect().receive(numbered(7))
    assert calls == [(("first", 2), {"message": {"id": "7"}})]


async def _raise(error: BaseException) -> None:
    raise error


def _raise_at_once(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("kind", [_raise, _raise_at_once, fail])
@pytest.mark.parametrize(
    "error", [ValueError("mine"), CancelledError(), SystemExit(3)], ids=lambda e: type(e).__name__
)
def test_a_failing_callback_is_reported_and_the_next_message_delivered(
    kind: Any, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of a callback is logged once with its traceback, and counted."""

    def fail_on_first(message: dict[str, Any]) -> object:
        if message["id"] == "1":
            return kind(error)
        delivered.append(message["id"])
        return None

    delivered: list[str] = []
    fixture = Fixture(fail_on_first)
    attempt = fixture.connect()
    attempt.receive(numbered(1, 2))
    attempt.receive(numbered(3))
    assert delivered == ["2", "3"]
    assert fixture.client.stats.callback_errors == 1
    assert fixture.client.connected
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert error.__traceback__ is not None or kind is fail
    assert record.getMessage().startswith("tcp-client: ")
    assert "'id': '1'" in record.getMessage()


def test_the_log_shows_only_the_beginning_of_a_message(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that fails on a huge or deeply nested message makes no huge log line."""

    def fail_always(message: dict[str, Any]) -> None:
        raise ValueError("always")

    fixture = Fixture(fail_always)
    attempt = fixture.connect()
    attempt.receive(line("long", values=list(range(100_000)), text="x" * 100_000))
    for depth in range(700, 1000):
        attempt.receive(b'{"id": "deep", "values": ' + b"[" * depth + b"]" * depth + b"}\r\n")
    stats = fixture.client.stats
    assert stats.callback_errors == stats.messages > 20
    assert len(errors(caplog)) == stats.messages
    assert max(map(len, errors(caplog))) < 400


@pytest.mark.parametrize("suspends", [True, False])
def test_a_burst_of_ten_thousand_messages_is_delivered_in_order(suspends: bool) -> None:
    """Ten thousand messages in one chunk are delivered in order, once each, without recursion."""
    waiting: list[Deferred[None]] = []
    delivered: list[int] = []

    def take(message: dict[str, Any]) -> Deferred[None]:
        delivered.append(message["number"])
        if not suspends:
            return succeed(None)
        waiting.append(Deferred())
        return waiting[-1]

    attempt = Fixture(take).connect()
    attempt.receive(b"".join(line("e", number=number) for number in range(10_000)))
    while waiting:
        waiting.pop().callback(None)
    assert delivered == list(range(10_000))


def test_a_command_can_be_awaited_in_the_callback(caplog: pytest.LogCaptureFixture) -> None:
    """A command awaited in the callback is answered, wherever in a chunk the answer is."""

    async def run_on_start(message: dict[str, Any]) -> None:
        events.append(message["id"])
        if message["id"].startswith("start"):
            await fixture.client.run_command("rebootController")
            events.append(f"{message['id']} done")

    events: list[str] = []
    fixture = Fixture(run_on_start)
    attempt = fixture.connect()
    attempt.receive(line("start 1"))
    ack, success = line("ack", sequence_id=1), line("success", sequence_id=1)
    attempt.receive(numbered(1) + ack + success + numbered(2, 3))
    assert events == ["start 1", "start 1 done", "1", "ack", "success", "2", "3"]
    attempt.receive(numbered(4) + line("start 2") + numbered(5))
    attempt.receive(line("success", sequence_id=2))
    assert events[7:] == ["4", "start 2", "start 2 done", "5", "success"]
    assert errors(caplog) == []


def test_a_transport_may_bring_the_answer_while_it_is_written_to() -> None:
    """A chunk that arrives inside another one is delivered after it."""

    async def run_two() -> None:
        await fixture.client.run_command("first")
        await fixture.client.run_command("second")

    async def keep(message: dict[str, Any]) -> None:
        delivered.append(message["id"])
        if message["id"] == "1":
            await fixture.client.run_command("third")

    delivered: list[str] = []
    fixture = Fixture(keep)
    attempt = fixture.connect()
    running = start(run_two())
    write: Callable[[bytes], None] = attempt.transport.write

    def write_and_answer(data: bytes) -> None:
        write(data)
        sequence_id = json.loads(data)["sequence_id"]
        answer = line("ack", sequence_id=sequence_id) + line("success", sequence_id=sequence_id)
        attempt.receive(answer)

    attempt.transport.write = write_and_answer  # type: ignore[method-assign]  # of this one only
    attempt.receive(numbered(1) + line("success", sequence_id=1) + numbered(2))
    assert running.called
    assert delivered == ["1", "success", "2", "ack", "success", "ack", "success"]


def test_a_status_may_release_the_callback_of_the_same_chunk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A callback may wait for a command that others run, answered in the chunk it came with."""

    async def wait_on_start(message: dict[str, Any]) -> None:
        events.append(message["id"])
        if message["id"] == "start":
            await done
            events.append("done")

    events: list[str] = []
    done: Deferred[None] = Deferred()
    fixture = Fixture(wait_on_start)
    attempt = fixture.connect()
    start(fixture.client.run_command("power")).addCallback(lambda _: done.callback(None))
    attempt.receive(line("start") + line("success", sequence_id=1) + numbered(1, 2))
    assert events == ["start", "done", "success", "1", "2"]
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"callback": 3}, TypeError),
        ({"connect_callback": "no function"}, TypeError),
        ({"max_queue_length": 0}, ValueError),
        ({"overflow": "explode"}, ValueError),
    ],
)
def test_nonsense_is_refused_at_construction(
    options: dict[str, Any], error: type[Exception]
) -> None:
    """A callback that cannot be called, or an impossible limit, is an error at once."""
    with pytest.raises(error):
        Fixture(**options)


@pytest.mark.parametrize("result", [0, "", [], False, object()])
def test_what_a_plain_function_returns_is_nobodys_business(result: object) -> None:
    """The result of a plain function is ignored if it cannot be awaited."""
    received: list[object] = []

    def callback(message: dict[str, Any]) -> object:
        received.append(message["id"])
        return result

    fixture = Fixture(callback)
    fixture.connect().receive(numbered(1, 2))
    assert received == ["1", "2"]
    assert fixture.client.stats.callback_errors == 0


def test_a_callback_that_raises_generator_exit_costs_its_message_only() -> None:
    """Messages after a callback that raised GeneratorExit are delivered and counted."""
    received: list[object] = []

    def callback(message: dict[str, Any]) -> None:
        received.append(message["id"])
        if message["id"] == "1":
            raise GeneratorExit

    fixture = Fixture(callback)
    fixture.connect().receive(numbered(1, 2, 3))
    assert received == ["1", "2", "3"]
    assert fixture.client.stats.messages == 3


def generator(message: dict[str, Any]) -> Generator[Deferred[None], None, None]:
    """Lack inlineCallbacks."""
    yield Deferred()


async def asynchronous_generator(message: dict[str, Any]) -> AsyncGenerator[None, None]:
    """Yield where it should await."""
    yield


@pytest.mark.parametrize("callback", [generator, asynchronous_generator])
def test_a_generator_function_is_refused(callback: Callable[..., object]) -> None:
    """A generator function is refused as a callback: calling it would run nothing."""
    with pytest.raises(TypeError, match="generator function"):
        Fixture(callback)
