"""Single actuators and hardpoints."""

import pytest

from tests.support.memory_simulator import Console

START = {"actuatorCommand": 1, "actuators": [0, 73], "displacement": 250, "unit": 2}


def steps(console: Console, *actuators: int) -> list[int]:
    """Return the steps of some actuators."""
    return [console.model.mirror.steps[actuator] for actuator in actuators]


def test_move_in_steps() -> None:
    """The selected actuators move 100 steps in a cycle, and the remainder last."""
    console = Console()
    assert console.do("moveActuators", **START) == []
    console.wait(0.104)
    assert steps(console, 0, 1, 73) == [100, 0, 100]
    console.wait(0.103)
    assert steps(console, 0, 1, 73) == [200, 0, 200]
    console.wait(1)
    assert steps(console, 0, 1, 73) == [250, 0, 250]
    assert not console.model.open_loop.moving


@pytest.mark.parametrize(
    ("displacement", "expected"), [(0.001, 50), (-0.001, -50), (0.0019, 95), (0, 0), (0.00001, 0)]
)
def test_move_in_millimetres(displacement: float, expected: int) -> None:
    """A displacement in mm is converted to steps of 1.9967536601e-5 mm, rounded down."""
    console = Console()
    console.do("moveActuators", **(START | {"displacement": displacement, "unit": 1}))
    console.wait(0.5)
    assert steps(console, 0) == [expected]


def test_pause_and_resume() -> None:
    """A paused motion keeps the steps that are left, and a resumed one makes them."""
    console = Console()
    console.do("moveActuators", **START)
    console.wait(0.104)
    console.do("moveActuators", actuatorCommand=3)
    console.wait(1)
    assert steps(console, 0) == [100]
    console.do("moveActuators", actuatorCommand=4)
    console.wait(1)
    assert steps(console, 0) == [250]


def test_stop_drops_the_rest() -> None:
    """A stopped motion cannot be resumed."""
    console = Console()
    console.do("moveActuators", **START)
    console.wait(0.104)
    console.do("moveActuators", actuatorCommand=2)
    console.fail("moveActuators", actuatorCommand=4)
    console.wait(1)
    assert steps(console, 0) == [100]


@pytest.mark.parametrize("command", [2, 3])
def test_stop_and_pause_always_succeed(command: int) -> None:
    """Stop and Pause succeed also when nothing moves."""
    assert Console().do("moveActuators", actuatorCommand=command) == []


def test_start_while_moving_fails() -> None:
    """A start fails while actuators move, and their motion goes on."""
    console = Console()
    console.do("moveActuators", **START)
    console.fail("moveActuators", **START)
    console.wait(1)
    assert steps(console, 0) == [250]


@pytest.mark.parametrize("command", [1, 4])
def test_no_motion_in_closed_loop(command: int) -> None:
    """Starting a motion in closed loop fails, where the original hangs for good."""
    console = Console()
    console.close_loop()
    assert console.fail("moveActuators", **(START | {"actuatorCommand": command})) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"actuators": []},
        {"actuators": [78]},
        {"actuators": [-1]},
        {"actuators": [0.0]},
        {"actuators": 0},
        {"actuators": [True]},
        {"actuators": [0] * 79},
        {"unit": 0},
        {"unit": 3},
        {"unit": "1"},
        {"displacement": "far"},
        {"displacement": 2**31},
        {"displacement": 1e308, "unit": 1},
        {"actuatorCommand": 0},
        {"actuatorCommand": 5},
        {"actuatorCommand": None},
    ],
)
def test_bad_parameters_fail(bad: dict[str, object]) -> None:
    """A motion with a bad parameter fails, and nothing moves."""
    console = Console()
    assert console.fail("moveActuators", **(START | bad)) == []
    assert not console.model.open_loop.moving


@pytest.mark.parametrize("missing", list(START))
def test_a_missing_parameter_fails(missing: str) -> None:
    """A start that lacks one of its four parameters fails."""
    console = Console()
    console.fail("moveActuators", **{key: START[key] for key in START if key != missing})


def test_an_actuator_named_twice_moves_once() -> None:
    """An actuator that is named twice makes only the steps that were asked for."""
    console = Console()
    console.do("moveActuators", **(START | {"actuators": [3, 3]}))
    console.wait(1)
    assert steps(console, 3) == [250]


def test_hardpoints_take_the_mirror_along() -> None:
    """Three axial hardpoints extended alike lower the mirror by as much."""
    console = Console()
    console.do(
        "moveActuators", **(START | {"actuators": [5, 15, 25], "displacement": 0.01, "unit": 1})
    )
    console.wait(2)
    assert console.model.mirror.pose.z == pytest.approx(-10, abs=0.02)


def test_motor_off_ends_the_motion() -> None:
    """Motors without power do not move."""
    console = Console()
    console.power_up()
    console.do("moveActuators", **START)
    console.do("power", powerType=1, status=False)
    console.wait(1)
    assert steps(console, 0) == [0]


@pytest.mark.parametrize(
    "hardpoints", [[0, 10, 20, 72, 74, 76], [2, 35, 60, 73, 75, 77], [5, 15, 25, 73, 75, 77]]
)
def test_set_hardpoints(hardpoints: list[int]) -> None:
    """The events count from 1; of the bypassed ILCs only the first is told."""
    console = Console()
    assert console.do("setHardpointList", actuators=hardpoints) == [
        {"id": "hardpointList", "actuators": [index + 1 for index in hardpoints]},
        {"id": "bypassedActuatorILCs", "ilcs": [hardpoints[0] + 1]},
    ]
    assert console.model.mirror.hardpoints == tuple(hardpoints)


@pytest.mark.parametrize(
    "hardpoints",
    [
        [5, 15, 25, 72, 73, 74],
        [5, 15, 25, 73, 75, 76],
        [5, 25, 15, 73, 75, 77],
        [5, 5, 15, 73, 75, 77],
        [5, 15, 72, 73, 75, 77],
        [5, 15, 25, 77, 75, 73],
        [5, 15, 25, 73, 75],
        [5, 15, 25, 73, 75, 77, 77],
        [5, 15, 25, 73, 75, 78],
        [-1, 15, 25, 73, 75, 77],
        [0, 15, 54, 73, 75, 77],
        "abcdef",
        None,
    ],
)
def test_bad_hardpoints_fail(hardpoints: object) -> None:
    """Lists of hardpoints that cannot hold the mirror, or are not sorted, are refused."""
    console = Console()
    assert console.fail("setHardpointList", actuators=hardpoints) == []
    assert console.model.mirror.hardpoints == (5, 15, 25, 73, 75, 77)


def test_other_hardpoints_hold_the_mirror_where_it_is() -> None:
    """Other hardpoints neither move the mirror nor keep it from moving later."""
    console = Console()
    console.close_loop()
    console.do("positionMirror", x=6, y=0, z=6, xRot=0, yRot=0, zRot=0)
    console.wait(3)
    before = console.model.mirror.pose
    console.do("setHardpointList", actuators=[0, 10, 20, 72, 74, 76])
    console.wait(2)
    assert console.model.mirror.pose == before
    console.do("positionMirror", x=0, y=0, z=12, xRot=0, yRot=0, zRot=0)
    console.wait(3)
    assert console.model.mirror.pose.x == pytest.approx(0, abs=0.03)
    assert console.model.mirror.pose.z == pytest.approx(12, abs=0.03)
