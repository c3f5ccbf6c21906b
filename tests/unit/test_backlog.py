"""Messages that wait for the callback: pausing, dropping, and a callback that stalls."""

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.support.coroutines import start
from tests.support.fake_endpoint import Fixture, close
from tests.support.lines import line, numbered
from tests.support.log_lines import warnings


class Backlog:
    """A client whose callback lets one message go on at a time, when the test says so."""

    def __init__(self, **options: Any) -> None:
        self.delivered: list[int] = []
        self.waits: Deferred[None] = Deferred()
        self.fixture = Fixture(self.wait_for_the_test, **options)
        self.client = self.fixture.client
        self.clock = self.fixture.clock
        self.attempt = self.fixture.connect()

    async def wait_for_the_test(self, message: dict[str, Any]) -> None:
        """Wait."""
        self.delivered.append(int(message["id"]))
        await self.waits

    def release(self, count: int = 1) -> None:
        """Let the callback end for this many messages."""
        for _ in range(count):
            waits, self.waits = self.waits, Deferred()
            waits.callback(None)

    @property
    def paused(self) -> bool:
        """Whether the newest connection is not read from."""
        state: str = self.fixture.endpoint.last.transport.producerState
        return state == "paused"


def test_reading_pauses_at_the_high_water_mark_and_resumes_at_the_low() -> None:
    """Reading pauses with a full queue until half of it is delivered."""
    backlog = Backlog(max_queue_length=10)
    backlog.attempt.receive(numbered(*range(10)))
    assert (backlog.client.stats.queue_depth, backlog.paused) == (9, False)
    backlog.attempt.receive(numbered(10))
    assert (backlog.client.stats.queue_depth, backlog.paused) == (10, True)
    backlog.release(4)
    assert (backlog.client.stats.queue_depth, backlog.paused) == (6, True)
    backlog.release()
    assert (backlog.client.stats.queue_depth, backlog.paused) == (5, False)
    backlog.release(6)
    assert backlog.delivered == list(range(11))
    assert backlog.client.stats.queue_depth == 0
    assert backlog.client.stats.queue_high_water == 10
    assert backlog.clock.getDelayedCalls() == []


def test_the_default_is_a_thousand_messages() -> None:
    """Unless told otherwise reading pauses with 1000 messages waiting."""
    backlog = Backlog()
    backlog.attempt.receive(numbered(*range(1000)))
    assert not backlog.paused
    backlog.attempt.receive(numbered(1000))
    assert backlog.paused
    close(backlog.fixture, backlog.attempt)


def test_a_queue_of_one_works() -> None:
    """The smallest queue pauses with every message that waits, and loses none."""
    backlog = Backlog(max_queue_length=1)
    backlog.attempt.receive(numbered(0))
    assert not backlog.paused
    for number in range(1, 5):
        backlog.attempt.receive(numbered(number))
        assert backlog.paused
        backlog.release()
        assert not backlog.paused
    assert backlog.delivered == list(range(5))


def test_what_arrives_while_paused_is_kept() -> None:
    """Messages that the transport had read before it was paused are delivered in order."""
    backlog = Backlog(max_queue_length=2)
    for number in range(8):
        backlog.attempt.receive(numbered(number))
    backlog.release(8)
    assert backlog.delivered == list(range(8))
    assert not backlog.paused


def test_a_new_connection_is_paused_while_the_queue_is_full() -> None:
    """A backlog outlives its connection: the next one is not read from before it is worked off."""
    backlog = Backlog(max_queue_length=4, retry_policy=lambda failures: 1.0)
    backlog.attempt.receive(numbered(0, 1, 2, 3, 4))
    backlog.attempt.lose()
    backlog.clock.advance(1)
    again = backlog.fixture.endpoint.last.accept()
    assert (again is not backlog.attempt, backlog.paused) == (True, True)
    # Two of what waits are the changes of the connection.
    backlog.release(4)
    assert not backlog.paused
    again.receive(numbered(5))
    backlog.release(1)
    assert backlog.delivered == [0, 1, 2, 3, 4, 5]


def test_closing_resumes_reading() -> None:
    """A closing connection is read from, because a paused one does not notice its end."""
    backlog = Backlog(max_queue_length=1)
    backlog.attempt.receive(numbered(0, 1))
    assert backlog.paused
    closing = start(backlog.client.close())
    assert not backlog.paused
    backlog.attempt.lose()
    assert closing.called
    assert backlog.clock.getDelayedCalls() == []


