"""The commands that move the mirror and its actuators.

Source: :ref:`protocol-commands`, :ref:`protocol-motion`.
"""

from typing import Annotated

from .actuators import HARDPOINT_LISTS
from .describe import Floats, Integers, about
from .enums import ActuatorDisplacementUnit, CommandActuator, CommandScript
from .messages import Command

__all__ = [
    "ApplyForces",
    "EnableOpenLoopMaxLimit",
    "MoveActuators",
    "PositionMirror",
    "ResetActuatorSteps",
    "ResetForceOffsets",
    "RunScript",
    "SaveMirrorPosition",
    "SetHardpointList",
    "SetMirrorHome",
    "SwitchForceBalanceSystem",
]


class ApplyForces(Command, frozen=True):
    """Set the force offsets of all actuators, in place of the former ones.

    The command fails if the demand of an actuator (offset, gravity and
    temperature together) would reach the limit of the closed loop: 444.82 N
    axial, 5800 N tangent.  The offsets alone have no limit.
    """

    axial: Annotated[Floats, about("Offsets of the axial actuators.", "N", length=72)]
    tangent: Annotated[Floats, about("Offsets of the tangent actuators.", "N", length=6)]


class PositionMirror(Command, frozen=True):
    """Move the mirror to a position relative to its home; the loop must be closed.

    The limits of x, y and z are those of the original simulator.  The simulator also limits
    the distance in x and y together to 7740 um, and has no limit for z downwards.
    The console allows 4000 um and 4125 arcsec, and the observatory's component sets
    no limits.  The range of the rotations is not known.
    """

    x: Annotated[float, about("Position along x.", "um", minimum=-7740, maximum=7740)] = 0.0
    y: Annotated[float, about("Position along y.", "um", minimum=-7740, maximum=7740)] = 0.0
    z: Annotated[float, about("Position along z.", "um", below=7890)] = 0.0
    x_rot: Annotated[float, about("Rotation about x.", "arcsec")] = 0.0
    y_rot: Annotated[float, about("Rotation about y.", "arcsec")] = 0.0
    z_rot: Annotated[float, about("Rotation about z.", "arcsec")] = 0.0


class ResetForceOffsets(Command, frozen=True):
    """Set the force offsets of all actuators to 0."""


class SwitchForceBalanceSystem(Command, frozen=True):
    """Close or open the control loop.

    The loop can be closed only if the motors are on and the wider limits of the open
    loop are off.  The controller answers with ``forceBalanceSystemStatus``,
    ``closedLoopControlMode`` and bit 5 of ``digitalOutput``.
    """

    status: Annotated[bool, about("Whether the loop is to be closed.")]


class RunScript(Command, frozen=True):
    """Load, run, pause, resume, stop or clear a script of actuator motions.

    ``scriptExecutionStatus`` reports the progress.  No event reports that a script was stopped.
    """

    script_command: Annotated[CommandScript, about("What to do.")]
    script_name: Annotated[str | None, about("Which script; LoadScript needs it.")] = None

    def __post_init__(self) -> None:
        """Check the fields, and check that there is a name if the action needs one."""
        super().__post_init__()
        if self.script_command is CommandScript.LoadScript and not self.script_name:
            raise self.error("script_name", "is missing; LoadScript needs it")


class MoveActuators(Command, frozen=True):
    """Move single actuators in the open loop, or stop, pause or resume their motion.

    The success of Start means that the motion has begun.  Only the steps in the
    telemetry show its end.
    """

    actuator_command: Annotated[CommandActuator, about("What to do.")]
    actuators: Annotated[
        Integers | None,
        about("Which actuators, from 0; Start needs it.", minimum=0, maximum=77, is_actuator=True),
    ] = None
    displacement: Annotated[float | None, about("How far, in the unit; Start needs it.")] = None
    unit: Annotated[
        ActuatorDisplacementUnit | None, about("Unit of the displacement; Start needs it.")
    ] = None

    def __post_init__(self) -> None:
        """Check the fields, and that Start has all of them."""
        super().__post_init__()
        if self.actuator_command is not CommandActuator.Start:
            return
        for name in ("actuators", "displacement", "unit"):
            if getattr(self, name) is None:
                raise self.error(name, "is missing; Start needs it")
        if not self.actuators:
            raise self.error("actuators", "must name at least one actuator")


class EnableOpenLoopMaxLimit(Command, frozen=True):
    """Switch the wider force limits of the open loop on or off; fails in closed loop."""

    status: Annotated[bool, about("Whether the wider limits are to hold.")]


class SaveMirrorPosition(Command, frozen=True):
    """Let the controller save the present position of the mirror."""


class SetMirrorHome(Command, frozen=True):
    """Make the present position the home; positions are relative to the home."""


class ResetActuatorSteps(Command, frozen=True):
    """Set the counters of the actuators' steps to 0."""


class SetHardpointList(Command, frozen=True):
    """Choose the six actuators that hold the mirror; ``loadConfiguration`` applies the choice.

    There are 48 valid lists: `m2com_twisted.catalogue.actuators.HARDPOINT_LISTS`.  The
    communication power must be off.  The console offers the command in its state Standby.
    The console's manual says Diagnostic instead.
    """

    actuators: Annotated[
        Integers,
        about(
            "Three axial and three tangent actuators, sorted, from 0.",
            length=6,
            minimum=0,
            maximum=77,
            is_actuator=True,
        ),
    ]

    def __post_init__(self) -> None:
        """Check the field, and that the list is a valid one."""
        super().__post_init__()
        if tuple(self.actuators) not in HARDPOINT_LISTS:
            raise self.error(
                "actuators",
                "must be one of the 48 valid lists; see actuators.suggest_hardpoints",
            )
