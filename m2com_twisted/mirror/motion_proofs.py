"""Proofs from telemetry: for force offsets, positions and actuator steps.

The tolerances and times, such as `Settings.position_tolerance`, are in settings.py.
"""

import math
from collections.abc import Sequence

from ..catalogue import commands, telemetry
from ..catalogue.actuators import AXIAL_COUNT
from ..catalogue.enums import ActuatorDisplacementUnit
from .memory import Memory
from .names import actuator_names
from .proof import Proof
from .readings import Validity
from .settings import Settings

__all__ = ["MM_PER_STEP", "arrived", "offsets_are", "steps_made"]

#: Length of one step of an actuator.
MM_PER_STEP = 1.9967536601e-5

#: Speed of the actuators in open loop: 100 steps in a cycle of 0.103 s.
_STEPS_PER_SECOND = 970.0

_AXES = ("x", "y", "z")
_ROTATIONS = ("x_rot", "y_rot", "z_rot")

#: Distance, in um, that a point 1.78 m from the centre moves in a rotation by 1 arcsec.  The time
#: of a rotation is computed from it.
_UM_PER_ARCSEC = 8.63


def _fresh(memory: Memory, kind: type, since: int) -> bool:
    """Whether a topic came after a serial number and is fresh."""
    entry = memory.latest.get(kind)
    if entry is None or entry.serial <= since:
        return False
    return memory.telemetry_validity(kind, entry) is Validity.FRESH


def _message(memory: Memory, kind: type) -> object:
    entry = memory.latest.get(kind)
    return None if entry is None else entry.message


def offsets_are(
    memory: Memory, settings: Settings, axial: Sequence[float], tangent: Sequence[float]
) -> Proof:
    """Return the proof that the force offsets have certain values."""
    wanted = [*axial, *tangent]

    def different() -> list[int] | None:
        parts = (_message(memory, telemetry.AxialForce), _message(memory, telemetry.TangentForce))
        applied = [value for part in parts for value in getattr(part, "applied", ())]
        if len(applied) != len(wanted):
            return None
        pairs = enumerate(zip(applied, wanted, strict=True))
        # A comparison with NaN is false.  So ``>`` would count NaN as equal.
        return [i for i, (now, then) in pairs if not abs(now - then) <= settings.force_tolerance]

    def holds(since: int) -> bool:
        topics = (telemetry.AxialForce, telemetry.TangentForce)
        return all(_fresh(memory, topic, since) for topic in topics) and different() == []

    def seen() -> str:
        others = different()
        if others is None:
            return "no offsets in the telemetry"
        return f"other offsets of {actuator_names(others)}" if others else "the same, but earlier"

    return Proof("these offsets in the telemetry", holds, seen, by_telemetry=True)


def arrived(memory: Memory, settings: Settings, target: commands.PositionMirror) -> Proof:
    """Return the proof that the mirror has arrived at a target and stays there."""

    def position() -> telemetry.Position | None:
        message = _message(memory, telemetry.Position)
        return message if isinstance(message, telemetry.Position) else None

    def far() -> list[str]:
        now = position()
        names = [(name, settings.position_tolerance) for name in _AXES]
        names += [(name, settings.rotation_tolerance) for name in _ROTATIONS]
        return [
            f"{name} {getattr(now, name):.2f} of {getattr(target, name):g}"
            for name, tolerance in names
            # A comparison with NaN is false.  So ``>`` would count NaN as arrived.
            if not abs(getattr(now, name, math.nan) - getattr(target, name)) <= tolerance
        ]

    def holds(since: int) -> bool:
        return _fresh(memory, telemetry.Position, since) and not far()

    def seen() -> str:
        if position() is None:
            return "no position in the telemetry"
        return ", ".join(far()) or "the position, but not for long enough"

    timeout = _motion_timeout(settings, _distance(position(), target) / settings.motion_speed)
    return Proof(
        "the position", holds, seen, hold=settings.dwell, timeout=timeout, by_telemetry=True
    )


def _distance(now: telemetry.Position | None, target: commands.PositionMirror) -> float:
    """Return an upper limit of the length of a motion, in um.

    An unknown start position counts as home.
    """

    def way(name: str) -> float:
        return abs(float(getattr(target, name)) - float(getattr(now, name, 0.0)))

    return sum(map(way, _AXES)) + _UM_PER_ARCSEC * sum(map(way, _ROTATIONS))


def _motion_timeout(settings: Settings, seconds: float) -> float:
    factor, added = settings.motion_margin
    return factor * seconds + added


def steps_made(memory: Memory, settings: Settings, command: commands.MoveActuators) -> Proof:
    """Return the proof that actuators have made their steps.  The steps are counted from now."""
    actuators = tuple(command.actuators or ())
    steps = command.displacement or 0.0
    if command.unit is ActuatorDisplacementUnit.Millimeter:
        steps /= MM_PER_STEP
    # The controller drops the fraction of a step.
    wanted = int(steps)
    before = {actuator: _steps(memory, actuator) for actuator in actuators}

    def left() -> list[int]:
        return [
            actuator
            for actuator in actuators
            if not _differ_by(before[actuator], _steps(memory, actuator), wanted)
        ]

    def holds(since: int) -> bool:
        topics = (telemetry.AxialActuatorSteps, telemetry.TangentActuatorSteps)
        return all(_fresh(memory, topic, since) for topic in topics) and not left()

    def seen() -> str:
        others = left()
        return f"not there yet: {actuator_names(others)}" if others else "all there, but earlier"

    timeout = _motion_timeout(settings, abs(wanted) / _STEPS_PER_SECOND)
    what = f"{wanted} steps of {actuator_names(actuators)}"
    return Proof(what, holds, seen, timeout=timeout, by_telemetry=True)


def _steps(memory: Memory, actuator: int) -> int | None:
    """Return the step counter of an actuator; None if it is not known."""
    axial = actuator < AXIAL_COUNT
    kind = telemetry.AxialActuatorSteps if axial else telemetry.TangentActuatorSteps
    steps = getattr(_message(memory, kind), "steps", ())
    index = actuator if axial else actuator - AXIAL_COUNT
    return steps[index] if index < len(steps) else None


def _differ_by(before: int | None, now: int | None, wanted: int) -> bool:
    # The controller rounds, so the number of steps may differ by one.
    return before is not None and now is not None and abs(now - before - wanted) <= 1
