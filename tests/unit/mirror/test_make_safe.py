"""Making the mirror safe: it is said only when it was seen."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import (
    Condition,
    Mirror,
    PreemptedError,
    ProcedureCancelledError,
    Report,
    StepRecord,
    StepState,
)
from m2com_twisted.testing import MirrorBench
from tests.support.disturbances import DISTURBANCES
from tests.support.mirror_procedures import PROCEDURES, STEPS, begin, prepare

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover


def pass_time(bench: MirrorBench, done: Callable[[], bool]) -> None:
    """Let time pass until something is done; six minutes at the most."""
    for _ in range(360):
        if done():
            return
        bench.advance(1.0)
    raise AssertionError("It is not done.")


def is_really_safe(bench: MirrorBench) -> bool:
    """Whether the simulated mirror is safe."""
    return not bench.model.motor_on and not bench.model.mirror.loop_closed


def test_from_closed_loop(tracking: MirrorBench) -> None:
    """The loop is opened and the motors are switched off, each proved."""
    report = tracking.run(tracking.mirror.make_safe())
    assert report.safe
    assert report.succeeded
    assert is_really_safe(tracking)
    assert tracking.mirror.condition is Condition.SAFE
    assert [step.state for step in report.steps] == [StepState.DONE] * 4
    assert report.steps[3].seen == "seen: Motor power PoweredOff"


def test_five_seconds_into_a_power_up(slow: MirrorBench) -> None:
    """`make_safe` waits for a slow power-up, so the power is not on two minutes later."""
    enabling = begin(slow.mirror.enable())
    slow.advance(5.0)
    report = slow.run(slow.mirror.make_safe())
    assert isinstance(enabling[0], ProcedureCancelledError)
    assert report.safe
    assert slow.clock.seconds() > 40.0
    assert is_really_safe(slow)
    slow.advance(120.0)
    assert is_really_safe(slow)


def test_a_motor_that_is_powering_up(slow: MirrorBench) -> None:
    """While the state still says "off", a motor power on its way up is not taken for safe."""
    slow.run(slow.mirror.power(PowerType.Communication, True))
    switching = begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(10.0)
    assert slow.mirror.state.motor_power.value is False
    assert slow.mirror.condition is Condition.CHANGING
    making_safe = begin(slow.mirror.make_safe())
    slow.advance(10.0)
    assert making_safe == []
    slow.advance(100.0)
    assert making_safe[0].safe
    assert switching
    assert is_really_safe(slow)


def test_it_says_that_a_slow_command_goes_on(slow: MirrorBench) -> None:
    """`make_safe` names a command that has not ended in time, and claims nothing."""
    from dataclasses import replace

    from m2com_twisted.mirror import Settings

    settings = replace(Settings(), safe_timeout=15.0)
    mirror = Mirror(link=slow.link, reactor=slow.clock, settings=settings)
    mirror.startService()
    begin(mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    report = slow.run(mirror.make_safe())
    assert not report.safe
    assert report.state is StepState.FAILED
    assert "may still take effect: power(powerType=1, status=True)" in report.notes
    assert mirror.condition is Condition.CHANGING
    mirror.stopService()
    slow.advance(100.0)


def test_all_stops_are_sent_at_once(slow: MirrorBench) -> None:
    """The stops stand in the controller's queue at once, in their order, behind a slow command."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe = begin(slow.mirror.make_safe())
    slow.advance(0.1)
    sent = begin_names(slow)
    assert sent[-1] == "power"  # the others wait unread
    slow.advance(120.0)
    assert begin_names(slow)[-4:] == [
        "runScript",
        "moveActuators",
        "switchForceBalanceSystem",
        "power",
    ]
    assert making_safe[0].safe


def begin_names(bench: MirrorBench) -> list[str]:
    """Return the names of the commands that the simulator has taken."""
    return [message["id"].removeprefix("cmd_") for message in bench.controller.received]


def test_nothing_else_is_sent_meanwhile(slow: MirrorBench) -> None:
    """During make_safe procedures and commands are refused; afterwards they are not."""
    begin(slow.mirror.power(PowerType.Communication, True))
    making_safe = begin(slow.mirror.make_safe())
    for refused in (slow.mirror.enable(), slow.mirror.power(PowerType.Motor, True)):
        (error,) = begin(refused)
        assert isinstance(error, PreemptedError)
    slow.advance(120.0)
    assert making_safe[0].safe
    slow.run(slow.mirror.clear_errors())