def test_the_oldest_can_be_dropped_instead() -> None:
    """With overflow="drop_oldest" reading never pauses; the newest stay, the others are counted."""
    backlog = Backlog(max_queue_length=3, overflow="drop_oldest")
    backlog.attempt.receive(numbered(*range(4)))
    assert backlog.client.stats.dropped_messages == 0
    backlog.attempt.receive(numbered(4))
    assert backlog.client.stats.dropped_messages == 1
    backlog.attempt.receive(numbered(*range(5, 100)))
    assert backlog.client.stats.dropped_messages == 96
    assert not backlog.paused
    backlog.release(4)
    assert backlog.delivered == [0, 97, 98, 99]
    assert backlog.clock.getDelayedCalls() == []


def test_drops_are_logged_every_10_s_at_most(caplog: pytest.LogCaptureFixture) -> None:
    """The first drop is logged with the count so far, and the others no more than every 10 s."""
    backlog = Backlog(max_queue_length=1, overflow="drop_oldest")
    for number in range(25):
        backlog.attempt.receive(numbered(number))
        backlog.clock.advance(1)
    # One runs and one waits: the first drop is at 2 s.
    assert [text.split("keep up: ")[1] for text in warnings(caplog)] == [
        f"{count} messages dropped so far" for count in (1, 11, 21)
    ]


def test_drops_spare_the_changes_of_the_connection() -> None:
    """However many messages are dropped, the connect callback is told of every change."""
    changes: list[object] = []
    backlog = Backlog(
        max_queue_length=5,
        overflow="drop_oldest",
        retry_policy=lambda failures: 1.0,
        connect_callback=changes.append,
    )
    backlog.attempt.receive(numbered(*range(10)))
    backlog.attempt.lose()
    backlog.clock.advance(1)
    backlog.fixture.endpoint.last.accept().receive(numbered(*range(10, 20)))
    backlog.release(4)
    assert backlog.delivered == [0, 17, 18, 19]
    assert len(changes) == 3


