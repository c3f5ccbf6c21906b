"""Connecting without waiting for it: `TcpClient.start`."""

from typing import Any

from twisted.internet.defer import Deferred

from m2com_twisted import ConnectionState, ConnectRefusedError
from tests.support.fake_endpoint import Fixture


def test_start_keeps_trying_from_the_first_attempt_on() -> None:
    """A refused first attempt is followed by others until one succeeds."""
    fixture = Fixture()
    fixture.client.start()
    for _ in range(3):
        fixture.endpoint.last.refuse()
        assert fixture.client.state is ConnectionState.WAITING
        fixture.clock.advance(30)
    fixture.endpoint.last.accept()
    assert fixture.client.connected
    assert len(fixture.endpoint.attempts) == 4


def test_start_between_two_attempts_dials_at_once() -> None:
    """A start does not wait for the next attempt, and leaves no second one behind."""
    fixture = Fixture()
    fixture.client.start()
    fixture.endpoint.last.refuse()
    fixture.client.start()
    assert len(fixture.endpoint.attempts) == 2
    fixture.endpoint.last.accept()
    fixture.clock.advance(60)
    assert fixture.client.connected
    assert len(fixture.endpoint.attempts) == 2


def test_start_while_closing_dials_when_closed() -> None:
    """The old connection is gone before the new one is dialled."""
    fixture = Fixture()
    old = fixture.connect()
    closing = Deferred.fromCoroutine(fixture.client.close())
    fixture.client.start()
    assert len(fixture.endpoint.attempts) == 1
    old.lose()
    assert closing.called
    assert len(fixture.endpoint.attempts) == 2


def test_close_takes_back_a_start_that_waits() -> None:
    """After close, start, close nothing is dialled."""
    fixture = Fixture()
    old = fixture.connect()
    for _ in range(2):
        Deferred.fromCoroutine(fixture.client.close())
        fixture.client.start()
    Deferred.fromCoroutine(fixture.client.close())
    old.lose()
    assert len(fixture.endpoint.attempts) == 1
    assert fixture.client.state is ConnectionState.IDLE


def test_connect_fails_at_once_after_a_former_life() -> None:
    """A refused connect fails, also when the client was started and closed before."""
    fixture = Fixture()
    fixture.client.start()
    Deferred.fromCoroutine(fixture.client.close())
    connecting = Deferred.fromCoroutine(fixture.client.connect())
    fixture.endpoint.last.refuse()
    failures: list[Any] = []
    connecting.addErrback(failures.append)
    assert isinstance(failures[0].value, ConnectRefusedError)
    assert fixture.client.state is ConnectionState.IDLE
