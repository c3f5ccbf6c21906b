"""The table of commands: what each status does."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandOutcome,
    CommandRejected,
    CommandStage,
    CommandTimeout,
)
from m2com_twisted.commands.sequence_ids import LAST_ID
from tests.support.command_table import Table
from tests.support.coroutines import error_of, result_of
from tests.support.lines import status


@pytest.fixture
def table() -> Iterator[Table]:
    """Return a table that must be empty in the end, and leave no delayed call."""
    table = Table()
    yield table
    assert len(table.commands) == 0
    assert not table.clock.getDelayedCalls()


@pytest.fixture
def info(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what gives the log lines since it was asked last, which are all at info."""
    caplog.set_level(logging.INFO)

    def read() -> list[str]:
        records, lines = caplog.records.copy(), caplog.messages.copy()
        caplog.clear()
        assert {record.levelname for record in records} <= {"INFO"}
        return lines

    return read


def test_outcome(table: Table) -> None:
    """The outcome says when the command was sent, accepted and finished, and the reply."""
    table.clock.advance(100)
    done = table.add(7)
    table.clock.advance(2)
    table.reply(("ack", 7))
    table.clock.advance(3)
    reply = {**status("success", 7), "note": "with a field that nobody expects"}
    table.commands.status_received(reply)
    outcome = result_of(done)
    assert outcome == CommandOutcome("c7", 7, 100.0, 102.0, 105.0, reply)
    assert (outcome.ack_latency, outcome.latency) == (2.0, 5.0)


def test_success_before_ack(table: Table, info: Callable[[], list[str]]) -> None:
    """Success without an ack is success; the ack that follows is late."""
    done = table.add(1)
    table.reply(("success", 1))
    outcome = result_of(done)
    assert (outcome.accepted_at, outcome.ack_latency) == (None, None)
    table.clock.advance(0.5)
    table.reply(("ack", 1))
    assert info() == ["m2: A late Ack for c1 (1), 0.500 s after it succeeded"]


@pytest.mark.parametrize(
    ("script", "error", "builtin", "stage", "unknown", "text"),
    [
        (["noack"], CommandRejected, RuntimeError, "SENT", False, "was rejected"),
        (["fail"], CommandFailed, RuntimeError, "SENT", False, "failed"),
        (["ack", "fail"], CommandFailed, RuntimeError, "ACKNOWLEDGED", False, "failed"),
        (["ack", "noack"], CommandRejected, RuntimeError, "ACKNOWLEDGED", False, "was rejected"),
        ([10], CommandTimeout, TimeoutError, "SENT", True, "timed out after 10 s"),
        (["ack", 60], CommandTimeout, TimeoutError, "ACKNOWLEDGED", True, "timed out after 60 s"),
        (["lose"], CommandLost, ConnectionError, "SENT", True, "was lost with the connection"),
        (["ack", "ack", "lose"], CommandLost, ConnectionError, "ACKNOWLEDGED", True, "was lost"),
    ],
)
def test_errors(
    table: Table,
    script: list[str | int],
    error: type[CommandError],
    builtin: type[Exception],
    stage: str,
    unknown: bool,
    text: str,
) -> None:
    """Each way to fail has its error, which is a builtin one too and says how far it got."""
    done = table.add(3)
    for step in script:
        assert not done.called
        if isinstance(step, int):
            table.clock.advance(step - 0.001)
            assert not done.called
            table.clock.advance(0.001)
        elif step == "lose":
            table.commands.connection_lost()
        else:
            table.reply((step, 3))
    raised = error_of(done)
    assert type(raised) is error
    assert isinstance(raised, builtin)
    assert isinstance(raised, CommandError)
    assert (raised.command, raised.sequence_id) == ("c3", 3)
    assert (raised.stage, raised.outcome_unknown) == (CommandStage[stage], unknown)
    assert str(raised).startswith(f"Command c3 (sequence id 3) {text}")
    assert raised.stage.value in str(raised)
    assert ("outcome is unknown" in str(raised)) is unknown


