"""The mirror: how fast it moves, how its forces follow."""

import math

import pytest

from m2com_twisted.simulator.model.forces import distribute, effect, net
from m2com_twisted.simulator.model.geometry import (
    AXIAL,
    DEFAULT_HARDPOINTS,
    Pose,
    extensions,
    pose_from_extensions,
    solve,
)
from m2com_twisted.simulator.model.lookup import WEIGHT, gravity_table, temperature_table
from m2com_twisted.simulator.model.mirror import Mirror
from m2com_twisted.simulator.model.sensors import processed_inclination
from tests.support.memory_simulator import Console

HOME = dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot"), 0.0)
ACTIVE = [actuator for actuator in range(78) if actuator not in DEFAULT_HARDPOINTS]


@pytest.fixture
def console() -> Console:
    """Make a controller in closed loop, and wait until it is in position."""
    console = Console()
    console.close_loop()
    console.wait(14)
    assert console.model.mirror.in_position
    return console


@pytest.mark.parametrize(
    ("axis", "lead"), [("x", 4 / 3), ("y", 1 / math.cos(math.radians(30))), ("z", 1)]
)
def test_speed(console: Console, axis: str, lead: float) -> None:
    """Each hardpoint moves at 4.85 um/s, so that 100 um take about 20 s.

    Sideways the mirror leads at first: in x two of the three hardpoints have
    only half the way to go, and in y none is parallel to the motion.
    """
    console.do("positionMirror", **(HOME | {axis: 100.0}))
    console.wait(10)
    assert getattr(console.model.mirror.pose, axis) == pytest.approx(48.5 * lead, rel=0.06)
    console.wait(11)
    assert getattr(console.model.mirror.pose, axis) == pytest.approx(100, abs=0.02)


@pytest.mark.parametrize(
    "position",
    [
        {"x": 30.0, "y": -20.0, "z": 10.0},
        {"xRot": 3.0, "yRot": -2.0, "zRot": 1.0},
        {"x": -5.0, "z": -40.0, "zRot": -2.5},
    ],
)
def test_position_converges_to_a_step(console: Console, position: dict[str, float]) -> None:
    """The position converges in all six directions to within a step of each hardpoint."""
    wanted = HOME | position
    console.do("positionMirror", **wanted)
    console.wait(15)
    pose = console.model.mirror.pose
    reached = (pose.x, pose.y, pose.z, pose.x_rot, pose.y_rot, pose.z_rot)
    assert reached == pytest.approx(tuple(wanted.values()), abs=0.02)


def test_in_position_is_late() -> None:
    """After closing the loop the flag stays, goes after 8 s, and comes back within 14."""
    console = Console()
    console.close_loop()
    seen = [
        "m2AssemblyInPosition" in [message["id"] for message in console.wait(0.5)]
        for _ in range(28)
    ]
    assert all(seen[:15])
    assert not any(seen[17:20])
    assert seen[-1]


def test_closing_the_loop_again_judges_anew(console: Console) -> None:
    """The errors from before it opened count no more: the flag stays for 8 s again."""
    console.do("switchForceBalanceSystem", status=False)
    console.model.mirror.move_actuator(40, 600)
    console.do("switchForceBalanceSystem", status=True)
    console.wait(7)
    assert console.model.mirror.in_position
    console.wait(2)
    assert not console.model.mirror.in_position


def test_a_force_step_takes_time(console: Console) -> None:
    """After 20 N more on one actuator it is still not in position 8 s later; then it is."""
    forces = [0.0] * 72
    forces[40] = 20.0
    console.do("applyForces", axial=forces, tangent=[0.0] * 6)
    console.wait(8)
    mirror = console.model.mirror
    assert not mirror.in_position
    console.wait(8)
    assert mirror.in_position
    wanted = mirror.demand(40) + mirror.correction[40]
    assert mirror.measured[40] == pytest.approx(wanted, abs=0.1)


def test_forces_meet_their_demand(console: Console) -> None:
    """Each active actuator meets its demand; the hardpoints bear the rest."""
    mirror = console.model.mirror
    for actuator in ACTIVE:
        wanted = mirror.demand(actuator) + mirror.correction[actuator]
        assert mirror.measured[actuator] == pytest.approx(wanted, abs=0.3)