def test_without_a_connection(tracking: MirrorBench) -> None:
    """Out of reach, make_safe keeps trying until its time is over, and claims nothing."""
    tracking.lose("command")
    tracking.advance(0.1)
    tracking.lose("telemetry")
    report = tracking.run(tracking.mirror.make_safe())
    assert not report.safe
    assert "No connection to the command port within 180 s" in report.reason
    assert tracking.mirror.condition is Condition.UNKNOWN
    tracking.restore("command", "telemetry")


def test_refused_by_the_controller(tracking: MirrorBench) -> None:
    """A stop that fails is sent again; nothing is claimed while the motors are on."""
    tracking.controller.inject("wrong-id", count=100)
    report = tracking.run(tracking.mirror.make_safe())
    # The answers never fit; the effects were seen after the acknowledgements.
    assert report.safe
    assert is_really_safe(tracking)


def test_missing_success_does_not_take_long(tracking: MirrorBench) -> None:
    """If the effect was seen, make_safe waits only a few seconds for the answer."""
    tracking.controller.inject("missing-success", count=4)
    before = tracking.clock.seconds()
    report = tracking.run(tracking.mirror.make_safe())
    assert report.safe
    assert tracking.clock.seconds() - before < 10.0


def test_twice_at_once(tracking: MirrorBench) -> None:
    """Two calls of make_safe at the same time both report the truth."""
    first, second = begin(tracking.mirror.make_safe()), begin(tracking.mirror.make_safe())
    tracking.advance(10.0)
    assert first[0].safe
    assert second[0].safe


def test_cancelled(slow: MirrorBench) -> None:
    """A cancelled make_safe ends at once and claims nothing."""
    begin(slow.mirror.power(PowerType.Motor, True))
    slow.advance(1.0)
    making_safe: Deferred[Any] = Deferred.fromCoroutine(slow.mirror.make_safe())
    outcome: list[Any] = []
    making_safe.addErrback(lambda failure: outcome.append(failure.value))
    making_safe.cancel()
    (error,) = outcome
    assert isinstance(error, ProcedureCancelledError)
    assert not error.report.safe
    assert error.report.state is StepState.CANCELLED
    assert all(step.sent for step in error.report.steps)
    slow.advance(60.0)


def test_its_command_failing_is_no_reason_to_claim_less(bench: MirrorBench) -> None:
    """A script that is not there cannot be stopped, which is no reason for doubt."""
    report = bench.run(bench.mirror.make_safe())
    assert report.safe


# The decisive test: at each step of each procedure, whatever goes wrong.

#: All of it takes a minute, so each step meets one of the eight here, in turn; with
#: M2COM_ALL_CASES in the environment it meets all of them.
CASES = [
    (procedure, step, disturbance)
    for number, (procedure, step) in enumerate(STEPS)
    for place, disturbance in enumerate(DISTURBANCES)
    if (number + place) % 8 == 0 or "M2COM_ALL_CASES" in os.environ
]


@pytest.mark.parametrize(("procedure", "step", "disturbance"), CASES)
def test_the_claim_is_true(slow: MirrorBench, procedure: str, step: int, disturbance: str) -> None:
    """Whatever goes wrong at any step of any procedure, the claim of make_safe is true."""
    sample = PROCEDURES[procedure]
    prepare(slow, sample)
    safe: list[list[Any]] = []

    def progress(report: Report, record: StepRecord) -> None:
        if not safe and report.steps[step].state is not StepState.WAITING:
            DISTURBANCES[disturbance](slow)
            safe.append(begin(slow.mirror.make_safe()))

    outcome = begin(sample.start(slow, progress))
    pass_time(slow, lambda: bool(safe) and bool(safe[0]))
    assert outcome, "the procedure has ended"
    assert safe[0][0].safe
    assert is_really_safe(slow)
    assert slow.mirror.condition in (Condition.SAFE, Condition.DISABLED)
    slow.lose("telemetry")  # to simulate it takes most of the time
    slow.advance(90.0)
    assert is_really_safe(slow)
