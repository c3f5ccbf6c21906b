"""The mirror in one word."""

import enum

from .readings import Validity
from .state import MirrorState
from .unsettled import Unsettled

__all__ = ["Condition", "condition_of"]


class Condition(enum.Enum):
    """The mirror in one word; never more than was seen."""

    #: Not enough was told, or it contradicts itself, or the connection is down.
    UNKNOWN = "not known"
    #: A command was sent that changes power or loop, and has not ended as far as is known.
    CHANGING = "changing"
    #: The loop is open, and both powers are off.
    DISABLED = "disabled"
    #: The loop is open, and the motor power is off.
    SAFE = "safe"
    #: The motor power is on, and the loop is open.
    OPEN_LOOP = "open loop"
    #: The motor power is on, and the loop is closed.
    TRACKING = "tracking"


def condition_of(state: MirrorState, unsettled: Unsettled) -> Condition:
    """Return the condition of a mirror.

    Parameters
    ----------
    state
        What was told.
    unsettled
        Commands whose end is not known.
    """
    if unsettled.changing:
        return Condition.CHANGING
    loop, motor = state.loop_closed.value, state.motor_power.value
    if loop is None or motor is None:
        return Condition.UNKNOWN
    if not motor:
        if loop:
            return Condition.UNKNOWN  # one of the two is wrong
        is_disabled = state.communication_power.value is False
        return Condition.DISABLED if is_disabled else Condition.SAFE
    if not loop:
        return Condition.OPEN_LOOP
    is_silent = state.memory.telemetry_up and state.axial_force.validity is not Validity.FRESH
    # Silence on a connection that stands is what a cut cable looks like at first.
    return Condition.UNKNOWN if is_silent else Condition.TRACKING
