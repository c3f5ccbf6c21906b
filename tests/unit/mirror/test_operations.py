"""Work on a mirror that is up: motions, forces, faults, breakers, configuration, restart."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import ActuatorDisplacementUnit, PowerType
from m2com_twisted.errors import InvalidFieldError
from m2com_twisted.mirror import (
    NotVerifiedError,
    PreconditionError,
    ProcedureCancelledError,
    ProcedureError,
    StepState,
)
from m2com_twisted.testing import MirrorBench
from tests.support.fake_link import Linked
from tests.support.mirror_procedures import begin


def position(bench: MirrorBench) -> tuple[float, float]:
    """Return x and z of the simulated mirror."""
    return bench.model.mirror.pose.x, bench.model.mirror.pose.z


@pytest.fixture
def open_loop(bench: MirrorBench) -> MirrorBench:
    """Run a mirror whose powers are on and whose loop is open."""
    bench.run(bench.mirror.enable(close_loop=False))
    return bench


def test_move(tracking: MirrorBench) -> None:
    """`move` ends when the mirror has reached its position and has stayed there."""
    report = tracking.run(tracking.mirror.move(z=20.0))
    assert report.succeeded
    assert position(tracking) == pytest.approx((0.0, 20.0), abs=1.0)


def test_axes_that_are_not_named_keep_their_target(tracking: MirrorBench) -> None:
    """An axis that is not named keeps its present target, not where it happens to be."""
    tracking.run(tracking.mirror.move(x=10.0))
    report = tracking.run(tracking.mirror.move(z=5.0))
    assert "positionMirror(x=10.0, y=0.0, z=5.0" in report.sent[0].replace("-0.0", "0.0")


def test_the_target_of_a_motion_that_goes_on(tracking: MirrorBench) -> None:
    """A motion under way is not cut short by naming another axis."""
    moving: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.move(x=40.0))
    moving.addErrback(lambda failure: failure.trap(ProcedureCancelledError))
    tracking.advance(1.0)
    moving.cancel()
    tracking.run(tracking.mirror.move(z=5.0))
    assert position(tracking) == pytest.approx((40.0, 5.0), abs=1.0)


def test_a_target_ends_with_the_loop(tracking: MirrorBench) -> None:
    """After the loop was open, axes that are not named stay where the mirror is."""
    moving: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.move(x=200.0))
    moving.addErrback(lambda failure: failure.trap(ProcedureCancelledError))
    tracking.advance(1.0)
    moving.cancel()
    tracking.run(tracking.mirror.switch_force_balance_system(False))
    tracking.run(tracking.mirror.switch_force_balance_system(True))
    tracking.run(tracking.mirror.move(z=5.0))
    assert position(tracking)[0] < 20.0


def test_move_needs_the_closed_loop(open_loop: MirrorBench) -> None:
    """In open loop move sends nothing, and the error names the precondition."""
    with pytest.raises(ProcedureError) as caught:
        open_loop.run(open_loop.mirror.move(z=5.0))
    assert isinstance(caught.value.__cause__, PreconditionError)
    assert list(caught.value.__cause__.unmet) == ["loop_closed"]
    assert caught.value.report.sent == []


@pytest.mark.parametrize("axes", [{"x": 4001.0}, {"z": float("nan")}, {"y_rot": -4126.0}], ids=str)
def test_move_within_the_limits(tracking: MirrorBench, axes: dict[str, Any]) -> None:
    """A position out of range, or that is no number, is refused at once."""
    with pytest.raises(InvalidFieldError):
        tracking.run(tracking.mirror.move(**axes))


def test_a_cancelled_motion(tracking: MirrorBench) -> None:
    """A cancelled move sends nothing more, and its report says that the motion may go on."""
    outcome: list[Any] = []
    moving: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.move(z=40.0))
    moving.addErrback(lambda failure: outcome.append(failure.value))
    tracking.advance(1.0)
    before = len(tracking.controller.received)
    moving.cancel()
    (error,) = outcome
    assert isinstance(error, ProcedureCancelledError)
    step = error.report.steps[1]
    assert step.state is StepState.CANCELLED
    assert step.seen == "cancelled; what was sent may still take effect"
    tracking.advance(10.0)
    assert len(tracking.controller.received) == before


def test_a_fault_during_a_motion(tracking: MirrorBench) -> None:
    """A mirror that does not arrive is an error that says where it is."""
    moving: list[Any] = []
    Deferred.fromCoroutine(tracking.mirror.move(z=40.0)).addErrback(
        lambda failure: moving.append(failure.value)
    )
    tracking.advance(1.0)
    tracking.fault(6055)
    tracking.advance(60.0)
    (error,) = moving
    assert isinstance(error, ProcedureError)
    assert "z " in str(error)
    assert "of 40" in str(error)


def test_move_actuators(open_loop: MirrorBench) -> None:
    """`move_actuators` takes names, and ends when the steps are made."""
    steps = ActuatorDisplacementUnit.Step
    report = open_loop.run(open_loop.mirror.move_actuators(["B2", "A1"], 300, steps))
    assert report.succeeded
    assert open_loop.model.mirror.steps[1] == open_loop.model.mirror.steps[72] == 300


@pytest.mark.parametrize("displacement", [201.0, float("inf"), 0.0, 1e-6], ids=str)
def test_displacements_that_are_refused(open_loop: MirrorBench, displacement: float) -> None:
    """A displacement that is too large, or less than one step, is refused."""
    with pytest.raises(InvalidFieldError):
        open_loop.run(open_loop.mirror.move_actuators(["B2"], displacement))


def test_a_fraction_of_a_step(open_loop: MirrorBench) -> None:
    """The controller would make 1 step of 1.9 without a word: it is refused."""
    with pytest.raises(InvalidFieldError, match="no whole number of steps"):
        open_loop.run(open_loop.mirror.move_actuators(["B2"], 1.9, ActuatorDisplacementUnit.Step))


def test_no_actuator(open_loop: MirrorBench) -> None:
    """An empty list of actuators is refused."""
    with pytest.raises(InvalidFieldError):
        open_loop.run(open_loop.mirror.move_actuators([], 1.0))


def test_an_unknown_actuator(open_loop: MirrorBench) -> None:
    """A name that no actuator has is refused."""
    with pytest.raises(ValueError, match="no actuator 'B31'"):
        open_loop.run(open_loop.mirror.move_actuators(["B31"], 1.0))


def test_run_script(open_loop: MirrorBench) -> None:
    """`run_script` ends when the script has come to its end."""
    report = open_loop.run(open_loop.mirror.run_script("a.txt"))
    assert report.succeeded
    assert open_loop.model.script.percentage == 100


def test_forces_by_name(tracking: MirrorBench) -> None:
    """`apply_forces` replaces all former offsets; an actuator that is not named gets 0."""
    tracking.run(tracking.mirror.apply_forces({"B1": 10.0, "A6": -5.0}))
    tracking.run(tracking.mirror.apply_forces({"B2": 7.0}))
    applied = tracking.model.mirror.applied
    assert (applied[0], applied[1], applied[77]) == (0.0, 7.0, 0.0)


def test_forces_added(tracking: MirrorBench) -> None:
    """With add=True forces are added to the present offsets."""
    tracking.run(tracking.mirror.apply_forces({"B1": 10.0, "A6": -5.0}))
    tracking.run(tracking.mirror.apply_forces({"B1": 2.0}, add=True))
    applied = tracking.model.mirror.applied
    assert (applied[0], applied[77]) == (12.0, -5.0)


def test_forces_over_the_limit(tracking: MirrorBench) -> None:
    """The demand is gravity, temperature, correction and the new offset; the former is not."""
    tracking.run(tracking.mirror.apply_forces({"B1": 150.0}))
    tracking.run(tracking.mirror.apply_forces({"B1": 150.0}))
    with pytest.raises(ProcedureError, match="would bring B1 to the limit"):
        tracking.run(tracking.mirror.apply_forces({"B1": 150.0}, add=True))
    assert tracking.model.mirror.applied[0] == 150.0


@pytest.mark.parametrize("forces", [[1.0] * 77, {"B1": float("nan")}], ids=["77", "nan"])
def test_forces_that_are_refused(tracking: MirrorBench, forces: Any) -> None:
    """A list of another length, and what is no number, is refused at once."""
    with pytest.raises(InvalidFieldError):
        tracking.run(tracking.mirror.apply_forces(forces))


def test_forces_with_a_short_correction() -> None:
    """Without all corrections the demand cannot be checked, and nothing is sent."""
    linked = Linked()
    linked.link.event("powerSystemState", powerType=1, status=True, state=5)
    linked.link.event("forceBalanceSystemStatus", status=True)
    for topic, count, correction in (("axialForce", 72, 71), ("tangentForce", 6, 6)):
        lists = {"lutGravity": count, "applied": count, "measured": count}
        fields = {name: [0.0] * length for name, length in lists.items()}
        linked.link.telemetry(
            topic,
            lutTemperature=[0.0] * count if count == 72 else [],
            hardpointCorrection=[0.0] * correction,
            **fields,
        )
    (error,) = begin(linked.mirror.apply_forces({"B1": 1.0}))
    assert isinstance(error, ProcedureError)
    assert "not complete" in str(error)
    assert linked.link.pending == []


def test_offsets_that_are_no_numbers_prove_nothing() -> None:
    """Telemetry with NaN equals no offset, so it proves nothing."""
    linked = Linked()
    linked.link.event("powerSystemState", powerType=1, status=True, state=5)
    linked.run(commands.ResetForceOffsets())
    linked.link.ack()
    linked.link.succeed()
    for topic, count in (("axialForce", 72), ("tangentForce", 6)):
        names = ("lutGravity", "lutTemperature", "applied", "measured", "hardpointCorrection")
        linked.link.telemetry(topic, **{name: [float("nan")] * count for name in names})
    assert linked.outcome == []
    linked.clock.advance(60.0)
    assert isinstance(linked.outcome[0], NotVerifiedError)


def test_reset_force_offsets(tracking: MirrorBench) -> None:
    """`reset_force_offsets` ends when the telemetry shows that all offsets are 0."""
    tracking.run(tracking.mirror.apply_forces({"B1": 10.0}))
    tracking.run(tracking.mirror.reset_force_offsets())
    assert not any(tracking.model.mirror.applied)


def test_bump_test(tracking: MirrorBench) -> None:
    """`bump_test` measures push and pull, and restores the former offsets."""
    tracking.run(tracking.mirror.apply_forces({"B1": 10.0, "B7": 3.0}))
    report = tracking.run(tracking.mirror.bump_test("B7", 20.0))
    assert report.succeeded
    assert "off its demand" in report.steps[1].seen
    assert tracking.model.mirror.applied[0] == 10.0
    assert tracking.model.mirror.applied[6] == 3.0


def test_a_bump_test_that_fails(tracking: MirrorBench) -> None:
    """An actuator that does not push fails the test; its force is removed all the same."""
    with pytest.raises(ProcedureError, match="measured force with 20 N"):
        tracking.run(tracking.mirror.bump_test("B7", 20.0, period=0.5))
    assert not any(tracking.model.mirror.applied)


def test_a_bump_test_that_is_cancelled(tracking: MirrorBench) -> None:
    """A cancelled bump_test removes its force, and ends within a second."""
    tracking.run(tracking.mirror.apply_forces({"B1": 10.0}))
    outcome: list[Any] = []
    bumping: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.bump_test("B7", 20.0))
    bumping.addErrback(lambda failure: outcome.append(failure.value))
    tracking.advance(1.0)
    assert tracking.model.mirror.applied[6] == 20.0
    bumping.cancel()
    tracking.advance(1.0)
    assert isinstance(outcome[0], ProcedureCancelledError)
    assert tracking.model.mirror.applied[6] == 0.0
    assert tracking.model.mirror.applied[0] == 10.0


def test_clear_faults(bench: MirrorBench) -> None:
    """`clear_faults` clears faults whose cause is gone."""
    report = bench.run(bench.mirror.clear_faults())
    assert report.succeeded
    assert bench.model.faults.status == 0


def test_reset_breakers(open_loop: MirrorBench) -> None:
    """`reset_breakers` ends when each breaker of the system was seen closed."""
    report = open_loop.run(open_loop.mirror.reset_breakers(PowerType.Motor))
    assert report.succeeded
    assert all(open_loop.mirror.state.breakers.values())


def test_breakers_need_their_power(bench: MirrorBench) -> None:
    """Without power reset_breakers sends nothing."""
    with pytest.raises(ProcedureError, match="motor_power"):
        bench.run(bench.mirror.reset_breakers(PowerType.Motor))


def test_change_configuration(bench: MirrorBench) -> None:
    """A file that the controller lists is chosen and loaded."""
    files = bench.mirror.state.configuration_files.value
    assert files is not None
    bench.run(bench.mirror.change_configuration(files.files[0]))
    assert bench.model.configuration_file == files.files[0]


def test_a_file_that_is_not_listed(bench: MirrorBench) -> None:
    """A file that the controller does not list is refused, unless that is overridden."""
    with pytest.raises(ProcedureError, match="not listed"):
        bench.run(bench.mirror.change_configuration("other.csv"))
    bench.run(bench.mirror.change_configuration("other.csv", override=["listed"]))
    assert bench.model.configuration_file == "other.csv"


def test_change_hardpoints(bench: MirrorBench) -> None:
    """`change_hardpoints` takes six names of a valid list, in any order."""
    bench.run(bench.mirror.change_hardpoints(["B5", "B15", "B25", "A5", "A3", "A1"]))
    assert bench.model.mirror.hardpoints == (4, 14, 24, 72, 74, 76)


def test_hardpoints_need_the_power_off(open_loop: MirrorBench) -> None:
    """With communication power change_hardpoints sends nothing."""
    with pytest.raises(ProcedureError, match="communication_power_off"):
        open_loop.run(open_loop.mirror.change_hardpoints(["B5", "B15", "B25", "A1", "A3", "A5"]))


def test_reboot(bench: MirrorBench) -> None:
    """`reboot` waits until the controller is back and has told its state."""

    def bring_back() -> None:
        Deferred.fromCoroutine(bench.start_controller())

    bench.clock.callLater(120.0, bring_back)
    report = bench.run(bench.mirror.reboot())
    assert report.succeeded
    assert bench.clock.seconds() > 120.0
    assert bench.mirror.state.config.is_fresh


def test_two_things_at_once(tracking: MirrorBench) -> None:
    """Two procedures may run at the same time."""
    moving: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.move(z=5.0))
    forcing: Deferred[Any] = Deferred.fromCoroutine(tracking.mirror.apply_forces({"B1": 5.0}))
    tracking.advance(30.0)
    assert moving.called
    assert forcing.called
    assert position(tracking)[1] == pytest.approx(5.0, abs=1.0)
    assert tracking.model.mirror.applied[0] == 5.0
