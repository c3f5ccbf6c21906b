"""A random walk: whatever is asked and whatever goes wrong, what the mirror claims is so."""

from typing import Any

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred

from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import Condition
from m2com_twisted.testing import MirrorBench, slow_power

#: Seconds after which what happened has been told: three cycles of the controller.
_TOLD = 0.35


class RandomWalk(RuleBasedStateMachine):
    """Calls of a user, faults, and losses, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = MirrorBench(profile=slow_power(4.0))
        self.bench.run(self.bench.start())
        self.reports: list[Any] = []

    def begin(self, work: Any) -> None:
        """Begin with something, and keep what becomes of it."""
        running = Deferred.fromCoroutine(work)
        running.addCallbacks(self.reports.append, lambda failure: None)

    @rule()
    def enable(self) -> None:
        """Begin to enable the mirror."""
        self.begin(self.bench.mirror.enable())

    @rule()
    def disable(self) -> None:
        """Begin to disable the mirror."""
        self.begin(self.bench.mirror.disable())

    @rule()
    def make_safe(self) -> None:
        """Begin to make the mirror safe."""
        self.begin(self.bench.mirror.make_safe())

    @rule(z=strategies.sampled_from([-20.0, 5.0, 3000.0]))
    def move(self, z: float) -> None:
        """Begin to move the mirror."""
        self.begin(self.bench.mirror.move(z=z))

    @rule(power_type=strategies.sampled_from(PowerType), status=strategies.booleans())
    def power(self, power_type: PowerType, status: bool) -> None:
        """Switch a power by hand."""
        self.begin(self.bench.mirror.power(power_type, status))

    @rule(status=strategies.booleans())
    def loop(self, status: bool) -> None:
        """Switch the loop by hand."""
        self.begin(self.bench.mirror.switch_force_balance_system(status))

    @rule(ports=strategies.sampled_from([("command",), ("telemetry",), ("command", "telemetry")]))
    def lose(self, ports: Any) -> None:
        """Lose connections for a time."""
        self.bench.lose(*ports)
        self.bench.clock.callLater(5.0, self.bench.restore, *ports)

    @rule(code=strategies.sampled_from([6056, 6078, 6053]))
    def fault(self, code: int) -> None:
        """Let the controller report a fault."""
        self.bench.fault(code)

    @rule(
        name=strategies.sampled_from(
            ["late-ack", "missing-ack", "missing-success", "duplicate-success", "wrong-id"]
        )
    )
    def answer(self, name: str) -> None:
        """Let the next two answers of the controller be wrong."""
        self.bench.controller.inject(name, count=2)

    @rule()
    def restart(self) -> None:
        """Let the controller restart."""
        self.begin(self.bench.restart(seconds=2.0))

    @rule(seconds=strategies.sampled_from([0.01, 0.1, 1.0, 5.0, 20.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.bench.advance(seconds)

    @invariant()
    def what_is_claimed_is_so(self) -> None:
        """Safe, disabled and tracking agree with the simulated mirror."""
        self.bench.advance(_TOLD)
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
        self.bench.run(self.bench.stop())


RandomWalkTest = RandomWalk.TestCase
RandomWalkTest.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
