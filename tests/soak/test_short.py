"""The long runs, in short: that they find nothing, and that they would find something."""

import pytest
from twisted.protocols.policies import ProtocolWrapper

from m2com_twisted.catalogue.enums import CommandStatus
from m2com_twisted.simulator.ports.injection import INJECTIONS
from m2com_twisted.wire.codec import STATUSES
from tests.soak.day import Day
from tests.soak.walk import WALKS, walk


def test_a_few_minutes_of_both_ports() -> None:
    """All that is written is delivered once and in order, and all outcomes are true."""
    report = Day(4 / 60, seed=1).run()
    assert report.problems == []
    assert report.faults.total() == report.actions.total() == 4
    assert report.delivered > 10_000


def test_an_hour_of_commands_sees_all_faults() -> None:
    """An hour has every fault of the simulator, and every outcome of a command."""
    report = Day(1, seed=2, telemetry=False).run()
    assert report.problems == []
    assert len(report.faults) == len(INJECTIONS)
    assert report.outcomes.keys() >= {"success", "CommandFailed", "CommandRejected"}


def test_a_lost_message_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a line that the simulator wrote did not arrive, the day would say so."""
    write = ProtocolWrapper.write
    writes = 0

    def write_less(connection: ProtocolWrapper, data: bytes) -> None:
        nonlocal writes
        writes += 1
        less = data.partition(b"\r\n")[2] if writes == 100 else data
        write(connection, less)  # type: ignore[no-untyped-call]  # has no annotations

    monkeypatch.setattr(ProtocolWrapper, "write", write_less)
    report = Day(1 / 60, seed=1, telemetry=False).run()
    assert "but written" in report.problems[0]


def test_a_wrong_outcome_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a command that failed were taken to have succeeded, the day would say so."""
    monkeypatch.setitem(STATUSES, "fail", CommandStatus.Success)
    report = Day(10 / 60, seed=1, telemetry=False).run()
    assert any("success, but there came" in problem for problem in report.problems)


@pytest.mark.parametrize("name", WALKS)
def test_walks_begin(name: str) -> None:
    """A few cases of each random walk, with the log of its own."""
    report = walk(name, cases=3, seconds=60)
    assert (report.cases, report.problem) == (3, "")
