"""Stops: they can be sent at any time, and nothing is claimed that was not seen."""

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted import CommandFailed, CommandStage
from m2com_twisted.catalogue import commands, events
from m2com_twisted.catalogue.enums import CommandActuator, CommandScript, PowerType
from m2com_twisted.mirror import (
    Condition,
    ProcedureCancelledError,
    Report,
    Settings,
    StepRecord,
    StepState,
)
from m2com_twisted.testing import MirrorBench
from tests.support.fake_link import Linked
from tests.support.mirror_procedures import begin

STOPS: list[commands.Command] = [
    commands.SwitchForceBalanceSystem(status=False),
    commands.Power(power_type=PowerType.Motor, status=False),
    commands.Power(power_type=PowerType.Communication, status=False),
    commands.RunScript(script_command=CommandScript.Stop),
    commands.RunScript(script_command=CommandScript.Pause),
    commands.MoveActuators(actuator_command=CommandActuator.Stop),
    commands.MoveActuators(actuator_command=CommandActuator.Pause),
]


@pytest.mark.parametrize("command", STOPS, ids=lambda command: repr(command.details()))
def test_a_stop_by_hand_during_make_safe(slow: MirrorBench, command: commands.Command) -> None:
    """Each command that only stops something is sent while the mirror is being made safe, too."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe = begin(slow.mirror.make_safe())
    before = len(slow.controller.received)
    begin(slow.mirror.run(command))
    slow.advance(150.0)
    assert making_safe[0].safe
    names = [message["id"] for message in slow.controller.received[before:]]
    assert names.count(f"cmd_{command.name}") == 2


def test_the_mirror_is_stopped_meanwhile(slow: MirrorBench) -> None:
    """Stopping the mirror ends make_safe at once; it claims nothing, and leaves nothing."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe = begin(slow.mirror.make_safe())
    slow.mirror.stopService()
    (error,) = making_safe
    assert isinstance(error, ProcedureCancelledError)
    assert not error.report.safe
    assert error.report.state is StepState.CANCELLED
    assert "the mirror was stopped" in error.report.notes
    slow.advance(100.0)
    assert not any("make_safe" in str(call) for call in slow.clock.getDelayedCalls())


def test_a_mirror_that_was_stopped(bench: MirrorBench) -> None:
    """A stopped mirror is told nothing, so it is not seen to be safe."""
    bench.mirror.stopService()
    report = bench.run(bench.mirror.make_safe())
    assert not report.safe
    assert report.state is StepState.FAILED
    assert "stopped" in report.reason


def _failed(name: str, sequence_id: int) -> CommandFailed:
    return CommandFailed("failed", name, sequence_id, CommandStage.ACKNOWLEDGED)


def _answer(linked: Linked, motor: int = 2, balance: bool = False) -> None:
    """Let the oldest command succeed, with the events that a real controller sends."""
    name = linked.link.pending[0][1]
    linked.link.ack()
    if name == "switchForceBalanceSystem":
        linked.link.event("forceBalanceSystemStatus", status=balance)
    if name == "power":
        linked.link.event("powerSystemState", powerType=1, status=motor == 5, state=motor)
    linked.link.succeed()


def test_the_console_takes_the_command_meanwhile() -> None:
    """A controller that refuses the stops since the console commands: that is in the report."""
    linked = Linked(replace(Settings(), safe_timeout=20.0))
    linked.link.event("powerSystemState", powerType=1, status=True, state=5)
    linked.link.event("forceBalanceSystemStatus", status=True)
    linked.link.event("commandableByDDS", state=True)
    making_safe = begin(linked.mirror.make_safe())
    _answer(linked)
    linked.link.event("commandableByDDS", state=False)
    for _ in range(30):
        while linked.link.pending:
            linked.link.ack()
            linked.link.fail(_failed)
        linked.clock.advance(1.0)
    (report,) = making_safe
    assert not report.safe
    assert "commander: the engineering console has the command" in report.notes
    assert report.state is StepState.FAILED


@pytest.mark.parametrize(
    "told",
    [
        {"id": "powerSystemState", "powerType": 1, "status": True, "state": 99},
        {"id": "powerSystemState", "powerType": 1, "status": True, "state": 3},
        {"id": "digitalOutput", "value": 0x1D},
        {"id": "summaryFaultsStatus", "status": 1 << 15},
        {"id": "forceBalanceSystemStatus", "status": True},
        {"id": "forceBalanceSystemStatus"},
        {"id": "digitalOutput", "value": 0x20},
    ],
    ids=[
        "unknown power state",
        "coming on again",
        "output bit on",
        "relay sticks",
        "loop closed again",
        "unreadable loop",
        "loop bit on",
    ],
)
def test_something_else_is_told_before_the_last_answer(told: dict[str, Any]) -> None:
    """A word that denies it, after the proof and before the answer: nothing is claimed."""
    linked = Linked(replace(Settings(), safe_timeout=20.0))
    making_safe = begin(linked.mirror.make_safe())
    for _ in range(3):
        _answer(linked)
    linked.link.ack()
    linked.link.event("powerSystemState", powerType=1, status=False, state=2)
    linked.link.event(told.pop("id"), **told)
    linked.link.succeed()
    linked.clock.advance(60.0)
    assert not making_safe[0].safe
    assert linked.mirror.condition is not Condition.SAFE


