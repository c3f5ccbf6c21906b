"""The read timeout: a silent peer is given up."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted import SilentPeerError
from tests.support.fake_endpoint import Attempt, Fixture, close
from tests.support.lines import line, numbered


def connected(timeout: float | None, **options: Any) -> tuple[Fixture, Attempt]:
    """Return a client with a read timeout, and its connection."""
    fixture = Fixture(**options)
    fixture.client.timeout = timeout
    return fixture, fixture.connect()


def waiting_in(waits: list[Deferred[None]]) -> Callable[..., Deferred[None]]:
    """Return a callback each of whose calls waits for another Deferred, added to the list."""

    def wait(message: dict[str, Any]) -> Deferred[None]:
        waits.append(Deferred())
        return waits[-1]

    return wait


def test_there_is_none_by_default() -> None:
    """Without a timeout silence may last for ever, and no call is scheduled."""
    fixture = Fixture()
    attempt = fixture.connect()
    assert fixture.client.timeout is None
    assert fixture.clock.getDelayedCalls() == []
    fixture.clock.advance(1e9)
    assert not attempt.transport.aborted


def test_a_silent_connection_is_aborted_and_lost() -> None:
    """After the timeout the connection is aborted, counts as lost, and another one is dialled."""
    changes: list[bool] = []
    fixture, attempt = connected(
        5.0,
        retry_policy=lambda failures: 1.0,
        connect_callback=lambda client: changes.append(client.connected),
    )
    fixture.clock.advance(4.999)
    assert not attempt.transport.aborted
    fixture.clock.advance(0.001)
    assert attempt.transport.aborted
    assert not fixture.client.connected
    attempt.lose()
    assert changes == [True, False]
    error = fixture.client.stats.last_error
    assert isinstance(error, SilentPeerError)
    assert isinstance(error, TimeoutError)
    assert error.timeout == 5.0
    fixture.clock.advance(1)
    assert fixture.endpoint.last.accept() is not attempt
    fixture.clock.advance(5)
    assert fixture.endpoint.last.transport.aborted


@pytest.mark.parametrize(
    "data", [line("event"), b"\r\n", b"heartbeat\r\n", b"nonsense\r\n", b"x" * 101 + b"\r\n"]
)
def test_any_line_counts(data: bytes) -> None:
    """Any line that ends with CRLF shows that the peer is alive."""
    fixture, attempt = connected(5, max_line_length=100)
    for _ in range(10):
        fixture.clock.advance(4.9)
        attempt.receive(data)
    assert not attempt.transport.aborted
    fixture.clock.advance(5)
    assert attempt.transport.aborted


def test_a_line_that_does_not_end_does_not_count() -> None:
    """A peer that sends without ever ending a line is as good as silent."""
    fixture, attempt = connected(5)
    for _ in range(5):
        fixture.clock.advance(1)
        attempt.receive(b"x")
    assert attempt.transport.aborted


def test_time_in_which_reading_is_paused_does_not_count() -> None:
    """Time in which the client does not read is not counted as silence."""
    waits: list[Deferred[None]] = []
    fixture = Fixture(waiting_in(waits), max_queue_length=1)
    fixture.client.timeout = 5
    attempt = fixture.connect()
    attempt.receive(numbered(1))
    fixture.clock.advance(3)
    attempt.receive(numbered(2))  # from here on reading is paused
    fixture.clock.advance(2)
    attempt.receive(numbered(3))  # was read already
    fixture.clock.advance(100)
    assert not attempt.transport.aborted
    waits[0].callback(None)
    waits[1].callback(None)
    fixture.clock.advance(4.9)
    assert not attempt.transport.aborted
    fixture.clock.advance(0.2)
    assert attempt.transport.aborted


def test_a_connection_that_begins_paused_has_all_of_its_time() -> None:
    """The time of a connection begins when the backlog of the one before lets it be read."""
    waits: list[Deferred[None]] = []
    fixture = Fixture(waiting_in(waits), max_queue_length=1, retry_policy=lambda failures: 1.0)
    fixture.client.timeout = 5
    first = fixture.connect()
    first.receive(numbered(1, 2))
    first.lose()
    fixture.clock.advance(1)
    second = fixture.endpoint.last.accept()
    assert second.transport.producerState == "paused"
    fixture.clock.advance(60)
    for _ in range(2):
        waits.pop().callback(None)
    assert second.transport.producerState == "producing"
    fixture.clock.advance(4.9)
    assert not second.transport.aborted
    fixture.clock.advance(0.1)
    assert second.transport.aborted


def test_it_can_be_changed_while_connected() -> None:
    """A timeout that is set counts from then on, and None switches it off."""
    fixture, attempt = connected(None)
    fixture.clock.advance(60)
    fixture.client.timeout = 10
    fixture.clock.advance(9)
    fixture.client.timeout = 3
    fixture.clock.advance(2.9)
    assert not attempt.transport.aborted
    fixture.client.timeout = None
    assert fixture.clock.getDelayedCalls() == []
    fixture.clock.advance(60)
    assert not attempt.transport.aborted
    fixture.client.timeout = 3
    fixture.clock.advance(3)
    assert attempt.transport.aborted


def test_it_holds_for_the_next_connection_too() -> None:
    """A timeout that is set without a connection holds for those to come."""
    fixture = Fixture()
    fixture.client.timeout = 2
    assert fixture.client.timeout == 2
    close(fixture, fixture.connect())
    assert fixture.clock.getDelayedCalls() == []
    attempt = fixture.connect()
    fixture.clock.advance(2)
    assert attempt.transport.aborted


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5", "", [], object()])
def test_nonsense_is_refused(timeout: Any) -> None:
    """A timeout must be None or a number greater than 0."""
    fixture, attempt = connected(5)
    with pytest.raises(ValueError, match="timeout"):
        fixture.client.timeout = timeout
    assert fixture.client.timeout == 5
    fixture.clock.advance(5)
    assert attempt.transport.aborted
