"""The callback for changes of the connection."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from m2com_twisted import TcpClient
from tests.support.coroutines import result_of, start
from tests.support.fake_endpoint import Fixture, close
from tests.support.lines import line, numbered
from tests.support.log_lines import errors


class Events:
    """What a client's two callbacks saw, in order; either may wait for the test."""

    def __init__(self, make_callback: Callable[[Any], Any] | None = None, **options: Any) -> None:
        self.seen: list[str] = []
        self.message_waits: Deferred[None] = succeed(None)
        self.change_waits: Deferred[None] = succeed(None)
        self.fixture = Fixture(
            self.take_message,
            connect_callback=make_callback(self) if make_callback else self.take_change,
            retry_policy=lambda failures: 1.0,
            **options,
        )

    async def take_message(self, message: dict[str, Any]) -> None:
        """Note a message and wait."""
        self.seen.append(message["id"])
        await self.message_waits

    def take_change(self, client: TcpClient) -> None:
        """Note a change."""
        self.seen.append("connected" if client.connected else "lost")

    async def take_change_and_wait(self, client: TcpClient) -> None:
        """Note a change and wait."""
        self.take_change(client)
        await self.change_waits

    def take_change_and_return_deferred(self, client: TcpClient) -> Deferred[None]:
        """Note a change and return a Deferred."""
        self.take_change(client)
        return self.change_waits


KINDS = [
    pytest.param(lambda events: events.take_change, id="plain"),
    pytest.param(lambda events: events.take_change_and_wait, id="coroutine"),
    pytest.param(lambda events: events.take_change_and_return_deferred, id="Deferred"),
]


@pytest.mark.parametrize("make_callback", KINDS)
def test_it_is_called_once_per_change_in_order_with_the_messages(make_callback: Any) -> None:
    """The callback learns of a connection before its first message, of a loss after the last."""
    events = Events(make_callback)
    first = events.fixture.connect()
    first.receive(numbered(1, 2))
    first.lose()
    events.fixture.clock.advance(1)
    second = events.fixture.endpoint.last.accept()
    second.receive(numbered(3))
    close(events.fixture, second)
    assert events.seen == ["connected", "1", "2", "lost", "connected", "3", "lost"]


@pytest.mark.parametrize("make_callback", KINDS[1:])
def test_messages_wait_for_it(make_callback: Any) -> None:
    """While the connect callback waits, the messages after the change wait, too."""
    events = Events(make_callback)
    events.change_waits = Deferred()
    events.fixture.connect().receive(numbered(1))
    assert events.seen == ["connected"]
    events.change_waits.callback(None)
    assert events.seen == ["connected", "1"]


def test_it_waits_for_the_messages_before_a_change() -> None:
    """A loss is told after the messages that came before it, even if they have to wait."""
    events = Events()
    attempt = events.fixture.connect()
    waits: Deferred[None] = Deferred()
    events.message_waits = waits
    attempt.receive(numbered(1, 2))
    attempt.lose()
    assert events.seen == ["connected", "1"]
    events.message_waits = succeed(None)
    waits.callback(None)
    assert events.seen == ["connected", "1", "2", "lost"]


@pytest.mark.parametrize("when", ["in a callback", "when a command is done"])
def test_a_loss_in_the_midst_of_a_chunk_comes_after_all_of_it(when: str) -> None:
    """A transport in memory may break in the midst of a chunk; what has arrived is delivered."""

    def take(message: dict[str, Any]) -> None:
        seen.append(message["id"])
        if when == "in a callback" and message["id"] == "1":
            attempt.lose()

    seen: list[object] = []
    fixture = Fixture(take, connect_callback=lambda client: seen.append(client.connected))
    attempt = fixture.connect()
    running = start(fixture.client.run_command("power"))
    if when == "in a callback":
        running.addErrback(lambda failure: None)
    else:
        running.addCallback(lambda outcome: attempt.lose())
    attempt.receive(numbered(1) + line("success", sequence_id=1) + numbered(2))
    assert seen == [True, "1", "success", "2", False]
    result_of(fixture.client.close())


def test_it_may_raise(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the connect callback is logged and counted, and the client goes on."""

    def fail(client: TcpClient) -> None:
        raise error

    error = ValueError("mine")
    fixture = Fixture(connect_callback=fail, retry_policy=lambda failures: 1.0)
    attempt = fixture.connect()
    attempt.receive(numbered(1))
    attempt.lose()
    fixture.clock.advance(1)
    fixture.endpoint.last.accept().receive(numbered(2))
    assert [message["id"] for message in fixture.messages] == ["1", "2"]
    assert fixture.client.stats.callback_errors == len(errors(caplog)) == 3
    failed = [record.exc_info for record in caplog.records if record.levelname == "ERROR"]
    assert all(exc_info is not None and exc_info[1] is error for exc_info in failed)


def test_failed_attempts_are_no_change() -> None:
    """The callback is not called for attempts that fail, nor for closing what was never open."""
    events = Events()
    connecting = start(events.fixture.client.connect())
    events.fixture.endpoint.last.refuse()
    connecting.addErrback(lambda failure: None)
    close_twice = [start(events.fixture.client.close()) for _ in range(2)]
    assert all(closing.called for closing in close_twice)
    assert events.seen == []


def test_changes_that_wait_when_it_is_closed_are_not_told() -> None:
    """Closing drops the changes that a message holds up; that of the loss is told."""
    events = Events()
    attempt = events.fixture.connect()
    events.message_waits = Deferred()
    attempt.receive(numbered(1))
    attempt.lose()
    events.fixture.clock.advance(1)
    close(events.fixture, events.fixture.endpoint.last.accept())
    assert events.seen == ["connected", "1", "lost"]


def test_it_may_close_the_client() -> None:
    """The callback may await `close`, and is told of the loss after it has ended."""

    async def close_at_once(client: TcpClient) -> None:
        seen.append(client.connected)
        if client.connected:
            await client.close()
            seen.append("closed")

    seen: list[object] = []
    fixture = Fixture(connect_callback=close_at_once)
    start(fixture.client.connect()).addErrback(lambda failure: None)
    attempt = fixture.endpoint.last.accept()
    attempt.receive(line("late"))
    attempt.lose()
    assert seen == [True, "closed", False]
    assert fixture.messages == []
    assert fixture.clock.getDelayedCalls() == []
