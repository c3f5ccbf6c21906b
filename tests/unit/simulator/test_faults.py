"""Faults: where they come from, what they do, what is told of them and when."""

import pytest
from twisted.internet.task import Clock

from m2com_twisted.catalogue.enums import PowerSystemState, PowerType
from m2com_twisted.catalogue.faults import (
    DEFAULT_ENABLED_FAULTS_MASK,
    FAULTS,
    Severity,
    fault_by_code,
    faults_in,
)
from m2com_twisted.simulator import DEFAULT, ORIGINAL, CellController, Profile
from m2com_twisted.simulator.model.geometry import UM_PER_STEP
from m2com_twisted.simulator.model.model import ServerKind
from tests.support.memory_simulator import ClientEnd, Console, Message

START = fault_by_code(6053).mask


def ready(profile: Profile = DEFAULT, kind: ServerKind = "CSC") -> Console:
    """Return a controller with motor power, and no fault."""
    console = Console(profile, kind=kind)
    console.power_up()
    console.wait(0.2)
    console.do("clearErrors")
    return console


def told(messages: list[Message]) -> list[Message]:
    """Return messages without those that come every cycle."""
    return [message for message in messages if message["id"] != "m2AssemblyInPosition"]


def summary(*codes: int) -> Message:
    """Return the event that reports faults."""
    status = sum(fault_by_code(code).mask for code in codes)
    return {"id": "summaryFaultsStatus", "status": status}


LOOP_OPEN = {"id": "forceBalanceSystemStatus", "status": False}


def test_table() -> None:
    """The table has 37 faults, each with a bit and a code from 6051 to 6088."""
    assert len(FAULTS) == 37
    assert len({fault.bit for fault in FAULTS}) == 37
    codes = {fault.code for fault in FAULTS}
    assert codes == set(range(6051, 6089)) - {6076}
    assert [fault.bit for fault in FAULTS] == sorted(fault.bit for fault in FAULTS)
    assert all(fault.name and fault.mask == 1 << fault.bit for fault in FAULTS)
    assert all(fault.mask & DEFAULT_ENABLED_FAULTS_MASK for fault in FAULTS)


def test_faults_in_a_status() -> None:
    """The faults of a status are found by its bits; reserved bits name none."""
    assert [fault.code for fault in faults_in(1 << 57 | 1 << 34 | 1 << 40 | 1)] == [6052, 6053]
    assert faults_in(0) == []


def test_no_fault_of_another_code() -> None:
    """A code without a fault is refused."""
    with pytest.raises(KeyError):
        fault_by_code(6076)


def disturbed() -> Console:
    """Return a controller in closed loop, with a script, offsets and a motion."""
    console = ready()
    console.do("switchForceBalanceSystem", status=True)
    console.do("applyForces", axial=[1.0] * 72, tangent=[0.0] * 6)
    console.do("runScript", scriptCommand=1, scriptName="x")
    console.do("runScript", scriptCommand=3)
    console.do("positionMirror", x=0, y=0, z=100, xRot=0, yRot=0, zRot=0)
    console.wait(1)
    return console


@pytest.mark.parametrize(
    "code", [f.code for f in FAULTS if f.severity is Severity.FAULT or f.code == 6057]
)
def test_a_fault_opens_the_loop(code: int) -> None:
    """A fault opens the loop, ends script and motion, and sets the offsets to 0."""
    console = disturbed()
    console.model.raise_fault(code)
    model = console.model
    assert not model.mirror.loop_closed
    assert not model.script.running
    assert model.mirror.applied == [0.0] * 78
    assert not model.power.output & 32
    assert told(console.wait(0.2)) == [LOOP_OPEN, summary(code)]
    before = model.mirror.pose
    console.wait(1)
    assert model.mirror.pose == before
    console.fail("runScript", scriptCommand=6)


@pytest.mark.parametrize(
    "code", [f.code for f in FAULTS if f.severity is Severity.WARNING and f.code != 6057]
)
def test_a_warning_is_only_told(code: int) -> None:
    """A warning is reported, and nothing stops."""
    console = disturbed()
    console.model.raise_fault(code)
    assert console.model.mirror.loop_closed
    assert console.model.script.running
    assert [m for m in told(console.wait(0.11)) if m["id"] != "scriptExecutionStatus"] == [
        summary(code)
    ]


