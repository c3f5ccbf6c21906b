"""Commands to single actuators.

Source: :ref:`protocol-commands`, :ref:`protocol-motion`.
"""

from collections.abc import Iterable, Iterator, Sequence

from ...catalogue import commands
from ...catalogue.enums import ActuatorDisplacementUnit, CommandActuator
from ..model import events
from ..model.geometry import AXIAL_COUNT
from ..model.mirror import MAX_STEP_COUNT
from ..model.model import Model
from .command import CommandRegister, Step
from .parameters import CommandRefusedError

__all__ = ["COMMANDS"]

COMMANDS = CommandRegister()

#: The two sets of three tangent actuators that may be hardpoints.
_TANGENT_TRIPLES = ((72, 74, 76), (73, 75, 77))

_MM_PER_STEP = 1.9967536601e-5


@COMMANDS.register(commands.EnableOpenLoopMaxLimit)
def enable_open_loop_max_limit(model: Model, status: bool) -> Iterator[Step]:
    """Enable or disable the wider force limits of the open loop.  Refused in closed loop."""
    refused = status and model.mirror.loop_closed
    model.open_loop_max_limit = status and not refused
    yield events.open_loop_max_limit(model.open_loop_max_limit)
    if refused:
        raise CommandRefusedError("the loop is closed")


@COMMANDS.register(commands.ResetActuatorSteps)
def reset_actuator_steps(model: Model) -> Iterable[Step]:
    """Succeed without any effect.

    In the original, a position that was refused in open loop is forgotten.  Otherwise the mirror
    would go there when the loop is closed.
    """
    if model.as_original and not model.mirror.loop_closed:
        model.mirror.hold()
    return ()


@COMMANDS.register(commands.SetHardpointList)
def set_hardpoint_list(model: Model, actuators: list[int]) -> Iterator[Step]:
    """Choose other hardpoints."""
    axial, tangent = actuators[:3], tuple(actuators[3:])
    if model.as_original:
        axial = sorted(axial)  # the original accepts any order
    if axial != sorted(set(axial)) or axial[-1] >= AXIAL_COUNT or tangent not in _TANGENT_TRIPLES:
        raise CommandRefusedError("these are not three axial actuators and every other tangent one")
    try:
        model.mirror.set_hardpoints(actuators, keep_pose=not model.as_original)
    except ValueError as error:
        raise CommandRefusedError("the axial actuators stand on a line") from error
    yield events.hardpoint_list(actuators)
    yield events.bypassed_actuator_ilcs(actuators)


@COMMANDS.register(commands.MoveActuators)
def move_actuators(
    model: Model,
    actuator_command: CommandActuator,
    actuators: Sequence[int] = (),
    displacement: float | None = None,
    unit: ActuatorDisplacementUnit | None = None,
) -> Iterable[Step]:
    """Move single actuators in open loop, or stop, pause or resume such a motion."""
    motion = model.open_loop
    if actuator_command is CommandActuator.Stop:
        motion.stop()
    elif actuator_command is CommandActuator.Pause:
        motion.pause()
    elif model.mirror.loop_closed and model.as_original:
        return ()  # the original reports success, and then hangs
    elif model.mirror.loop_closed:
        raise CommandRefusedError("the loop is closed")
    elif actuator_command is CommandActuator.Resume:
        if not motion.remaining:
            raise CommandRefusedError("nothing is left of a motion")
        motion.resume()
    else:
        if motion.moving or not actuators or displacement is None or unit is None:
            raise CommandRefusedError("actuators move already, or it is not said which or how far")
        motion.start(actuators, _to_steps(displacement, unit))
    return ()


def _to_steps(displacement: float, unit: ActuatorDisplacementUnit) -> int:
    steps = displacement
    if unit is ActuatorDisplacementUnit.Millimeter:
        steps /= _MM_PER_STEP
    if abs(steps) > MAX_STEP_COUNT:
        raise CommandRefusedError("the displacement is beyond what can be counted in steps")
    return int(steps)
