"""A random walk: whatever is asked and whatever goes wrong, what the mirror claims is so."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred

from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import Condition
from m2com_twisted.testing import MirrorBench, slow_power
from tests.support.mirror_procedures import PROCEDURES

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

#: Seconds after which what happened has been told: three cycles of the controller.
_TOLD = 0.35

#: Seconds between two looks at the claim while time passes.
_LOOK = 0.5

#: Seconds that pass after each call or disturbance: from less than a cycle of the controller to
#: more than both powers take.
_PAUSES = strategies.sampled_from([0.01, 0.5, 5.0, 9.0])


#: The commands that change power or loop; those that switch something on are the dangerous ones.
COMMANDS = [
    commands.Power(power_type=PowerType.Motor, status=True),
    commands.Power(power_type=PowerType.Communication, status=True),
    commands.Power(power_type=PowerType.Motor, status=False),
    commands.Power(power_type=PowerType.Communication, status=False),
    commands.SwitchForceBalanceSystem(status=True),
    commands.SwitchForceBalanceSystem(status=False),
]


def _lose(*ports: Any) -> Callable[[MirrorBench], object]:
    """Return what loses connections for some seconds."""

    def lose(bench: MirrorBench) -> None:
        bench.lose(*ports)
        bench.clock.callLater(5.0, bench.restore, *ports)

    return lose


def _answer(name: str) -> Callable[[MirrorBench], object]:
    """Return what lets the next two answers of the controller be wrong."""
    return lambda bench: bench.controller.inject(name, count=2)


#: What can go wrong, by name.
DISTURBANCES: dict[str, Callable[[MirrorBench], object]] = {
    "command port lost": _lose("command"),
    "telemetry lost": _lose("telemetry"),
    "both ports lost": _lose("command", "telemetry"),
    "limit switch": lambda bench: bench.fault(6056),
    "warning": lambda bench: bench.fault(6078),
    "controller communication": lambda bench: bench.fault(6053),
    "late ack": _answer("late-ack"),
    "missing ack": _answer("missing-ack"),
    "missing success": _answer("missing-success"),
    "success twice": _answer("duplicate-success"),
    "wrong id": _answer("wrong-id"),
    "restart": lambda bench: Deferred.fromCoroutine(bench.restart(seconds=2.0)),
}


class RandomWalk(RuleBasedStateMachine):
    """Calls of a user, faults, and losses, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = MirrorBench(profile=slow_power(4.0))
        self.bench.run(self.bench.start())
        self.running: list[Deferred[Any]] = []
        self.stays_off = False

    def send(self, work: Any) -> None:
        """Send a command, which may succeed or not."""
        self.stays_off = False
        Deferred.fromCoroutine(work).addErrback(lambda failure: None)

    def begin(self, work: Any) -> None:
        """Begin with a procedure; it may end as it likes."""
        self.stays_off = False
        running = Deferred.fromCoroutine(work)
        self.running.append(running)

        def ended(result: object) -> None:
            self.running.remove(running)

        running.addBoth(ended)

    @rule(name=strategies.sampled_from(["enable", "make_safe", *PROCEDURES]), seconds=_PAUSES)
    def procedure(self, name: str, seconds: float) -> None:
        """Begin with a procedure."""
        if name == "make_safe":
            self.begin(self.bench.mirror.make_safe())
        else:
            self.begin(PROCEDURES[name].start(self.bench, lambda report, record: None))
        self.wait(seconds)

    @rule(seconds=_PAUSES)
    def cancel(self, seconds: float) -> None:
        """Cancel all procedures; the controller goes on with what it has."""
        for running in list(self.running):
            running.cancel()
        self.wait(seconds)

    @rule(command=strategies.sampled_from(COMMANDS), seconds=_PAUSES)
    def command(self, command: Any, seconds: float) -> None:
        """Switch power or loop by hand."""
        self.send(self.bench.mirror.run(command))
        self.wait(seconds)

    @rule(disturbance=strategies.sampled_from(sorted(DISTURBANCES)), seconds=_PAUSES)
    def disturb(self, disturbance: str, seconds: float) -> None:
        """Let something go wrong; it passes by itself."""
        DISTURBANCES[disturbance](self.bench)
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass, and look at the claim again and again."""
        end = self.bench.clock.seconds() + seconds
        while self.bench.clock.seconds() < end:
            self.bench.advance(min(_LOOK, end - self.bench.clock.seconds()))
            self.compare()

    def compare(self) -> None:
        """Compare what is claimed with the simulated mirror."""
        model, condition = self.bench.model, self.bench.mirror.condition
        if condition in (Condition.SAFE, Condition.DISABLED):
            self.stays_off = self.stays_off or not self.running
        if self.stays_off:
            # It was called safe, and nobody has asked for anything since: it stays so,
            # also if a command was still under way then.
            assert not model.motor_on
            assert not model.mirror.loop_closed

    @invariant()
    def what_is_claimed_is_so(self) -> None:
        """Safe, disabled and tracking agree with the simulated mirror."""
        self.bench.advance(_TOLD)
        self.compare()
        model, condition = self.bench.model, self.bench.mirror.condition
        if condition in (Condition.SAFE, Condition.DISABLED):
            assert not model.motor_on
            assert not model.mirror.loop_closed
        if condition is Condition.DISABLED:
            assert not model.communication_on
        if condition is Condition.TRACKING:
            assert model.motor_on
            assert model.mirror.loop_closed

    def teardown(self) -> None:
        """Stop the bench; in the end the mirror can be made safe, and really is."""
        self.bench.restore("command", "telemetry")
        report = self.bench.run(self.bench.mirror.make_safe())
        assert report.safe
        assert not self.bench.model.motor_on
        assert not self.bench.model.mirror.loop_closed
        self.bench.lose("telemetry")  # to simulate it takes most of the time
        self.bench.advance(6.0)  # until all that was only put off has happened
        assert not self.bench.model.motor_on
        self.bench.run(self.bench.stop())


RandomWalkTest = RandomWalk.TestCase
RandomWalkTest.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)