def test_a_fault_ends_the_motion_of_single_actuators() -> None:
    """A fault ends the motion of actuators, and there is nothing to resume."""
    console = ready()
    console.do("moveActuators", actuatorCommand=1, actuators=[0], displacement=5000, unit=2)
    console.model.raise_fault(6055)
    console.fail("moveActuators", actuatorCommand=4)


def test_a_fault_is_told_once_until_cleared() -> None:
    """Each report has all faults so far; after clearErrors a fault is told again."""
    console = ready()
    console.model.raise_fault(6055)
    console.model.raise_fault(6055)
    assert told(console.wait(0.5)) == [LOOP_OPEN, summary(6055)]
    console.model.raise_fault(6051)
    assert told(console.wait(0.5)) == [LOOP_OPEN, summary(6051, 6055)]
    console.do("clearErrors")
    console.model.raise_fault(6055)
    assert told(console.wait(0.5)) == [LOOP_OPEN, summary(6055)]


def test_a_masked_fault_is_ignored_entirely() -> None:
    """A masked fault is not reported, not acted upon and not remembered."""
    console = disturbed()
    mask = DEFAULT_ENABLED_FAULTS_MASK & ~fault_by_code(6055).mask
    console.do("setEnabledFaultsMask", mask=mask)
    console.model.raise_fault(6055)
    assert console.model.mirror.loop_closed
    assert not [m for m in console.wait(0.5) if m["id"] == "summaryFaultsStatus"]
    console.do("clearErrors")
    assert console.model.faults.enabled == mask


def push(console: Console, actuator: int, newton: float) -> None:
    """Bring the measured force of an actuator to a value, by its motor."""
    mirror = console.model.mirror
    per_step = -0.057 if actuator < 72 else 0.082
    for _ in range(4):  # each time most of the rest, because no two actuators are alike
        rest = newton - mirror.measured[actuator]
        mirror.move_actuators({actuator: round(rest / per_step)})
    assert mirror.measured[actuator] == pytest.approx(newton, abs=0.05)


def test_force_limit_in_open_loop() -> None:
    """In open loop 489.3 N axial raise 6057, with all effects of a fault."""
    console = ready()
    push(console, 0, 489.0)
    assert told(console.wait(0.3)) == []
    push(console, 0, 489.4)
    assert told(console.wait(0.3)) == [LOOP_OPEN, summary(6057)]


def test_wider_force_limit_in_open_loop() -> None:
    """With the maximum limit on, 622.75 N raise the fault, and limit switches are reported."""
    console = ready()
    console.do("enableOpenLoopMaxLimit", status=True)
    lie(console, {3: 622.7, 4: -622.7})
    assert told(console.wait(0.3)) == []
    lie(console, {4: 622.75, 3: 700.0})
    switches = {"id": "limitSwitchStatus", "retract": [3, 4], "extend": []}
    assert told(console.wait(0.3)) == [LOOP_OPEN, summary(6057), switches]
    lie(console, {40: -622.75})
    newly = {"id": "limitSwitchStatus", "retract": [], "extend": [40]}
    assert told(console.wait(0.3)) == [newly]
    console.do("clearErrors")
    both = {"id": "limitSwitchStatus", "retract": [3, 4], "extend": [40]}
    assert told(console.wait(0.3)) == [LOOP_OPEN, summary(6057), both]


def test_force_limit_in_closed_loop() -> None:
    """In closed loop 444.82 N axial raise 6056, and the loop opens."""
    console = ready()
    console.do("switchForceBalanceSystem", status=True)
    push(console, 0, 445)
    assert told(console.wait(0.11)) == [LOOP_OPEN, summary(6056)]


def test_forces_are_not_checked_without_motor_power() -> None:
    """Without motor power no force raises a fault."""
    console = Console()
    console.wait(0.2)
    push(console, 0, 1000)
    assert told(console.wait(0.3)) == []


def lie(console: Console, forces: dict[int, float]) -> None:
    """Have some load cells read a force, whatever they bear."""
    mirror = console.model.mirror
    mirror.measured = [forces.get(index, force) for index, force in enumerate(mirror.measured)]


@pytest.mark.parametrize(
    "forces", [{72: 2500}, {73: -2300, 74: -2300, 76: 2300, 77: 2300}, {72: 500, 75: 600}]
)
def test_tangent_load_cells(forces: dict[int, float]) -> None:
    """An error of a load cell, of the weight or of the sum beyond its limit raises 6088."""
    console = ready()
    lie(console, forces)
    assert told(console.wait(0.3)) == [LOOP_OPEN, summary(6088)]