@pytest.mark.parametrize(
    ("ack_timeout", "timeout", "unacknowledged", "acknowledged"),
    [
        (10, 60, 10, 60),
        (60, 10, 10, 10),
        (float("inf"), 10, 10, 10),
        (10, float("inf"), 10, None),
        (float("inf"), float("inf"), None, None),
    ],
)
def test_timeouts(
    ack_timeout: float, timeout: float, unacknowledged: float | None, acknowledged: float | None
) -> None:
    """The earlier of two timeouts holds until the ack, and the completion timeout after it."""
    for replies, expected in (([], unacknowledged), ([("ack", 1)], acknowledged)):
        table = Table()
        done = table.add(1, ack_timeout, timeout)
        table.reply(*replies)
        calls = [call.getTime() for call in table.clock.getDelayedCalls()]
        if expected is None:
            assert calls == []
        else:
            table.clock.advance(expected)
            assert isinstance(error_of(done), CommandTimeout)
        done.addErrback(lambda failure: failure.trap(CommandLost))
        table.end()


def test_any_order(table: Table) -> None:
    """Replies complete the commands whose ids they carry, in whatever order they come."""
    done = {sequence_id: table.add(sequence_id) for sequence_id in (1, 2, 3)}
    table.reply(("ack", 3), ("success", 2), ("ack", 1), ("fail", 3), ("success", 1))
    assert result_of(done[1]).command == "c1"
    assert result_of(done[2]).command == "c2"
    assert isinstance(error_of(done[3]), CommandFailed)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("success", "succeeded"),
        ("fail", "failed"),
        ("noack", "was rejected"),
        ("timeout", "timed out after 10 s"),
        ("cancel", "was cancelled"),
        ("lose", "was lost with the connection"),
    ],
)
def test_late_reply(table: Table, end: str, told: str, info: Callable[[], list[str]]) -> None:
    """A reply after the end is logged with its lateness, and completes nothing else."""
    done, other = table.add(1), table.add(2, 1000, 1000)
    ends: dict[str, Callable[[], object]] = {
        "timeout": lambda: table.clock.advance(10),
        "cancel": done.cancel,
        "lose": table.commands.connection_lost,
    }
    ends.get(end, lambda: table.reply((end, 1)))()
    done.addErrback(lambda failure: failure.trap(CommandError, CancelledError))
    other.addErrback(lambda failure: failure.trap(CommandLost))
    assert info() == []
    table.clock.advance(2.5)
    table.reply(("ack", 1), ("success", 1), ("success", 1))
    assert info() == [
        f"m2: A late {name} for c1 (1), 2.500 s after it {told}"
        for name in ("Ack", "Success", "Success")
    ]
    assert other.called is (end == "lose")
    table.end()


def test_duplicate_ack(table: Table, info: Callable[[], list[str]]) -> None:
    """A second ack is logged, and the time of the first one stands."""
    done = table.add(1)
    table.reply(("ack", 1))
    table.clock.advance(5)
    table.reply(("ack", 1), ("success", 1))
    assert result_of(done).accepted_at == 0.0
    assert info() == ["m2: A second ack for c1 (1)"]


@pytest.mark.parametrize("name", ["ack", "success", "fail"])
def test_unknown_id(table: Table, name: str, info: Callable[[], list[str]]) -> None:
    """A status for an id that was never sent is logged and completes nothing."""
    done = table.add(5)
    table.reply((name, 4), (name, 6))
    assert not done.called
    assert [line.endswith("which this client did not send") for line in info()] == [True] * 2
    table.reply(("success", 5))


def test_reply_to_what_nobody_awaits(table: Table, info: Callable[[], list[str]]) -> None:
    """A command sent without waiting is known, so its replies are no cause for a line."""
    table.commands.note(1)
    table.reply(("ack", 1), ("success", 1), ("noack", 1))
    assert info() == []


