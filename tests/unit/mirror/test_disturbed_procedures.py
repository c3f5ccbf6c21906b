"""A procedure that is disturbed or cancelled at any step ends, and its report is true."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted.mirror import (
    Condition,
    ProcedureCancelledError,
    ProcedureError,
    Report,
    StepRecord,
    StepState,
)
from m2com_twisted.simulator.model.model import Model
from m2com_twisted.testing import MirrorBench
from tests.support.disturbances import DISTURBANCES
from tests.support.mirror_procedures import LIMITS, PROCEDURES, STEPS, prepare

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

#: All of it takes minutes, so each step meets one disturbance and one delay, in turn; with
#: M2COM_ALL_CASES in the environment it meets all of them.
_ALL = "M2COM_ALL_CASES" in os.environ

DISTURBED = [
    (procedure, step, disturbance)
    for number, (procedure, step) in enumerate(STEPS)
    for place, disturbance in enumerate(DISTURBANCES)
    if (number + place) % 8 == 3 or _ALL
]

#: Seconds from the begin of a step until it is cancelled: at once, before the answer, between
#: answer and effect, and in the midst of what is slow.
DELAYS = [0.0, 0.03, 0.4, 5.0]

CANCELLED = [
    (procedure, step, delay)
    for number, (procedure, step) in enumerate(STEPS)
    for place, delay in enumerate(DELAYS)
    if (number + place) % 4 == 0 or _ALL
]

#: What must be so when a step says that it is done, as far as nothing later changes it.
SEEN: dict[str, Callable[[Model], bool]] = {
    "Communication power on": lambda model: model.communication_on,
    "Motor power on": lambda model: model.motor_on,
    "Loop closed": lambda model: model.mirror.loop_closed,
    "Loop open": lambda model: not model.mirror.loop_closed,
    "Motor power off": lambda model: not model.motor_on,
    "Communication power off": lambda model: not model.communication_on,
    "Offsets applied": lambda model: model.mirror.applied[0] == 10.0,
    "Former offsets restored": lambda model: not any(model.mirror.applied),
    "Faults cleared": lambda model: model.faults.status == 0,
}


class Run:
    """One run of a procedure, from its begin to its end.

    Attributes
    ----------
    outcome
        Its report or its error, once it has ended.
    was_achieved
        Whether the simulated mirror was as the procedure claims when it ended.
    """

    def __init__(self, bench: MirrorBench, procedure: str, step: int) -> None:
        self.bench = bench
        self.sample = PROCEDURES[procedure]
        self.outcome: Any = None
        self.ended_at = 0.0
        self.was_achieved = False
        self._step = step
        self._reached = False
        self.before = len(bench.controller.received)

    def start(self, reached: Callable[[], object]) -> "Deferred[Any]":
        """Begin; when the step is reached, call back once."""

        def progress(report: Report, record: StepRecord) -> None:
            if not self._reached and report.steps[self._step].state is not StepState.WAITING:
                self._reached = True
                reached()

        running = Deferred.fromCoroutine(self.sample.start(self.bench, progress))
        running.addCallbacks(self._ended, lambda failure: self._ended(failure.value))
        return running

    def _ended(self, outcome: object) -> None:
        self.outcome, self.ended_at = outcome, self.bench.clock.seconds()
        self.was_achieved = self.sample.achieved(self.bench)

    @property
    def received(self) -> list[str]:
        """Names of the commands that the simulator has taken since the procedure began."""
        messages = self.bench.controller.received[self.before :]
        return [message["id"].removeprefix("cmd_") for message in messages]


def agrees(condition: Condition, model: Model) -> bool:
    """Whether the mirror claims no more than is so."""
    return {
        Condition.SAFE: not model.motor_on and not model.mirror.loop_closed,
        Condition.DISABLED: not model.motor_on and not model.communication_on,
        Condition.TRACKING: model.motor_on and model.mirror.loop_closed,
    }.get(condition, True)


@pytest.mark.parametrize(("procedure", "step", "disturbance"), DISTURBED)
def test_it_ends_by_itself(slow: MirrorBench, procedure: str, step: int, disturbance: str) -> None:
    """A disturbed procedure ends within the limits of its steps, and its report is true."""
    prepare(slow, PROCEDURES[procedure])
    run = Run(slow, procedure, step)
    began = slow.clock.seconds()
    run.start(lambda: DISTURBANCES[disturbance](slow))
    while run.outcome is None and slow.clock.seconds() < began + LIMITS[procedure]:
        slow.advance(1.0)
        assert agrees(slow.mirror.condition, slow.model)
    assert run.outcome is not None, f"{procedure} goes on after {LIMITS[procedure]:g} s"
    if isinstance(run.outcome, Report):
        assert run.outcome.succeeded
        assert run.was_achieved, run.outcome
    else:
        assert isinstance(run.outcome, ProcedureError), repr(run.outcome)
        assert run.outcome.report.state is StepState.FAILED
        assert run.outcome.report.reason
    slow.restore("command", "telemetry")
    slow.lose("telemetry")  # to simulate it takes most of the time
    for _ in range(10):
        slow.advance(10.0)
        assert agrees(slow.mirror.condition, slow.model)


@pytest.mark.parametrize(("procedure", "step", "delay"), CANCELLED)
def test_cancelled(slow: MirrorBench, procedure: str, step: int, delay: float) -> None:
    """A procedure cancelled at any step ends within a second; its report has all that was sent."""
    prepare(slow, PROCEDURES[procedure])
    run = Run(slow, procedure, step)
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(slow.clock.seconds())
        running.cancel()

    running = run.start(lambda: slow.clock.callLater(delay, cancel))
    while not cancelled_at and run.outcome is None:
        slow.advance(0.5)
    slow.advance(1.0)
    assert run.outcome is not None
    report = run.outcome
    if not isinstance(report, Report):
        assert isinstance(run.outcome, ProcedureCancelledError), repr(run.outcome)
        report = run.outcome.report
        assert report.state is StepState.CANCELLED
        assert run.ended_at - cancelled_at[0] <= 1.0
        assert any(record.state is StepState.CANCELLED for record in report.steps)
    for record in report.steps:
        if record.state is StepState.DONE and record.name in SEEN:
            assert SEEN[record.name](slow.model), record
    slow.lose("telemetry")  # to simulate it takes most of the time
    slow.advance(100.0)  # until the simulator has read all that waited
    assert run.received == [sent.partition("(")[0] for sent in report.sent]