@pytest.mark.parametrize(("elevation", "faulty"), [(87.1, False), (87.0, True), (91.1, True)])
def test_angle_comparison(elevation: float, faulty: bool) -> None:
    """A difference to the inclinometer beyond the allowed one raises 6060."""
    console = ready(kind="GUI")
    console.model.external_elevation = elevation
    assert told(console.wait(0.2)) == []
    console.do(
        "setControlParameters",
        useExternalElevationAngle=False,
        enableAngleComparison=True,
        maxAngleDifference=2.0,
        enableLutTemperature=True,
    )
    assert told(console.wait(0.2)) == ([LOOP_OPEN, summary(6060)] if faulty else [])


def test_only_a_controller_for_the_console_compares_angles() -> None:
    """A controller for the CSC does not compare, whatever it is told to."""
    console = ready(kind="CSC")
    console.model.external_elevation = 60.0
    console.model.compare_angles = True
    assert told(console.wait(0.5)) == []


@pytest.mark.parametrize(("profile", "kept"), [(DEFAULT, 1.0), (ORIGINAL, 0.0)])
def test_offsets_while_a_cause_holds(profile: Profile, kept: float) -> None:
    """The original acts on the cause in each cycle; the others do it once."""
    console = ready(profile)
    push(console, 0, 500)
    console.wait(0.3)
    console.do("applyForces", axial=[1.0] * 72, tangent=[0.0] * 6)
    console.wait(0.3)
    assert console.model.mirror.applied[0] == kept


def test_a_masked_limit_holds_the_motion_in_the_original() -> None:
    """Single actuators pause at the limit of 489.3 N, and the motion may be resumed."""
    console = ready(ORIGINAL)
    mask = DEFAULT_ENABLED_FAULTS_MASK & ~fault_by_code(6057).mask
    console.do("setEnabledFaultsMask", mask=mask)
    console.wait(0.1)
    console.do("moveActuators", actuatorCommand=1, actuators=[10], displacement=-9000, unit=2)
    console.wait(10)
    mirror = console.model.mirror
    assert 489.3 <= mirror.measured[10] < 500
    assert not console.model.open_loop.moving
    assert console.model.faults.status == 0
    console.do("moveActuators", actuatorCommand=4)


def test_a_cause_still_there_comes_again() -> None:
    """A fault whose cause is still there comes again in the cycle after clearErrors."""
    console = ready()
    push(console, 0, 500)
    console.wait(0.2)
    console.do("clearErrors")
    assert told(console.wait(0.11)) == [LOOP_OPEN, summary(6057)]


def test_the_controllers_start_is_a_fault() -> None:
    """The fault 6053 is told in the first cycle."""
    assert told(Console().wait(0.11)) == [LOOP_OPEN, {**summary(6053), "status": START}]


def test_faults_are_told_to_the_first_client(caplog: pytest.LogCaptureFixture) -> None:
    """The first client is told the faults, however late it comes."""
    assert CellController(seed=1).model.faults.status == 0
    console = Console()
    console.commands.transport.loseConnection()
    console.wait(5)
    console.commands = console.connect()
    assert len(console.commands.take()) == 99
    assert told(console.wait(0.11)) == [LOOP_OPEN, summary(6053)]


def test_the_first_client_is_told_of_what_came_before_it() -> None:
    """Faults and limit switches from the time without a client are told after the welcome."""
    controller = CellController(seed=1, clock=(clock := Clock()))
    controller.start_loops()
    controller.model.open_loop_max_limit = True
    controller.model.set_power_state(PowerType.Motor, PowerSystemState.PoweredOn)
    controller.model.mirror.measured = [700.0, *controller.model.mirror.measured[1:]]
    clock.pump([0.05] * 20)
    client = ClientEnd(controller.command_factory)
    assert len(client.take()) == 99
    clock.pump([0.05] * 3)
    switches = {"id": "limitSwitchStatus", "retract": [0], "extend": []}
    assert told(client.take()) == [LOOP_OPEN, summary(6053, 6057), switches]


def test_step_of_a_hardpoint_is_a_step_of_the_mirror() -> None:
    """The constant of the encoder is that of the motion."""
    console = ready()
    mirror = console.model.mirror
    for hardpoint in mirror.hardpoints[:3]:
        mirror.move_actuators({hardpoint: -1})
    assert mirror.pose.z == pytest.approx(UM_PER_STEP)
