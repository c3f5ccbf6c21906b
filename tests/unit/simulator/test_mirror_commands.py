"""Forces, position, the loop: what is accepted, at its limits, and refused."""

import json

import pytest

from m2com_twisted.simulator.model.geometry import Pose
from tests.support.memory_simulator import Console

NOT_IN_POSITION = {"id": "m2AssemblyInPosition", "inPosition": False}
IN_POSITION = {"id": "m2AssemblyInPosition", "inPosition": True}
HOME = dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot"), 0)


def free_force(console: Console, actuator: int, limit: float) -> float:
    """Return the offset that brings an actuator exactly to its limit."""
    return limit - console.model.mirror.demand(actuator)


def test_apply_forces_replaces_the_former_offsets() -> None:
    """New force offsets replace the former ones, in any mode and without power."""
    console = Console()
    for force in (20.0, -5):
        events = console.do("applyForces", axial=[force] * 72, tangent=[force] * 6)
        assert events == [NOT_IN_POSITION]
        assert console.model.mirror.applied == [force] * 78


@pytest.mark.parametrize(("actuator", "limit"), [(0, 444.82), (71, 444.82), (72, 5800), (77, 5800)])
def test_apply_forces_up_to_the_limit(actuator: int, limit: float) -> None:
    """A demand just below the limit is taken, one at the limit is not."""
    console = Console()
    forces = [0.0] * 78
    forces[actuator] = free_force(console, actuator, limit) - 1e-6
    console.do("applyForces", axial=forces[:72], tangent=forces[72:])
    accepted = console.model.mirror.applied
    forces[actuator] += 2e-6
    assert console.fail("applyForces", axial=forces[:72], tangent=forces[72:]) == []
    assert console.model.mirror.applied == accepted


@pytest.mark.parametrize(
    ("axial", "tangent"),
    [
        ([0.0] * 71, [0.0] * 6),
        ([0.0] * 73, [0.0] * 6),
        ([0.0], [0.0]),
        ([0.0] * 72, []),
        ([0.0] * 72, None),
        ("0" * 72, [0.0] * 6),
        ([None] * 72, [0.0] * 6),
        ([True] * 72, [0.0] * 6),
        ([[0.0]] * 72, [0.0] * 6),
        ([10**400] + [0.0] * 71, [0.0] * 6),
    ],
)
def test_apply_forces_of_the_wrong_shape_fails(axial: object, tangent: object) -> None:
    """The command applyForces needs 72 and 6 numbers; otherwise it changes nothing."""
    console = Console()
    assert console.fail("applyForces", axial=axial, tangent=tangent) == []
    assert console.model.mirror.applied == [0.0] * 78


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_no_force_or_position_that_is_not_finite(token: str) -> None:
    """A force or position that is not finite is refused."""
    console = Console()
    console.close_loop()
    message = json.dumps({"id": "cmd_positionMirror", "sequence_id": 4, **HOME})
    console.commands.feed(message.replace('"x": 0', f'"x": {token}').encode() + b"\r\n")
    assert [m["id"] for m in console.commands.take()] == ["ack", "fail"]


def test_reset_force_offsets() -> None:
    """Resetting force offsets sets them to 0."""
    console = Console()
    console.do("applyForces", axial=[5.0] * 72, tangent=[5.0] * 6)
    assert console.do("resetForceOffsets") == [NOT_IN_POSITION]
    assert console.model.mirror.applied == [0.0] * 78


def test_position_mirror_needs_power_and_loop() -> None:
    """Without power and loop, positionMirror sends "not in position" twice, and fails."""
    console = Console()
    assert console.fail("positionMirror", **HOME) == [NOT_IN_POSITION] * 2
    console.power_up()
    assert console.fail("positionMirror", **HOME) == [NOT_IN_POSITION] * 2
    console.do("switchForceBalanceSystem", status=True)
    assert console.do("positionMirror", **HOME) == [NOT_IN_POSITION, IN_POSITION]


@pytest.mark.parametrize(
    "position",
    [
        {"x": 7740},
        {"y": -7740},
        {"x": 4644, "y": 6192},
        {"z": 7889.999},
        {"z": -100000},
        {"x": 7740.01, "yRot": 360000},
        {"xRot": 1e6},
    ],
)
def test_position_within_range(position: dict[str, float]) -> None:
    """A position is limited to 7.74 mm sideways and 7.89 mm up."""
    console = Console()
    console.close_loop()
    console.do("positionMirror", **(HOME | position))


