"""What proves each of the 25 commands, against the simulator."""

import pytest

from m2com_twisted import CommandFailed
from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import (
    ActuatorDisplacementUnit,
    ClosedLoopControlMode,
    CommandActuator,
    CommandScript,
    DigitalOutput,
    DigitalOutputStatus,
    InnerLoopControlMode,
    PowerType,
)
from m2com_twisted.mirror import NotVerifiedError
from m2com_twisted.mirror.command_proofs import PROVED_BY, WITHOUT_PROOF
from m2com_twisted.testing.mirror_bench import MirrorBench

FORCES = commands.ApplyForces(axial=[5.0] + [0.0] * 71, tangent=[0.0] * 6)

#: Each command with the state that it needs: "off", "on" (both powers) or "closed" (loop).
COMMANDS: list[tuple[str, commands.Command]] = [
    ("closed", FORCES),
    ("closed", commands.PositionMirror(x=10.0)),
    ("closed", commands.ResetForceOffsets()),
    ("off", commands.ClearErrors()),
    ("on", commands.SwitchForceBalanceSystem(status=True)),
    ("closed", commands.SwitchForceBalanceSystem(status=False)),
    ("off", commands.SetTemperatureOffset(ring=[20.0] * 12)),
    ("off", commands.SwitchCommandSource(is_remote=False)),
    ("on", commands.RunScript(script_command=CommandScript.Run)),
    (
        "on",
        commands.MoveActuators(
            actuator_command=CommandActuator.Start,
            actuators=[3, 74],
            displacement=500,
            unit=ActuatorDisplacementUnit.Step,
        ),
    ),
    ("on", commands.ResetBreakers(power_type=PowerType.Motor)),
    ("off", commands.RebootController()),
    ("on", commands.EnableOpenLoopMaxLimit(status=True)),
    ("closed", commands.SetMirrorHome()),
    (
        "off",
        commands.SwitchDigitalOutput(
            bit=DigitalOutput.ResetMotorBreakers, status=DigitalOutputStatus.ToggleBit
        ),
    ),
    ("off", commands.Power(power_type=PowerType.Communication, status=True)),
    ("on", commands.Power(power_type=PowerType.Motor, status=False)),
    ("off", commands.SetClosedLoopControlMode(mode=ClosedLoopControlMode.TelemetryOnly)),
    (
        "on",
        commands.SetInnerLoopControlMode(addresses=[1, 83], mode=InnerLoopControlMode.ClearFaults),
    ),
    ("on", commands.GetInnerLoopControlMode(addresses=range(84))),
    ("off", commands.LoadConfiguration()),
    (
        "off",
        commands.SetControlParameters(
            use_external_elevation_angle=True,
            enable_angle_comparison=False,
            max_angle_difference=2.0,
            enable_lut_temperature=False,
        ),
    ),
    ("off", commands.SetEnabledFaultsMask(mask=2**63)),
    ("off", commands.SetConfigurationFile(file="another.csv")),
    ("off", commands.SetHardpointList(actuators=[4, 14, 24, 72, 74, 76])),
]


def bring(bench: MirrorBench, state: str) -> None:
    """Bring the mirror into a state."""
    if state == "on":
        bench.run(bench.mirror.enable(close_loop=False))
        load = commands.RunScript(script_command=CommandScript.LoadScript, script_name="a.txt")
        bench.run(bench.mirror.run(load))
    elif state == "closed":
        bench.run(bench.enable())


def test_each_command_is_in_one_of_two_tables() -> None:
    """Each of the 25 commands has a proof, or a reason why it has none."""
    assert PROVED_BY.keys() | WITHOUT_PROOF.keys() == set(commands.BY_NAME.values())
    assert not PROVED_BY.keys() & WITHOUT_PROOF.keys()
    assert {type(command) for _, command in COMMANDS} == PROVED_BY.keys()


@pytest.mark.parametrize(
    ("state", "command"), COMMANDS, ids=[command.name for _, command in COMMANDS]
)
def test_is_proved(bench: MirrorBench, state: str, command: commands.Command) -> None:
    """The simulator shows the effect of each command that has a proof."""
    bring(bench, state)
    verified = bench.run(bench.mirror.run(command))
    assert verified.is_proved


@pytest.mark.parametrize("kind", WITHOUT_PROOF, ids=lambda kind: kind.name)
def test_has_no_proof(bench: MirrorBench, kind: type[commands.Command]) -> None:
    """The outcome of a command without a proof says so."""
    verified = bench.run(bench.mirror.run(kind()))
    assert not verified.is_proved


@pytest.mark.parametrize(
    "command",
    [
        commands.RunScript(script_command=CommandScript.Stop),
        commands.MoveActuators(actuator_command=CommandActuator.Stop),
    ],
    ids=["runScript", "moveActuators"],
)
def test_a_stop_has_no_proof(bench: MirrorBench, command: commands.Command) -> None:
    """No message shows that a script or a motion was stopped, so a stop has no proof."""
    verified = bench.run(bench.mirror.run(command))
    assert not verified.is_proved


def test_arrival_is_no_early_word(tracking: MirrorBench) -> None:
    """The controller says "in position" at once; the command ends when the mirror is there."""
    tracking.run(tracking.mirror.run(commands.PositionMirror(x=50.0)))
    position = tracking.mirror.state.position.value
    assert position is not None
    assert position.x == pytest.approx(50.0, abs=1.0)


def test_forces_need_telemetry(bench: MirrorBench) -> None:
    """Without motor power no telemetry shows the offsets: the success alone is no proof."""
    with pytest.raises(NotVerifiedError, match="no offsets in the telemetry"):
        bench.run(bench.mirror.run(FORCES))


def test_a_refused_loop(bench: MirrorBench) -> None:
    """A command that the controller refuses is an error, not a missing proof."""
    with pytest.raises(CommandFailed):
        bench.run(bench.mirror.run(commands.SwitchForceBalanceSystem(status=True)))


def test_a_power_that_takes_its_time(bench: MirrorBench) -> None:
    """The command ends when the power is on, not when it is on its way."""
    command = commands.Power(power_type=PowerType.Motor, status=True)
    bench.run(bench.mirror.run(command))
    assert bench.model.motor_on
    assert bench.clock.seconds() >= 3.5