def test_a_late_acknowledgement(tracking: MirrorBench) -> None:
    """Acknowledgements after the answers do not change the report of make_safe."""
    linked = Linked(replace(Settings(), safe_timeout=20.0))
    making_safe = begin(linked.mirror.make_safe())
    ids = [command[0] for command in linked.link.pending]
    while linked.link.pending:
        name = linked.link.pending[0][1]
        if name == "switchForceBalanceSystem":
            linked.link.event("forceBalanceSystemStatus", status=False)
        if name == "power":
            linked.link.event("powerSystemState", powerType=1, status=False, state=2)
        linked.link.succeed()
    assert making_safe[0].safe
    for sequence_id in ids:
        linked.link.event("ack", sequence_id=sequence_id)
    assert linked.mirror.condition is Condition.SAFE


@pytest.mark.parametrize("injection", ["duplicate-success", "wrong-id", "missing-ack"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 50])
def test_wrong_answers(tracking: MirrorBench, injection: str, count: int) -> None:
    """However many answers are wrong, make_safe claims only what is true, and ends safe."""
    tracking.controller.inject(injection, count=count)
    report = tracking.run(tracking.mirror.make_safe())
    assert report.safe
    assert not tracking.model.motor_on
    assert not tracking.model.mirror.loop_closed


def test_a_controller_that_restarts_twice(slow: MirrorBench) -> None:
    """After each restart make_safe asks again, until the state was seen."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe = begin(slow.mirror.make_safe())
    slow.run(slow.restart(10.0))
    slow.advance(1.5)
    slow.run(slow.restart(10.0))
    slow.advance(60.0)
    assert making_safe[0].safe
    assert not slow.model.motor_on


def test_an_outage_with_the_motors_on(slow: MirrorBench) -> None:
    """`make_safe` claims nothing in an outage, and switches the motors off after it."""
    slow.run(slow.mirror.power(PowerType.Motor, True))
    making_safe = begin(slow.mirror.make_safe())
    slow.lose("command")
    slow.advance(20.0)
    assert making_safe == []
    assert slow.model.motor_on
    assert slow.mirror.condition is Condition.CHANGING
    slow.restore("command")
    slow.advance(60.0)
    assert making_safe[0].safe
    assert not slow.model.motor_on


def test_a_command_port_that_stands_still(tracking: MirrorBench) -> None:
    """A port that answers nothing, though the connection stands: nothing is claimed."""
    tracking.controller.inject("half-open")
    making_safe = begin(tracking.mirror.make_safe())
    tracking.advance(200.0)
    assert not making_safe[0].safe
    assert tracking.mirror.condition is Condition.CHANGING


def test_faults_that_come_and_go_meanwhile(slow: MirrorBench) -> None:
    """Reports of faults between the stops do not delay make_safe."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe = begin(slow.mirror.make_safe())
    for code in (6078, 6056, 6072, 6053):
        slow.fault(code)
        slow.advance(0.2)
    slow.advance(120.0)
    assert making_safe[0].safe


def test_time_that_jumps(tracking: MirrorBench) -> None:
    """A jump of time by hours ends make_safe; what was not seen is not claimed."""
    tracking.controller.inject("silence")
    making_safe = begin(tracking.mirror.make_safe())
    tracking.clock.rightNow += 7200.0
    tracking.advance(1.0)
    (report,) = making_safe
    assert not report.safe


def test_a_progress_callback_that_does_what_it_likes(tracking: MirrorBench) -> None:
    """A progress callback may stop the mirror; each report has what it saw."""
    nested: list[list[Any]] = []

    def progress(report: Report, step: StepRecord) -> None:
        if not nested:
            nested.append(begin(tracking.mirror.make_safe()))
        if step.state is StepState.DONE and step.name == "Open the loop":
            tracking.mirror.stopService()

    making_safe = begin(tracking.mirror.make_safe(progress=progress))
    tracking.advance(20.0)
    assert isinstance(making_safe[0], ProcedureCancelledError)
    assert not making_safe[0].report.safe
    assert nested[0][0].safe
    assert not tracking.model.motor_on


def test_a_command_from_inside_a_callback(bench: MirrorBench) -> None:
    """A callback of an event may send a command, while another command waits."""
    outcomes: list[list[Any]] = []

    def react(event: events.SummaryFaultsStatus) -> None:
        if event.status and not outcomes:
            outcomes.append(begin(bench.mirror.clear_errors()))

    bench.mirror.subscribe(events.SummaryFaultsStatus, react)
    switching: Deferred[Any] = Deferred.fromCoroutine(
        bench.mirror.power(PowerType.Communication, True)
    )
    bench.fault(6078)
    bench.advance(20.0)
    assert switching.called
    assert outcomes[0][0].is_proved
