"""Commands that move the mirror and its actuators.

Source: :ref:`protocol-commands`, :ref:`protocol-motion`.
"""

import math
from collections.abc import Iterable, Iterator

from ...catalogue import commands
from ...catalogue.enums import ClosedLoopControlMode
from ..model import events
from ..model.geometry import Pose
from ..model.limits import CLOSED_LOOP_LIMITS
from ..model.mirror import COUNT
from ..model.model import Model
from .command import CommandRegister, Step
from .parameters import CommandRefusedError

__all__ = ["COMMANDS"]

COMMANDS = CommandRegister()

#: Largest distance of the mirror from its home, sideways and up, in um.
_MAX_RADIUS, _MAX_Z = 7740.0, 7890.0


@COMMANDS.register(commands.ApplyForces)
def apply_forces(model: Model, axial: list[float], tangent: list[float]) -> Iterator[Step]:
    """Set the force offsets, which replace the former ones."""
    mirror, former = model.mirror, model.mirror.applied
    mirror.applied = axial + tangent
    if any(abs(mirror.demand(index)) >= CLOSED_LOOP_LIMITS[index] for index in range(COUNT)):
        mirror.applied = former
        raise CommandRefusedError("a force would be over its limit")
    yield events.in_position(False)


@COMMANDS.register(commands.ResetForceOffsets)
def reset_force_offsets(model: Model) -> Iterator[Step]:
    """Set the force offsets to 0."""
    model.mirror.applied = [0.0] * COUNT
    yield events.in_position(False)


@COMMANDS.register(commands.PositionMirror)
def position_mirror(
    model: Model,
    x: float,
    y: float,
    z: float,
    x_rot: float,
    y_rot: float,
    z_rot: float,
) -> Iterator[Step]:
    """Move the mirror to a position relative to its home.  The loop must be closed."""
    yield events.in_position(False)
    refusal = _move(model, Pose(x, y, z, x_rot, y_rot, z_rot))
    yield events.in_position(not refusal)
    if refusal:
        raise CommandRefusedError(refusal)


def _move(model: Model, pose: Pose) -> str:
    """Start a motion.  Return the reason for a refusal, or an empty text.

    The original reports a failure but still moves the mirror: at once, or when the loop is
    closed.
    """
    refusal = _refusal(model, pose)
    if not refusal or model.as_original:
        try:
            model.mirror.move_to(pose)
        except OverflowError as error:
            return str(error)
    return refusal


def _refusal(model: Model, pose: Pose) -> str:
    if not model.motor_on or not model.mirror.loop_closed:
        return "the motors are off, or the loop is open"
    x = pose.x * math.cos(math.radians(pose.y_rot / 3600))
    y = pose.y * math.cos(math.radians(pose.x_rot / 3600))
    if math.hypot(x, y) > _MAX_RADIUS or pose.z >= _MAX_Z:
        return "the position is out of range"
    return ""


@COMMANDS.register(commands.SwitchForceBalanceSystem)
def switch_force_balance_system(model: Model, status: bool) -> Iterator[Step]:
    """Close or open the force loop.  To close it, the motors must be on.

    The original checks this only for the value true.  It also accepts a number, which closes the
    loop.
    """
    refused = status is True and (not model.motor_on or model.open_loop_max_limit)
    if status and not refused:
        model.close_loop()
    elif not status:
        model.stop_force_balance()
    closed = model.mirror.loop_closed
    model.control_mode = (
        ClosedLoopControlMode.ClosedLoop if closed else ClosedLoopControlMode.OpenLoop
    )
    yield events.force_balance_system_status(closed)
    yield events.open_loop_max_limit(model.open_loop_max_limit)
    yield events.closed_loop_control_mode(model.control_mode)
    yield events.digital_output(model.refresh_output())
    if refused:
        raise CommandRefusedError("the motors are off, or the open-loop maximum limit is on")


@COMMANDS.register(commands.SaveMirrorPosition)
def save_mirror_position(model: Model) -> Iterable[Step]:
    """Succeed without any effect."""
    return ()


@COMMANDS.register(commands.SetMirrorHome)
def set_mirror_home(model: Model) -> Iterable[Step]:
    """Make the present position the home.  Positions are relative to it."""
    model.mirror.set_home()
    return ()
