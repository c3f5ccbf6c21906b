"""Writers that wait while the peer does not read."""

import sys
from functools import partial
from types import FrameType

import pytest
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import NotConnectedError, WriteBufferFullError
from m2com_twisted.connection.write_gate import WriteGate
from tests.support.coroutines import error_of
from tests.support.fake_endpoint import Fixture


def closed_gate(limit: int = 1000) -> WriteGate:
    """Return a gate whose peer does not read."""
    gate = WriteGate(limit)
    gate.pauseProducing()
    return gate


def test_writers_have_their_turn_in_order() -> None:
    """The first to wait is the first to write, as soon as the peer reads again."""
    gate = closed_gate()
    written: list[int] = []

    def note(number: int, result: None) -> None:
        written.append(number)

    for number in range(3):
        gate.wait(1).addCallback(partial(note, number))
    assert not gate.has_space_for(1)
    gate.resumeProducing()
    assert (written, gate.has_space_for(1)) == ([0, 1, 2], True)


def test_a_writer_that_fills_the_buffer_again_holds_the_next_back() -> None:
    """If a writer fills the buffer again, the others keep waiting in order."""
    gate = closed_gate()
    gate.wait(1).addCallback(lambda _: gate.pauseProducing())
    second = gate.wait(1)
    gate.resumeProducing()
    assert (second.called, gate.has_space_for(1)) == (False, False)
    gate.resumeProducing()
    assert second.called


@pytest.mark.parametrize("is_open", [True, False])
def test_what_exceeds_the_limit_alone_is_refused(is_open: bool) -> None:
    """A message beyond the limit is refused even if nothing else waits."""
    gate = WriteGate(100)
    if not is_open:
        gate.pauseProducing()
    assert gate.has_space_for(100) is is_open
    with pytest.raises(WriteBufferFullError) as refused:
        gate.has_space_for(101)
    error = refused.value
    assert (error.size, error.limit, error.waiting) == (101, 100, 0)
    assert "101 bytes" in str(error)


@pytest.mark.parametrize("message", ["write_message", "run_command"])
def test_a_client_refuses_a_message_beyond_its_bound(message: str) -> None:
    """A message beyond the bound is refused, and takes no sequence id."""
    fixture = Fixture(max_waiting_bytes=200)
    fixture.connect()
    error = error_of(
        fixture.client.run_command("x", {"text": "y" * 200})
        if message == "run_command"
        else fixture.client.write_message(1, "x", {"text": "y" * 200})  # type: ignore[arg-type]
    )
    assert isinstance(error, WriteBufferFullError)
    assert (fixture.sent(), fixture.client.last_sequence_id) == (b"", -1)


def test_cancelled_and_failed_writers_give_their_bytes_back() -> None:
    """The bytes of cancelled and failed writers can be used by others."""
    gate = closed_gate(limit=3)
    waiting = [gate.wait(1) for _ in range(3)]
    with pytest.raises(WriteBufferFullError):
        gate.wait(1)
    waiting[1].cancel()
    waiting.append(gate.wait(1))
    gate.fail(NotConnectedError("lost"))
    assert isinstance(error_of(waiting[1]), CancelledError)
    errors = [error_of(waiting[number]) for number in (0, 2, 3)]
    assert [str(error) for error in errors] == ["lost"] * 3
    assert len(set(map(id, errors))) == 3
    for deferred in [gate.wait(1) for _ in range(3)]:
        deferred.addErrback(lambda _: None).cancel()


def test_a_writer_may_cancel_the_next() -> None:
    """The errback of one that failed cancels another, which fails with that and nothing else."""
    gate = closed_gate()
    first, second = gate.wait(1), gate.wait(1)
    first.addErrback(lambda _: second.cancel())
    gate.fail(NotConnectedError("lost"))
    assert isinstance(error_of(second), CancelledError)


def lines_run(count: int) -> int:
    """Count the lines of Python run when so many writers are cancelled, the last one first."""
    gate = closed_gate(limit=count)
    waiting: list[Deferred[None]] = [gate.wait(1) for _ in range(count)]
    for deferred in waiting:
        deferred.addErrback(lambda _: None)
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> object:
        nonlocal lines
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # it returns itself
    try:
        for deferred in reversed(waiting):
            deferred.cancel()
    finally:
        sys.settrace(before)
    return lines


def test_to_cancel_thousands_is_linear() -> None:
    """A hundred times as many cost a hundred times as much."""
    assert lines_run(30_000) < 110 * lines_run(300)