@pytest.mark.parametrize("wait", [9.9, 10.1])
def test_a_callback_that_stalls_is_named_after_10_s(
    wait: float, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback that holds up a full queue for over 10 s is named in a warning, once."""
    backlog = Backlog(max_queue_length=1)
    backlog.attempt.receive(numbered(0))
    backlog.clock.advance(60)
    backlog.attempt.receive(numbered(1))
    backlog.clock.advance(wait)
    assert len(warnings(caplog)) == (wait > 10)
    backlog.clock.pump([10] * 6)
    [warning] = warnings(caplog)
    assert "Backlog.wait_for_the_test has been running" in warning
    backlog.release()
    assert backlog.clock.getDelayedCalls() == []


def test_each_message_that_stalls_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Each message whose callback stalls gets a warning of its own."""
    backlog = Backlog(max_queue_length=4)
    backlog.attempt.receive(numbered(*range(5)))
    backlog.clock.pump([10] * 3)
    backlog.release()
    backlog.clock.pump([10] * 3)
    assert len(warnings(caplog)) == 2
    close(backlog.fixture, backlog.attempt)
    assert backlog.clock.getDelayedCalls() == []


def test_a_slow_callback_is_not_one_that_stalls(caplog: pytest.LogCaptureFixture) -> None:
    """A queue that stays full for long, but moves, gets no warning."""
    backlog = Backlog(max_queue_length=40)
    backlog.attempt.receive(numbered(*range(41)))
    for _ in range(19):
        backlog.clock.advance(5)
        backlog.release()
    assert backlog.paused
    assert warnings(caplog) == []
    close(backlog.fixture, backlog.attempt)


def test_a_stalled_connect_callback_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """If the connect callback holds up the queue, the warning names it."""

    def stuck_on_connecting(client: object) -> Deferred[None]:
        return Deferred()

    fixture = Fixture(max_queue_length=1, connect_callback=stuck_on_connecting)
    attempt = fixture.connect()
    attempt.receive(numbered(0))
    fixture.clock.advance(10.1)
    [warning] = warnings(caplog)
    assert "stuck_on_connecting has been running" in warning
    close(fixture, attempt)


def test_the_rate_of_messages_is_measured_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """With check_message_rate the rate is logged every 2 s at debug, while connected."""
    caplog.set_level("DEBUG")
    fixture = Fixture(check_message_rate=True)
    attempt = fixture.connect()
    for _ in range(40):
        fixture.clock.advance(0.1)
        attempt.receive(line("a") + line("b"))
    logged = [text for text in caplog.messages if "messages/s" in text]
    assert len(logged) == 2
    assert fixture.client.stats.message_rate == pytest.approx(20, abs=1.1)
    close(fixture, attempt)
    assert fixture.clock.getDelayedCalls() == []
    fixture.clock.advance(10)
    assert fixture.client.stats.message_rate < 20


def test_the_counters_agree_with_what_came() -> None:
    """Messages, bytes, connects and the time of the last message are counted."""
    fixture = Fixture()
    attempt = fixture.connect()
    assert fixture.client.stats.last_message_time is None
    fixture.clock.advance(3)
    chunk = numbered(1, 2, 3) + b"nonsense\r\n\r\n"
    attempt.receive(chunk)
    fixture.clock.advance(3)
    attempt.receive(b"heartbeat\r\n")
    stats = fixture.client.stats
    assert (stats.messages, stats.bad_lines, stats.connects) == (3, 1, 1)
    assert stats.bytes == len(chunk) + len(b"heartbeat\r\n")
    assert stats.last_message_time == 3
    assert json.dumps(fixture.messages) == json.dumps([{"id": "1"}, {"id": "2"}, {"id": "3"}])


def test_the_time_of_a_stall_counts_from_when_the_queue_was_full_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A queue that had space meanwhile gets its warning 10 s after it was full again."""
    backlog = Backlog(max_queue_length=4)
    backlog.attempt.receive(numbered(*range(5)))
    backlog.clock.advance(6)
    backlog.release(3)
    assert not backlog.paused
    backlog.attempt.receive(numbered(*range(5, 8)))
    assert backlog.paused
    assert len(backlog.clock.getDelayedCalls()) == 1
    backlog.clock.advance(9.9)
    assert warnings(caplog) == []
    backlog.clock.advance(0.2)
    assert len(warnings(caplog)) == 1
    close(backlog.fixture, backlog.attempt)
    assert backlog.clock.getDelayedCalls() == []


def test_a_callback_that_holds_up_nothing_is_not_named(caplog: pytest.LogCaptureFixture) -> None:
    """A slow callback gets no warning while reading goes on."""
    backlog = Backlog(max_queue_length=4)
    backlog.attempt.receive(numbered(*range(5)))
    backlog.release(3)
    assert backlog.client.stats.queue_depth == 1
    backlog.clock.pump([10] * 3)
    assert warnings(caplog) == []
    close(backlog.fixture, backlog.attempt)
    assert backlog.clock.getDelayedCalls() == []


def test_the_callback_named_is_the_one_that_runs(caplog: pytest.LogCaptureFixture) -> None:
    """A message that stalls is not blamed on the connect callback that ran before."""
    connecting: Deferred[None] = Deferred()
    fixture = Fixture(Stuck(), max_queue_length=1, connect_callback=lambda client: connecting)
    attempt = fixture.connect()
    attempt.receive(numbered(0, 1, 2))
    connecting.callback(None)
    fixture.clock.pump([10] * 2)
    [warning] = warnings(caplog)
    assert "a stuck object has been running" in warning
    close(fixture, attempt)


class Stuck:
    """A callback that never ends, and is no function."""

    def __call__(self, message: dict[str, Any]) -> Deferred[None]:
        """Never end."""
        return Deferred()

    def __repr__(self) -> str:
        return "a stuck object"


def test_the_high_water_of_the_queue_stays() -> None:
    """The greatest number of waiting messages is kept when fewer wait."""
    backlog = Backlog(max_queue_length=10)
    backlog.attempt.receive(numbered(*range(6)))
    backlog.release(6)
    backlog.attempt.receive(numbered(6, 7))
    assert backlog.client.stats.queue_high_water == 5
    close(backlog.fixture, backlog.attempt)


def test_a_connection_that_is_gone_is_not_resumed() -> None:
    """When the queue has space again after a loss, the old transport is left alone."""
    backlog = Backlog(max_queue_length=2)
    backlog.attempt.receive(numbered(*range(3)))
    backlog.attempt.lose()
    backlog.release(3)
    assert backlog.attempt.transport.producerState == "paused"
