"""The condition of the mirror, in one word."""

import enum

from .readings import Validity
from .state import MirrorState
from .unsettled import Unsettled

__all__ = ["Condition", "condition_of"]


class Condition(enum.Enum):
    """The condition of the mirror, as far as messages of the controller have shown it."""

    #: Messages are missing, or contradict each other, or the connection is down.
    UNKNOWN = "not known"
    #: A command that changes the power or the loop was sent, and may still be running.
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
        The state of the mirror.
    unsettled
        Commands that may still be running.
    """
    if unsettled.changing:
        return Condition.CHANGING
    loop, motor = state.loop_closed.value, state.motor_power.value
    if loop is None or motor is None:
        return Condition.UNKNOWN
    if not motor:
        if loop:
            return Condition.UNKNOWN  # a closed loop needs the motors: the two disagree
        is_disabled = state.communication_power.value is False
        return Condition.DISABLED if is_disabled else Condition.SAFE
    if not loop:
        return Condition.OPEN_LOOP
    is_silent = state.memory.telemetry_up and state.axial_force.validity is not Validity.FRESH
    # If no telemetry comes on an open connection, the cable may be cut.
    return Condition.UNKNOWN if is_silent else Condition.TRACKING
