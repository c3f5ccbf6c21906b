"""The two power systems, the digital input and output words, the interlock.

Source: :ref:`protocol-power`.
"""

import math
from dataclasses import dataclass

from ...catalogue.enums import DigitalInput, DigitalOutput, PowerSystemState, PowerType

__all__ = ["INSTANT", "OUTPUT_BIT", "PowerSystems", "PowerTimes"]


@dataclass(frozen=True)
class PowerTimes:
    """The times that changes of a power system take, in seconds.

    Attributes
    ----------
    on, off
        Times until each of the two states that follow after a system is switched on, or off.
    reset
        Time until the breakers are reset.
    """

    on: tuple[float, float] = (0.0, 0.0)
    off: tuple[float, float] = (0.0, 0.0)
    reset: float = 0.0

    @classmethod
    def lasting(cls, seconds: float) -> "PowerTimes":
        """Return the times of systems that take this many seconds for each change.

        Raises
        ------
        ValueError
            If the seconds are negative, infinite or not a number.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError("a power system takes 0 s or more")
        return cls(on=(0.0, seconds), off=(0.0, seconds), reset=seconds)


#: Each change is immediate, as in the original since its version 1.5.9.
INSTANT = PowerTimes()

_UP = (PowerSystemState.PoweredOn, PowerSystemState.ResettingBreakers)

#: The output bit that switches a system on.
OUTPUT_BIT = {
    PowerType.Motor: DigitalOutput.MotorPower,
    PowerType.Communication: DigitalOutput.CommunicationPower,
}

#: The outputs without power: the interlock is enabled, no breaker is being reset.
_IDLE_OUTPUT = (
    DigitalOutput.InterlockEnable
    | DigitalOutput.ResetMotorBreakers
    | DigitalOutput.ResetCommunicationBreakers
)

#: The output bit that resets a system's breakers while it is low.
_RESET_BIT = {
    PowerType.Motor: DigitalOutput.ResetMotorBreakers,
    PowerType.Communication: DigitalOutput.ResetCommunicationBreakers,
}

#: The breakers of a system.  A bit is 1 if the breaker has tripped or has no power.
_BREAKERS = {
    PowerType.Motor: DigitalInput.J1_W9_1_MotorPowerBreaker
    | DigitalInput.J1_W9_2_MotorPowerBreaker
    | DigitalInput.J1_W9_3_MotorPowerBreaker
    | DigitalInput.J2_W10_1_MotorPowerBreaker
    | DigitalInput.J2_W10_2_MotorPowerBreaker
    | DigitalInput.J2_W10_3_MotorPowerBreaker
    | DigitalInput.J3_W11_1_MotorPowerBreaker
    | DigitalInput.J3_W11_2_MotorPowerBreaker
    | DigitalInput.J3_W11_3_MotorPowerBreaker,
    PowerType.Communication: DigitalInput.J1_W12_1_CommunicationPowerBreaker
    | DigitalInput.J1_W12_2_CommunicationPowerBreaker
    | DigitalInput.J2_W13_1_CommunicationPowerBreaker
    | DigitalInput.J2_W13_2_CommunicationPowerBreaker
    | DigitalInput.J3_W14_1_CommunicationPowerBreaker
    | DigitalInput.J3_W14_2_CommunicationPowerBreaker,
}

#: Both supplies present, sharing the load, without overcurrent.
_SUPPLIES_OK = (
    DigitalInput.RedundancyOK
    | DigitalInput.LoadDistributionOK
    | DigitalInput.PowerSupplyDC_1_OK
    | DigitalInput.PowerSupplyDC_2_OK
    | DigitalInput.PowerSupplyCurrent_1_OK
    | DigitalInput.PowerSupplyCurrent_2_OK
)

#: Volts and amperes of a system that is on.
_READINGS = {PowerType.Motor: (23.0, 8.5), PowerType.Communication: (23.0, 6.5)}


class PowerSystems:
    """Motor and communication power.

    Motor power may be on without communication power, as in the original.  The real controller
    does not allow this.

    Attributes
    ----------
    times
        The time that each change takes.
    states
        State of each system.
    output
        The word of the digital outputs.
    tripped
        The breakers that are open although their power is on.
    """

    def __init__(self, times: PowerTimes = INSTANT) -> None:
        self.times = times
        self.states = dict.fromkeys(PowerType, PowerSystemState.Init)
        self.output = _IDLE_OUTPUT
        self.tripped = DigitalInput(0)

    def is_on(self, power_type: PowerType) -> bool:
        """Whether a system is on.  A system that is still powering on is not."""
        return self.states[power_type] in _UP

    def set_output(self, bit: DigitalOutput, high: bool) -> None:
        """Drive one output bit.  The states of the power systems do not change."""
        self.output = self.output | bit if high else self.output & ~bit

    def proper_output(self, loop_closed: bool) -> DigitalOutput:
        """Return the word of the digital outputs as it follows from the power and the loop."""
        word = _IDLE_OUTPUT
        for power_type, bit in OUTPUT_BIT.items():
            if self.is_on(power_type):
                word |= bit
        return word | DigitalOutput.ClosedLoopControl if loop_closed else word

    def drive_reset(self, power_type: PowerType, resetting: bool) -> None:
        """Pull a system's reset line low, or release it."""
        self.set_output(_RESET_BIT[power_type], not resetting)

    def open_breakers(self, power_type: PowerType) -> None:
        """Open a system's breakers.  Those of the motors also open the interlock relay."""
        self.tripped |= _BREAKERS[power_type]
        if power_type is PowerType.Motor:
            self.tripped |= DigitalInput.InterlockPowerRelay

    def close_breakers(self) -> None:
        """Close all breakers."""
        self.tripped = DigitalInput(0)

    @property
    def input(self) -> DigitalInput:
        """The word of the digital inputs, as it follows from the power."""
        word = _SUPPLIES_OK | self.tripped
        for power_type, breakers in _BREAKERS.items():
            if not self.is_on(power_type):
                word |= breakers
        if not self.is_on(PowerType.Motor):
            word |= DigitalInput.InterlockPowerRelay
        return word

    @property
    def interlock_engaged(self) -> bool:
        """Whether the interlock keeps the motors from moving."""
        return bool(
            not self.output & DigitalOutput.InterlockEnable
            or self.input & DigitalInput.InterlockPowerRelay
        )

    def reading(self, power_type: PowerType) -> tuple[float, float]:
        """Return volts and amperes of a system, without noise."""
        return _READINGS[power_type] if self.is_on(power_type) else (0.0, 0.0)
