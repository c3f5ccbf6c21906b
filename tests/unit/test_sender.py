"""Sending a command: waiting for space, and what is not sent at all."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from m2com_twisted import (
    CommandLost,
    CommandStage,
    CommandTimeout,
    InvalidMessageError,
    NotConnectedError,
    UnserializableMessageError,
    WriteBufferFullError,
)
from tests.support.coroutines import error_of, result_of
from tests.support.fake_endpoint import FakeTransport
from tests.support.scripted_peer import Scripted


@pytest.mark.parametrize(
    ("timeouts", "until"),
    [
        ({"ack_timeout": 3, "timeout": 60}, 3),
        ({"ack_timeout": 60, "timeout": 3}, 3),
        ({"ack_timeout": None, "timeout": 3}, 3),
        ({"ack_timeout": 3, "timeout": None}, 3),
        ({"ack_timeout": 3, "timeout": math.inf}, 3),
        ({}, 10),
    ],
)
def test_space_that_comes_too_late(timeouts: dict[str, Any], until: float) -> None:
    """A command that finds no space in its time was never sent."""
    fixture = Scripted()
    fixture.fill_buffer()
    running = fixture.run(**timeouts)
    fixture.clock.advance(until - 0.001)
    assert not running.called
    fixture.clock.advance(0.001)
    error = error_of(running)
    assert isinstance(error, CommandTimeout)
    assert (error.stage, error.sequence_id) == (CommandStage.NEVER_SENT, None)
    assert not error.outcome_unknown
    fixture.drain_buffer()
    assert fixture.sent() == b""
    assert fixture.client.last_sequence_id == -1
    assert not fixture.clock.getDelayedCalls()


def test_space_that_comes_in_time() -> None:
    """The time spent waiting for space is no longer available for the answer."""
    fixture = Scripted()
    fixture.fill_buffer()
    running = fixture.run(ack_timeout=10)
    fixture.clock.advance(4)
    fixture.drain_buffer()
    assert fixture.sent_ids == [1]
    fixture.clock.advance(5.5)
    assert not running.called
    fixture.clock.advance(0.5)
    error = error_of(running)
    assert isinstance(error, CommandTimeout)
    assert error.stage is CommandStage.SENT


def test_space_that_comes_at_the_last_moment() -> None:
    """Space in the very turn in which the time is over is not used."""
    fixture = Scripted()
    fixture.fill_buffer()
    fixture.clock.callLater(10, fixture.drain_buffer)
    running = fixture.run()
    fixture.clock.advance(10)
    assert isinstance(error_of(running), CommandTimeout)
    assert fixture.sent() == b""


@pytest.mark.parametrize("end", ["no timeout", "cancelled"])
def test_waiting_for_space(end: str) -> None:
    """Without timeouts a command waits for space as long as it takes, unless it is cancelled."""
    fixture = Scripted()
    fixture.fill_buffer()
    running = fixture.run(ack_timeout=None, timeout=None)
    assert not fixture.clock.getDelayedCalls()
    if end == "cancelled":
        running.cancel()
        assert isinstance(error_of(running), CancelledError)
    fixture.drain_buffer()
    assert fixture.sent_ids == ([] if end == "cancelled" else [1])


@pytest.mark.parametrize("space", [True, False])
@pytest.mark.parametrize("name", ["ack_timeout", "timeout"])
@pytest.mark.parametrize("value", [0, -1, -math.inf])
def test_no_time_left(name: str, value: float, space: bool) -> None:
    """A command whose time is over already is not sent: its outcome would be unknown."""
    fixture = Scripted()
    if not space:
        fixture.fill_buffer()
    timeouts: dict[str, Any] = {name: value}
    error = error_of(fixture.run(**timeouts))
    assert isinstance(error, CommandTimeout)
    assert error.stage is CommandStage.NEVER_SENT
    assert fixture.sent() == b""
    assert not fixture.clock.getDelayedCalls()


class BrokenTransport(FakeTransport):
    """A transport that cannot write."""

    def write(self, data: bytes) -> None:
        """Fail."""
        raise OSError("broken")


def lose(fixture: Scripted) -> None:
    """Have no connection."""
    fixture.peer.lose()


def break_transport(fixture: Scripted) -> None:
    """Have a transport that cannot write."""
    fixture.peer.transport.__class__ = BrokenTransport


def do_nothing(fixture: Scripted) -> None:
    """Have all well."""


@pytest.mark.parametrize(
    ("prepare", "arguments", "error"),
    [
        (lose, {}, NotConnectedError),
        (lose, {"timeout": 0}, NotConnectedError),
        (break_transport, {}, OSError),
        (Scripted.fill_buffer, {"details": {"long": "x" * 2**20}}, WriteBufferFullError),
        (do_nothing, {"details": {"id": 1}}, InvalidMessageError),
        (do_nothing, {"details": {"x": math.nan}}, ValueError),
        (do_nothing, {"details": {"x": object()}}, UnserializableMessageError),
        (do_nothing, {"name": 5}, InvalidMessageError),
        (do_nothing, {"timeout": math.nan}, ValueError),
        (do_nothing, {"ack_timeout": math.nan}, ValueError),
        (do_nothing, {"timeout": "30"}, TypeError),
    ],
)
def test_what_cannot_be_sent(
    prepare: Callable[[Scripted], None], arguments: dict[str, Any], error: type[Exception]
) -> None:
    """A command that cannot be sent takes no id and leaves nothing pending."""
    fixture = Scripted()
    before = fixture.run("before")
    prepare(fixture)
    assert isinstance(error_of(fixture.run(**arguments)), error)
    assert fixture.client.last_sequence_id == 1
    before.addErrback(lambda failure: failure.trap(CommandLost, CancelledError))
    before.cancel()
    if fixture.client.connected:
        assert not fixture.clock.getDelayedCalls()
        fixture.peer.transport.__class__ = FakeTransport
        fixture.drain_buffer()
        fixture.run("after")
        assert fixture.sent_ids == [1, 2]


@pytest.mark.parametrize("unusable", [[], [7], ["8"], [True]])
def test_sequence_generator_of_no_use(unusable: list[Any]) -> None:
    """A generator that has no id to use is a RuntimeError, and nothing is sent."""
    fixture = Scripted(sequence_generator=iter([7, *unusable]))
    running = fixture.run()
    assert isinstance(error_of(fixture.run()), RuntimeError)
    assert fixture.sent_ids == [7]
    assert fixture.client.last_sequence_id == 7
    fixture.reply(("success", 7))
    assert result_of(running).sequence_id == 7


def test_answer_from_within_write() -> None:
    """A transport in memory may bring the answer before `write` returns."""

    class AnsweringTransport(FakeTransport):
        def write(self, data: bytes) -> None:
            super().write(data)  # type: ignore[no-untyped-call]  # Twisted's is not annotated
            fixture.reply(("ack", fixture.sent_ids[-1]), ("success", fixture.sent_ids[-1]))

    fixture = Scripted()
    fixture.peer.transport.__class__ = AnsweringTransport
    assert result_of(fixture.run()).sequence_id == 1
    assert result_of(fixture.run()).sequence_id == 2
    assert not fixture.clock.getDelayedCalls()