def test_forces_react_to_a_motion(console: Console) -> None:
    """Forces are disturbed while the mirror moves, and settle after it."""
    mirror = console.model.mirror
    before = list(mirror.measured)
    console.do("positionMirror", **(HOME | {"z": 50.0}))
    console.wait(3)
    moving = max(abs(mirror.measured[a] - before[a]) for a in ACTIVE)
    console.wait(15)
    still = max(abs(mirror.measured[a] - before[a]) for a in ACTIVE)
    assert moving > 0.2
    assert still < 0.3


def test_a_long_motion_meets_no_limit(console: Console) -> None:
    """A motion of over half a millimetre, two minutes long, raises no fault."""
    console.do("clearErrors")
    console.do("positionMirror", **(HOME | {"z": 5000.0}))
    console.clock.pump([0.05] * 2400)
    assert console.model.mirror.pose.z > 550
    assert console.model.faults.status == 0


def test_a_new_command_replaces_the_motion(console: Console) -> None:
    """The mirror turns back on its way."""
    console.do("positionMirror", **(HOME | {"z": 100.0}))
    console.wait(3)
    console.do("positionMirror", **HOME)
    console.wait(5)
    assert console.model.mirror.pose.z == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("elevation", [0.0, 20.0, 45.0, 89.06])
def test_the_table_carries_the_mirror(elevation: float) -> None:
    """At every elevation, without a moment."""
    fx, fy, fz, mx, my, mz = net(gravity_table(elevation))
    angle = math.radians(elevation)
    assert fz == pytest.approx(WEIGHT * math.sin(angle), abs=1e-6)
    assert fy == pytest.approx(-math.sqrt(0.75) * WEIGHT * math.cos(angle), abs=1e-6)
    assert (fx, mx, my, mz) == pytest.approx((0, 0, 0, 0), abs=1e-6)


def test_the_table_of_temperatures_has_no_net_force() -> None:
    """The table of temperatures bends the mirror, and does not lift it."""
    warm = temperature_table((1.0, 2.0, 0.5) * 4)
    assert any(abs(force) > 0.1 for force in warm)
    assert sum(warm) == pytest.approx(0, abs=1e-9)
    assert temperature_table((0.0,) * 12) == (0.0,) * 72


@pytest.mark.parametrize("elevation", [10.0, 60.0, 89.06])
def test_forces_balance_the_weight_however_actuators_move(elevation: float) -> None:
    """What active actuators do not bear, the hardpoints do."""
    mirror = Mirror(elevation)
    for actuator in (0, 7, 40, 72, 76):
        mirror.move_actuator(actuator, 300)
    mirror.sense(elevation, [0.0] * 72)
    assert net(mirror.measured) == pytest.approx(net(gravity_table(elevation)), abs=1e-6)


def test_pose_and_extensions_are_inverse() -> None:
    """Six extensions of hardpoints determine the pose, and the pose determines them."""
    pose = Pose(1, -2, 3, 0.4, -0.5, 0.6)
    extended = extensions(pose)
    found = pose_from_extensions(DEFAULT_HARDPOINTS, [extended[i] for i in DEFAULT_HARDPOINTS])
    for name in ("x", "y", "z", "x_rot", "y_rot", "z_rot"):
        assert getattr(found, name) == pytest.approx(getattr(pose, name))


def test_no_solution() -> None:
    """Equations that say the same thing twice have none."""
    with pytest.raises(ValueError, match="no single solution"):
        solve([(1, 0, 0), (0, 1, 0), (1, 1, 0)], [1, 2, 3])


def test_distributed_forces_have_the_effect() -> None:
    """Forces that share a load have the effect of that one load."""
    shares = distribute((100.0, 5.0, -7.0), AXIAL)
    assert effect(AXIAL, shares) == pytest.approx((100.0, 5.0, -7.0))


@pytest.mark.parametrize(
    ("raw", "processed"),
    [
        (90, 89.06),
        (0, -180.94),
        (89.05, -269.99),
        (89.06, 90),
        (-0.94, -180),
        (-1, 90),
        (540, -270),
    ],
)
def test_processed_inclination(raw: float, processed: float) -> None:
    """180 - (raw + 0.94), a turn less below 90, within -270 and 90 degrees."""
    assert processed_inclination(raw) == pytest.approx(processed)
