"""Answers about the mirror that need several messages.

If several messages report the same thing, the latest decides.  An earlier message that disagrees
is shown as a contradiction.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from ..catalogue import actuators, events, telemetry
from ..catalogue.enums import (
    ClosedLoopControlMode,
    DigitalInput,
    DigitalOutput,
    InclinationTelemetrySource,
    InnerLoopControlMode,
    PowerSystemState,
    PowerType,
)
from .inclinometer import elevation_measured
from .memory import REPEATED_HOLDS, Memory
from .names import ilc_names
from .readings import Truth, Validity

__all__ = [
    "breaker_closed",
    "elevation",
    "forces",
    "ilcs_enabled",
    "in_position",
    "interlock_engaged",
    "loop_closed",
    "may_command",
    "mode_overtaken",
    "power_on",
    "required_ilcs",
]

T = TypeVar("T")

#: The fault that a power is still present after it was switched off.  Its relay may be stuck.
_STUCK_RELAY = 6067

_OUTPUT_BIT = {
    PowerType.Motor: DigitalOutput.MotorPower,
    PowerType.Communication: DigitalOutput.CommunicationPower,
}

# The states in which a system is on or off.  In the other states it is being switched.
_POWER_VALUE = {
    PowerSystemState.PoweredOn: True,
    PowerSystemState.PoweredOff: False,
    PowerSystemState.Init: False,
}

#: States of the motor power in which the loop can be closed.
_CLOSABLE = (PowerSystemState.PoweredOn, PowerSystemState.ResettingBreakers)


def loop_closed(memory: Memory) -> Truth:
    """Return whether the control loop is closed.

    The event of the force balance system decides.  If a later output bit 5 contradicts it, the
    answer is not known.  If the event was received, the mode does not change the answer: a mode
    can be announced while the loop is open, and it does not change when a fault opens the loop.
    """
    balance = memory.last_event(events.ForceBalanceSystemStatus)
    output = memory.last_event(events.DigitalOutput)
    mode = memory.last_event(events.ClosedLoopControlMode)
    bit = None if output is None else bool(output.value & DigitalOutput.ClosedLoopControl)
    said = {
        "force balance": None if balance is None else balance.status,
        "output bit 5": bit,
        "mode": None if mode is None else mode.mode is ClosedLoopControlMode.ClosedLoop,
    }
    value = said["force balance"]
    if value is None:
        # The welcome of a controller without faults does not contain the event.  The output bit
        # and the mode together can show that the loop is open.  They cannot show that it is
        # closed, because they do not change after a fault.
        value = False if said["output bit 5"] is said["mode"] is False else None
    elif bit not in (value, None) and _is_newer(memory, events.DigitalOutput):
        return Truth(None, (), _loop_words(said, not value) + _loop_words(said, value))
    reference = value if value is not None else said["force balance"]
    if reference is None:
        return Truth(None, _loop_words(said, True) + _loop_words(said, False))
    return Truth(value, _loop_words(said, reference), _loop_words(said, not reference))


def _is_newer(memory: Memory, kind: type) -> bool:
    """Whether an event came later than the event of the force balance system."""
    balance = memory.latest[events.ForceBalanceSystemStatus]
    return memory.latest[kind].serial > balance.serial


def _loop_words(said: dict[str, bool | None], value: bool) -> tuple[str, ...]:
    word = "closed" if value else "open"
    return tuple(f"{source}: {word}" for source, answer in said.items() if answer is value)


def mode_overtaken(memory: Memory) -> bool:
    """Whether the mode claims a closed loop, but other messages show that it is not closed.

    The controller does not report a new mode when a fault opens the loop, or when the motor power
    is switched off.  It also sends the old mode to a new client.
    """
    event = memory.last_event(events.ClosedLoopControlMode)
    if event is None or event.mode is not ClosedLoopControlMode.ClosedLoop:
        return False
    serial = memory.latest[events.ClosedLoopControlMode].serial
    motor = memory.last_power_state(PowerType.Motor)
    if motor is not None and motor.state not in _CLOSABLE:
        return True
    balance = memory.last_event(events.ForceBalanceSystemStatus, since=serial)
    if balance is not None and not balance.status:
        return True
    # The output bit counts if it is newer than the mode.  If no event of the loop was received, an
    # older bit of the welcome counts as well.
    is_reported = memory.last_event(events.ForceBalanceSystemStatus) is not None
    output = memory.last_event(events.DigitalOutput, since=serial if is_reported else 0)
    return output is not None and not output.value & DigitalOutput.ClosedLoopControl


def power_on(memory: Memory, power_type: PowerType) -> Truth:
    """Return whether a power system is on.  Not known while it is being switched.

    The state decides, because the controller does not always clear the status.  The answer is not
    known in three cases: a newer output bit disagrees, the state is on but the status is off, or
    the state is off but the fault of a stuck relay is present.
    """
    event = memory.last_power_state(power_type)
    if event is None:
        bit = _output_bit(memory, power_type)
        return Truth(None, () if bit is None else (_on_or_off("output bit", bit),))
    value = _POWER_VALUE.get(event.state)
    words = [f"state: {event.state.name}"]
    if value is None:
        return Truth(None, tuple(words))
    refuting, others = _against_power(memory, event, value)
    if _output_bit(memory, power_type) is value:
        words.append(_on_or_off("output bit", value))
    return Truth(None if refuting else value, tuple(words), (*refuting, *others))


def _output_bit(memory: Memory, power_type: PowerType) -> bool | None:
    """Return the output bit of a power system.  None if it was not received."""
    output = memory.last_event(events.DigitalOutput)
    return None if output is None else bool(output.value & _OUTPUT_BIT[power_type])


def _against_power(
    memory: Memory, event: events.PowerSystemState, value: bool
) -> tuple[list[str], list[str]]:
    """Return the contradictions to the state of a power system: first those that make it unknown.

    The second list contains the other contradictions.
    """
    refuting: list[str] = []
    others: list[str] = []
    bit = _output_bit(memory, event.power_type)
    if bit is not None and bit is not value:
        output, state = memory.latest[events.DigitalOutput], memory.power[event.power_type]
        (refuting if output.serial > state.serial else others).append(_on_or_off("output bit", bit))
    if event.status is not value:
        (refuting if value else others).append(_on_or_off("status", event.status))
    if not value:
        stuck = [fault for fault in memory.faults.current if fault.code == _STUCK_RELAY]
        refuting += [f"fault {fault.code}: {fault.name}" for fault in stuck]
    return refuting, others


def _on_or_off(source: str, answer: bool) -> str:
    return f"{source}: {'on' if answer else 'off'}"


def interlock_engaged(memory: Memory) -> Truth:
    """Return whether the interlock keeps the motors from moving.

    If the event and the input bit of the relay disagree, the later one decides.
    """
    event = memory.last_event(events.Interlock)
    inputs = memory.last_event(events.DigitalInput)
    relay = None if inputs is None else bool(inputs.value & DigitalInput.InterlockPowerRelay)
    words = [] if event is None else [f"interlock: {'engaged' if event.state else 'released'}"]
    if event is None:
        return Truth(None)
    if relay is not None and relay is not event.state:
        word = f"relay input: {'engaged' if relay else 'released'}"
        if memory.latest[events.DigitalInput].serial > memory.latest[events.Interlock].serial:
            return Truth(relay, (word,), tuple(words))
        return Truth(event.state, tuple(words), (word,))
    return Truth(event.state, tuple(words))


def may_command(memory: Memory) -> Truth:
    """Return whether the control system has control.  Otherwise the engineering console has it."""
    event = memory.last_event(events.CommandableByDDS)
    if event is None:
        return Truth(None)
    who = "the control system" if event.state else "the engineering console"
    return Truth(event.state, (f"{who} has the command",))


def forces(memory: Memory, key: str) -> list[float] | None:
    """Return one list of all 78 forces from the telemetry.  None if there is no such list.

    The temperature table of the tangent actuators is always empty, and counts as zeros.  Any other
    list of a wrong length is not used.  During an error, the correction may have a wrong length.
    """
    axial, tangent = _fresh(memory, telemetry.AxialForce), _fresh(memory, telemetry.TangentForce)
    if axial is None or tangent is None:
        return None
    values: list[float] = []
    for part, count in ((axial, actuators.AXIAL_COUNT), (tangent, actuators.TANGENT_COUNT)):
        found: Sequence[float] = getattr(part, key)
        if len(found) != count and (found or key != "lut_temperature"):
            return None
        values += found or [0.0] * count
    return values


def in_position(memory: Memory) -> Truth:
    """Return whether the mirror is in position, according to the event of the controller.

    The answer is True only while the event is repeated, because no event reports that the mirror
    leaves its position.  The event may come early in a motion.  Only the position proves that a
    motion has ended.
    """
    event = memory.last_event(events.M2AssemblyInPosition)
    if event is None:
        return Truth(None)
    age = memory.seconds() - memory.latest[events.M2AssemblyInPosition].received_at
    words = (f"inPosition {str(event.in_position).lower()} {age:.1f} s ago",)
    if not event.in_position:
        return Truth(False, words)
    return Truth(True if age <= REPEATED_HOLDS else None, words)


def required_ilcs(memory: Memory, with_temperature: bool, with_bypassed: bool) -> frozenset[int]:
    """Return the addresses of the ILCs that must be enabled to close the loop.

    These are the ILCs of the actuators and of the inclinometer and, if the temperature table
    is used, those of the mirror temperatures.  Bypassed ILCs are included only on request.

    Parameters
    ----------
    memory
        The last messages.
    with_temperature
        Whether the temperature table is in use.
    with_bypassed
        Whether bypassed ILCs are included.
    """
    required = {ilc.address for ilc in actuators.ILCS if ilc.is_actuator} | {83}
    if with_temperature:
        required |= {78, 80, 81}
    event = memory.last_event(events.BypassedActuatorILCs)
    if event is not None and not with_bypassed:
        required -= {number - 1 for number in event.ilcs}
    return frozenset(required)


def ilcs_enabled(memory: Memory, addresses: frozenset[int]) -> Truth:
    """Return whether all given ILCs are enabled, with the names of those that are not."""
    others: dict[str, list[int]] = {}
    for address in sorted(addresses):
        entry = memory.ilcs.get(address)
        validity = memory.ilc_validity(entry)
        if entry is None or validity is not Validity.FRESH:
            others.setdefault(validity.value, []).append(address)
            continue
        mode = getattr(entry.message, "mode", InnerLoopControlMode.Unknown)
        if mode is not InnerLoopControlMode.Enabled:
            others.setdefault(mode.name, []).append(address)
    if not others:
        return Truth(True, (f"all {len(addresses)} enabled",))
    words = tuple(f"{word}: {ilc_names(those)}" for word, those in others.items())
    reported = {mode.name for mode in InnerLoopControlMode} - {InnerLoopControlMode.Unknown.name}
    return Truth(False if reported & others.keys() else None, words)


def breaker_closed(memory: Memory, breaker: actuators.Breaker) -> Truth:
    """Return whether a breaker is closed.  Not known while its power is off."""
    event = memory.last_event(events.DigitalInput)
    if event is None:
        return Truth(None)
    if not event.value & breaker.bit:
        return Truth(True, ("input bit clear",))
    if power_on(memory, breaker.power_type).value is not True:
        return Truth(None, ("its power is not on",))
    return Truth(False, ("input bit set: tripped",))


def elevation(memory: Memory) -> tuple[float | None, str]:
    """Return the elevation of the source in use, in degrees, and the name of the source.

    The elevation is None if there is no fresh value.
    """
    source = memory.last_event(events.InclinationTelemetrySource)
    if source is not None and source.source is InclinationTelemetrySource.MTMOUNT:
        mount = _fresh(memory, telemetry.InclinometerAngleTma)
        if mount is None or not math.isfinite(mount.inclinometer):
            return None, "the telescope mount"
        return mount.inclinometer, "the telescope mount"
    own = _fresh(memory, telemetry.ZenithAngle)
    return (None if own is None else elevation_measured(own)), "the inclinometer"


def _fresh(memory: Memory, kind: type[T]) -> T | None:
    """Return the last message of a topic, if it is fresh."""
    entry = memory.latest.get(kind)
    if entry is None or memory.telemetry_validity(kind, entry) is not Validity.FRESH:
        return None
    message: T = entry.message  # type: ignore[assignment]  # kept by its class
    return message
