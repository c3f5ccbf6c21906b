"""What becomes of messages and of a running callback when the client is closed."""

import asyncio
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from tests.support.coroutines import start
from tests.support.fake_endpoint import Fixture, close
from tests.support.lines import line, numbered
from tests.support.log_lines import errors, warnings


class Slow:
    """A callback that waits for a Deferred, and what it saw."""

    def __init__(self, **options: Any) -> None:
        self.begun: list[str] = []
        self.raised: list[BaseException] = []
        self.waits: Deferred[None] = Deferred()
        self.fixture = Fixture(self.callback, **options)
        self.attempt = self.fixture.connect()

    async def callback(self, message: dict[str, Any]) -> None:
        """Wait."""
        self.begun.append(message["id"])
        try:
            await self.waits
        except BaseException as error:
            self.raised.append(error)
            await self.handle(error)

    async def handle(self, error: BaseException) -> None:
        """Deal with what the waiting came to."""
        raise error


def test_close_cancels_the_callback_and_drops_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Closing cancels a running callback, which is no error, and delivers nothing any more."""
    slow = Slow()
    slow.attempt.receive(numbered(1, 2, 3))
    close(slow.fixture, slow.attempt)
    assert [type(error) for error in slow.raised] == [CancelledError]
    assert slow.begun == ["1"]
    assert (slow.fixture.client.stats.callback_errors, errors(caplog)) == (0, [])
    assert slow.fixture.client.stats.queue_depth == 0
    assert slow.fixture.clock.getDelayedCalls() == []


def test_the_cancellation_of_an_asyncio_future_is_no_error_either(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A callback that waits for asyncio ends with asyncio's CancelledError when it is cancelled."""
    slow = Slow()
    slow.waits = Deferred(lambda waits: waits.errback(asyncio.CancelledError()))
    slow.attempt.receive(numbered(1, 2))
    close(slow.fixture, slow.attempt)
    assert slow.begun == ["1"]
    assert errors(caplog) == []


def test_an_error_during_cancellation_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that raises something of its own when it is cancelled has failed."""

    async def raise_another(error: BaseException) -> None:
        raise ValueError("clean-up failed") from error

    slow = Slow()
    slow.handle = raise_another  # type: ignore[method-assign]  # of this one only
    slow.attempt.receive(numbered(1))
    close(slow.fixture, slow.attempt)
    assert slow.fixture.client.stats.callback_errors == 1
    assert len(errors(caplog)) == 1


def test_a_callback_may_end_later_than_it_is_cancelled() -> None:
    """Closing waits for a callback that cleans up after its cancellation."""

    async def clean_up(error: BaseException) -> None:
        await cleaned_up
        raise error

    cleaned_up: Deferred[None] = Deferred()
    slow = Slow()
    slow.handle = clean_up  # type: ignore[method-assign]  # of this one only
    slow.attempt.receive(numbered(1, 2))
    closing = start(slow.fixture.client.close())
    slow.attempt.lose()
    assert not closing.called
    cleaned_up.callback(None)
    assert closing.called
    assert slow.begun == ["1"]


def test_a_callback_that_swallows_its_cancellation_is_waited_for_2_s(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A callback that goes on in spite of its cancellation delays closing by 2 s, with a warning.

    The client can be used again, and still calls it only one at a time.
    """

    async def go_on(error: BaseException) -> None:
        await goes_on

    goes_on: Deferred[None] = Deferred()
    slow = Slow()
    slow.handle = go_on  # type: ignore[method-assign]  # of this one only
    slow.attempt.receive(numbered(1, 2))
    closing = start(slow.fixture.client.close())
    slow.attempt.lose()
    slow.fixture.clock.advance(1.9)
    assert not closing.called
    slow.fixture.clock.advance(0.2)
    assert closing.called
    assert len(warnings(caplog)) == 1
    assert slow.fixture.clock.getDelayedCalls() == []

    again = slow.fixture.connect()
    again.receive(numbered(3))
    assert slow.begun == ["1"]
    goes_on.callback(None)
    assert slow.begun == ["1", "3"]
    close(slow.fixture, again)


