"""The preconditions of closing the loop and of moving the mirror.

Each precondition has a name, and returns a `Truth`, which includes its reasons in words.  A
condition that is not known to hold counts as not met, except ``commander``.  Each can be
overridden by its name.
"""

from collections.abc import Callable, Collection, Iterable

from ..catalogue import events
from ..catalogue.faults import fault_by_code
from . import truths
from .errors import PreconditionError
from .names import actuator_names, fault_names
from .readings import Truth
from .steps import Parts

__all__ = [
    "CLOSING",
    "COMMANDING",
    "MOVING",
    "OPEN_LOOP",
    "PRECONDITIONS",
    "require",
    "required_ilcs",
]

#: Warnings that keep the loop open.  The original simulator and the console treat the first one, a
#: limit switch in open loop, as a fault.  The second one, a temperature out of range, forbids the
#: temperature table.
_LIMIT_SWITCH, _TEMPERATURE_RANGE = 6057, 6081


def _opposite(truth: Truth) -> Truth:
    value = None if truth.value is None else not truth.value
    return Truth(value, truth.evidence, truth.contradictions)


def _commander(parts: Parts) -> Truth:
    commander = parts.state.commander
    if commander.value is None:
        # After a reconnection the welcome may be missing, and no command requests this state.
        return Truth(True, ("not told that the console has control",))
    return commander


def _communication_power(parts: Parts) -> Truth:
    return parts.state.communication_power


def _motor_power(parts: Parts) -> Truth:
    return parts.state.motor_power


def _interlock(parts: Parts) -> Truth:
    return _opposite(parts.state.interlock_engaged)


def _faults(parts: Parts) -> Truth:
    faults = parts.state.faults
    if not faults.is_known:
        return Truth(None, ("not received; clear the faults to get them",))
    serious = set(faults.serious())
    forbidden = [_LIMIT_SWITCH]
    if parts.settings.control_parameters.enable_lut_temperature:
        forbidden.append(_TEMPERATURE_RANGE)
    serious |= {fault_by_code(code) for code in forbidden} & set(faults.current)
    if serious:
        return Truth(False, (fault_names(sorted(serious, key=lambda fault: fault.bit)),))
    return Truth(True, ("none",))


def _limit_switches(parts: Parts) -> Truth:
    triggered = parts.state.limit_switches
    if triggered:
        return Truth(False, tuple(f"{name}: {end}" for name, end in triggered.items()))
    if not parts.state.faults.is_known:
        # The controller does not tell a new client which switches have triggered before.
        return Truth(None, ("not received; clear the faults to get them",))
    return Truth(True, ("none triggered",))


def required_ilcs(parts: Parts) -> frozenset[int]:
    """Return the addresses of the ILCs that must be enabled to close the loop."""
    return truths.required_ilcs(
        parts.memory,
        bool(parts.settings.control_parameters.enable_lut_temperature),
        parts.settings.bypassed_ilcs_must_be_enabled,
    )


def _ilcs(parts: Parts) -> Truth:
    return truths.ilcs_enabled(parts.memory, required_ilcs(parts))


def _elevation(parts: Parts) -> Truth:
    angle, source = truths.elevation(parts.memory)
    if angle is None:
        return Truth(None, (f"no fresh elevation from {source}",))
    closed_at = parts.memory.closed_elevation
    if closed_at is None:
        return Truth(True, (f"{angle:.2f} deg; no closed loop was seen before",))
    words = (f"{angle:.2f} deg; {closed_at:.2f} deg when the loop was closed last",)
    return Truth(abs(angle - closed_at) <= parts.limits.elevation_difference, words)


def _forces(parts: Parts) -> Truth:
    measured = truths.forces(parts.memory, "measured")
    if measured is None:
        return Truth(None, ("no fresh telemetry of the forces",))
    limits, share = parts.limits, parts.limits.force_share
    near = []
    for index, force in enumerate(measured):
        if not abs(force) < share * limits.force(index):
            near.append(index)
    if near:
        return Truth(False, (f"near the limit: {actuator_names(near)}",))
    return Truth(True, (f"all below {share:.0%} of the limit",))


def _loop_closed(parts: Parts) -> Truth:
    return parts.state.loop_closed


def _loop_open(parts: Parts) -> Truth:
    return _opposite(parts.state.loop_closed)


def _communication_power_off(parts: Parts) -> Truth:
    return _opposite(parts.state.communication_power)


def _motor_power_off(parts: Parts) -> Truth:
    return _opposite(parts.state.motor_power)


def _max_limit_off(parts: Parts) -> Truth:
    event = parts.memory.last_event(events.OpenLoopMaxLimit)
    if event is None:
        return Truth(None)
    return Truth(not event.status, (f"wider limits {'on' if event.status else 'off'}",))


#: All conditions by name.
PRECONDITIONS: dict[str, Callable[[Parts], Truth]] = {
    "commander": _commander,
    "communication_power": _communication_power,
    "communication_power_off": _communication_power_off,
    "motor_power": _motor_power,
    "motor_power_off": _motor_power_off,
    "interlock": _interlock,
    "faults": _faults,
    "limit_switches": _limit_switches,
    "ilcs": _ilcs,
    "elevation": _elevation,
    "forces": _forces,
    "max_limit_off": _max_limit_off,
    "loop_closed": _loop_closed,
    "loop_open": _loop_open,
}

#: Condition for every procedure that moves something or prepares a motion.  The control system,
#: and not the engineering console, must have control of the controller.
COMMANDING = ("commander",)

#: Conditions for closing the loop.
CLOSING = (
    "commander",
    "communication_power",
    "motor_power",
    "interlock",
    "faults",
    "limit_switches",
    "ilcs",
    "elevation",
    "forces",
    "max_limit_off",
)

#: Conditions for moving the mirror or applying forces, in closed loop.
MOVING = ("commander", "motor_power", "loop_closed")

#: Conditions for moving single actuators.
OPEN_LOOP = ("commander", "motor_power", "loop_open")


def require(parts: Parts, names: Iterable[str], override: Collection[str] = ()) -> str:
    """Check that conditions hold.  Return the result in words.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    names
        Names of the conditions.
    override
        Names of the conditions that need not hold.

    Raises
    ------
    PreconditionError
        If a condition does not hold, or is not known to hold.
    """
    unmet: dict[str, str] = {}
    overridden = []
    for name in names:
        truth = PRECONDITIONS[name](parts)
        if truth:
            continue
        if name in override:
            overridden.append(f"{name} ({truth})")
        else:
            unmet[name] = str(truth)
    if unmet:
        raise PreconditionError(unmet)
    return f"overridden: {', '.join(overridden)}" if overridden else "all hold"