@pytest.mark.parametrize(
    ("sent", "missing", "rejected"),
    [
        ([1, 3, 4], 2, [3, 4]),
        ([5, 6], 4, [5, 6]),
        ([5, 6], 7, []),
        ([1, 2], 2**40, []),
        ([LAST_ID - 1, 1, 2], LAST_ID, [1, 2]),
        ([LAST_ID, 2], 1, [2]),
    ],
)
def test_gap(
    table: Table,
    sent: list[int],
    missing: int,
    rejected: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A noack for an id never sent rejects what came after it, and is warned about."""
    done = {sequence_id: table.add(sequence_id) for sequence_id in sent}
    table.reply(("noack", missing))
    assert [sequence_id for sequence_id in sent if done[sequence_id].called] == rejected
    for sequence_id in rejected:
        error = error_of(done[sequence_id])
        assert isinstance(error, CommandRejected)
        assert f"came after a gap at {missing}" in str(error)
    if missing != 2**40:
        assert f"misses the command with sequence id {missing}" in caplog.text
    for sequence_id in sent:
        done[sequence_id].addErrback(lambda failure: failure.trap(CommandLost))
    table.end()


@pytest.mark.parametrize(
    ("sent", "unknown"),
    [
        ([98, 99, 100, 1, 2], 50),  # wraps early
        ([98, 99, 100, 1, 2], 101),
        ([10, 9, 8], 7),  # descends
        ([10, 8, 9], 11),
        ([5, 7, 6], 4),  # in no order
        ([1, 2, 2**30 + 5], 3),  # jumps so far that nobody knows which way
    ],
)
def test_noack_infers_nothing_where_ids_do_not_ascend(
    table: Table, sent: list[int], unknown: int
) -> None:
    """If ids are not in the order of sending, a noack rejects only its own command."""
    done = [table.add(sequence_id) for sequence_id in sent]
    table.reply(("noack", unknown))
    assert [one.called for one in done] == [False] * len(done)
    table.reply(("noack", sent[0]))
    assert isinstance(error_of(done[0]), CommandRejected)
    for one in done[1:]:
        one.addErrback(lambda failure: failure.trap(CommandLost))
    table.end()


def test_gap_spares_what_is_acknowledged(table: Table) -> None:
    """A command that was acknowledged before the gap was reported goes on."""
    first, second = table.add(3), table.add(4)
    table.reply(("ack", 3), ("noack", 2), ("success", 3))
    assert result_of(first).sequence_id == 3
    assert isinstance(error_of(second), CommandRejected)


def test_noack_for_a_command_long_forgotten(table: Table, info: Callable[[], list[str]]) -> None:
    """A noack for an id that was sent is no gap, however long ago that was."""
    for sequence_id in range(1, 20_000):
        table.commands.note(sequence_id)
    done = table.add(20_000)
    table.reply(("noack", 1))
    assert not done.called
    assert info() == []
    table.reply(("success", 20_000))


def test_id_that_comes_around_again(table: Table, info: Callable[[], list[str]]) -> None:
    """A reply belongs to the latest command with its id."""
    old = table.add(1)
    table.clock.advance(10)
    assert isinstance(error_of(old), CommandTimeout)
    new = table.add(1)
    table.reply(("success", 1))
    assert result_of(new).sent_at == 10.0
    assert info() == []


@pytest.mark.parametrize("trigger", ["lose", "timeout", "gap"])
def test_continuation_that_changes_the_table(table: Table, trigger: str) -> None:
    """Commands complete once, whoever is cancelled or added while others are failed."""
    results: list[tuple[int, object]] = []
    done: dict[int, Deferred[Any]] = {}

    def failed(failure: Any, sequence_id: int) -> None:
        results.append((sequence_id, failure.type))
        if sequence_id == 3:
            done[4].cancel()
            # Ids used again: one that has just failed, and one whose turn would come.
            for used in (3, 4, 6):
                done[used] = table.add(used)

    for sequence_id in (3, 4, 5):
        done[sequence_id] = table.add(sequence_id)
        done[sequence_id].addErrback(failed, sequence_id)
    triggers: dict[str, Callable[[], object]] = {
        "lose": table.commands.connection_lost,
        "timeout": lambda: table.clock.advance(10),
        "gap": lambda: table.reply(("noack", 2)),
    }
    triggers[trigger]()
    error = {"lose": CommandLost, "timeout": CommandTimeout, "gap": CommandRejected}[trigger]
    assert results == [(3, error), (4, CancelledError), (5, error)]
    for used in (3, 4, 6):
        table.reply(("success", used))
        assert result_of(done[used]).sequence_id == used


def test_withdrawn(table: Table) -> None:
    """A command that could not be sent leaves nothing behind."""
    done = table.add(1)
    table.commands.withdraw(1)
    assert not done.called
    assert len(table.commands) == 0


def test_ten_thousand_late_replies(table: Table, info: Callable[[], list[str]]) -> None:
    """After ten thousand commands timed out, each late reply is reported with its name."""
    for sequence_id in range(1, 10_001):
        table.add(sequence_id).addErrback(lambda failure: failure.trap(CommandTimeout))
    table.clock.advance(10)
    table.clock.advance(1)
    table.reply(("success", 1), ("success", 10_000))
    assert info() == [
        "m2: A late Success for c1 (1), 1.000 s after it timed out after 10 s",
        "m2: A late Success for c10000 (10000), 1.000 s after it timed out after 10 s",
    ]