@pytest.mark.parametrize(
    "position",
    [
        {"x": 7740.01},
        {"y": 7740.01},
        {"x": -5474, "y": 5474},
        {"z": 7890},
        {"z": -1e308},
        {"z": -1e300},
        {"xRot": 1e308},
        {"x": 1e200, "y": 1e200},
    ],
)
def test_position_out_of_range_fails(position: dict[str, float]) -> None:
    """A position out of range fails, and the mirror stays."""
    console = Console()
    console.close_loop()
    assert console.fail("positionMirror", **(HOME | position)) == [NOT_IN_POSITION] * 2
    console.wait(1)
    assert console.model.mirror.pose == Pose()


@pytest.mark.parametrize("name", list(HOME))
@pytest.mark.parametrize("bad", ["1", None, [1], True])
def test_position_with_a_bad_value_fails(name: str, bad: object) -> None:
    """Each of the six values of a position must be a number."""
    console = Console()
    console.close_loop()
    assert console.fail("positionMirror", **(HOME | {name: bad})) == []


@pytest.mark.parametrize("name", list(HOME))
def test_position_with_a_missing_value_fails(name: str) -> None:
    """None of the six values of a position may be left out."""
    position = {key: value for key, value in HOME.items() if key != name}
    assert Console().fail("positionMirror", **position) == []


def loop_events(closed: bool, output: int, limit: bool = False) -> list[dict[str, object]]:
    """Return what switchForceBalanceSystem always tells."""
    return [
        {"id": "forceBalanceSystemStatus", "status": closed},
        {"id": "openLoopMaxLimit", "status": limit},
        {"id": "closedLoopControlMode", "mode": 4 if closed else 3},
        {"id": "digitalOutput", "value": output},
    ]


def test_close_and_open_the_loop() -> None:
    """Closing the loop needs motor power; opening it is always possible."""
    console = Console()
    assert console.fail("switchForceBalanceSystem", status=True) == loop_events(False, 28)
    console.power_up()
    assert console.do("switchForceBalanceSystem", status=True) == loop_events(True, 63)
    assert console.do("switchForceBalanceSystem", status=False) == loop_events(False, 31)
    assert console.do("switchForceBalanceSystem", status=False) == loop_events(False, 31)


def test_loop_does_not_close_at_the_wider_limits() -> None:
    """The loop cannot be closed while the wider limits of the open loop are on."""
    console = Console()
    console.power_up()
    assert console.do("enableOpenLoopMaxLimit", status=True) == [
        {"id": "openLoopMaxLimit", "status": True}
    ]
    assert console.fail("switchForceBalanceSystem", status=True) == loop_events(False, 31, True)
    console.do("enableOpenLoopMaxLimit", status=False)
    console.do("switchForceBalanceSystem", status=True)
    assert console.fail("enableOpenLoopMaxLimit", status=True) == [
        {"id": "openLoopMaxLimit", "status": False}
    ]
    assert not console.model.open_loop_max_limit


@pytest.mark.parametrize("name", ["switchForceBalanceSystem", "enableOpenLoopMaxLimit"])
@pytest.mark.parametrize("status", [1, 0, "true", None, []])
def test_a_status_that_is_no_bool_fails(name: str, status: object) -> None:
    """A status that is neither true nor false fails."""
    assert Console().fail(name, status=status) == []


def test_closing_the_loop_ends_an_open_loop_motion() -> None:
    """Closing the loop ends the motion of single actuators."""
    console = Console()
    console.power_up()
    console.do("moveActuators", actuatorCommand=1, actuators=[0], displacement=500, unit=2)
    console.do("switchForceBalanceSystem", status=True)
    console.do("switchForceBalanceSystem", status=False)
    console.fail("moveActuators", actuatorCommand=4)


def test_save_position_and_reset_steps_only_succeed() -> None:
    """Saving the position and resetting steps succeed and change nothing."""
    console = Console()
    assert console.do("saveMirrorPosition") == []
    assert console.do("resetActuatorSteps") == []


def test_set_mirror_home() -> None:
    """The present position becomes 0, and later ones count from there."""
    console = Console()
    console.close_loop()
    console.do("positionMirror", **(HOME | {"z": 10}))
    console.wait(4)
    assert console.do("setMirrorHome") == []
    mirror = console.model.mirror
    assert mirror.pose == Pose()
    assert mirror.home.z == pytest.approx(10, abs=0.01)
    console.do("positionMirror", **(HOME | {"z": 5}))
    console.wait(3)
    assert mirror.pose.z == pytest.approx(5, abs=0.02)
    assert mirror.steps[5] == -751