def test_a_callback_can_be_cancelled_again() -> None:
    """A callback that outlived one `close` is cancelled by the next one."""

    async def go_on(error: BaseException) -> None:
        await Deferred(lambda _: events.append("cancelled again"))

    events: list[str] = []
    slow = Slow()
    slow.handle = go_on  # type: ignore[method-assign]  # of this one only
    slow.attempt.receive(numbered(1))
    closing = start(slow.fixture.client.close())
    slow.attempt.lose()
    slow.fixture.clock.advance(2)
    assert closing.called
    close(slow.fixture, slow.fixture.connect())
    assert events == ["cancelled again"]


def test_a_failing_canceller_does_not_keep_close_from_ending(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A canceller that raises is logged, and closing goes on."""

    def fail_to_cancel(_: Deferred[None]) -> None:
        raise ValueError("broken canceller")

    slow = Slow()
    slow.waits = Deferred(fail_to_cancel)
    slow.attempt.receive(numbered(1))
    closing = start(slow.fixture.client.close())
    slow.attempt.lose()
    slow.fixture.clock.advance(2)
    assert closing.called
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("rest", ["same chunk", "next chunk"])
def test_closing_from_inside_the_callback_ends_delivery(rest: str) -> None:
    """A callback may await `close`: it is not cancelled, and no other message is delivered."""

    async def close_on_second(message: dict[str, Any]) -> None:
        events.append(message["id"])
        if message["id"] == "2":
            await fixture.client.close()
            events.append("closed")

    events: list[str] = []
    fixture = Fixture(close_on_second)
    attempt = fixture.connect()
    attempt.receive(numbered(1, 2, 3, 4) if rest == "same chunk" else numbered(1, 2))
    attempt.receive(numbered(5))
    assert attempt.transport.disconnecting
    assert events == ["1", "2"]
    attempt.lose()
    assert events == ["1", "2", "closed"]
    assert not fixture.client.connected
    assert fixture.clock.getDelayedCalls() == []


def test_closing_from_a_plain_callback_ends_delivery() -> None:
    """A plain function may begin to close: the rest of the chunk is not delivered."""

    def close_on_second(message: dict[str, Any]) -> None:
        events.append(message["id"])
        if message["id"] == "2":
            closing.append(start(fixture.client.close()))

    events: list[str] = []
    closing: list[Deferred[None]] = []
    fixture = Fixture(close_on_second)
    attempt = fixture.connect()
    attempt.receive(numbered(1, 2, 3) + b"no message\r\n" + numbered(4))
    attempt.lose()
    assert closing[0].called
    assert events == ["1", "2"]
    assert fixture.client.stats.bad_lines == 0


@pytest.mark.parametrize("busy", [True, False])
def test_closing_when_a_command_is_done_ends_delivery(busy: bool) -> None:
    """After a close at a command's reply, neither that reply nor the rest is delivered."""

    async def run_and_close() -> None:
        await fixture.client.run_command("rebootController")
        await fixture.client.close()

    async def take(message: dict[str, Any]) -> None:
        delivered.append(message["id"])
        if busy:
            await Deferred()

    delivered: list[str] = []
    fixture = Fixture(take)
    attempt = fixture.connect()
    running = start(run_and_close())
    attempt.receive(numbered(1) + line("success", sequence_id=1) + numbered(2))
    attempt.lose()
    assert running.called
    assert delivered == ["1"]
    assert fixture.client.stats.queue_depth == 0


def test_nothing_of_a_closed_connection_reaches_the_next() -> None:
    """Messages from before a close are not delivered after connecting again."""
    slow = Slow()
    slow.attempt.receive(numbered(1, 2) + b'{"id": "open", "a": ')
    close(slow.fixture, slow.attempt)
    slow.fixture.connect().receive(numbered(3))
    assert slow.begun == ["1", "3"]


def test_what_a_closing_callback_was_given_is_counted() -> None:
    """The message of a closing callback is counted, even if its frames are kept alive."""
    kept: list[BaseException] = []

    def callback(message: dict[str, Any]) -> None:
        if message["id"] == "2":
            start(fixture.client.close())
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            kept.append(error)
            raise

    fixture = Fixture(callback)
    fixture.connect().receive(numbered(1, 2, 3))
    assert fixture.client.stats.messages == 2
    assert fixture.client.stats.last_message_time is not None
