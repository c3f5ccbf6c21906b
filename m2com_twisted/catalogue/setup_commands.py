"""The commands that switch power, modes and settings of the controller.

Source: :ref:`protocol-commands`, :ref:`protocol-power`.
"""

from typing import Annotated

from .describe import Floats, Integers, about
from .enums import (
    ClosedLoopControlMode,
    DigitalOutput,
    DigitalOutputStatus,
    InnerLoopControlMode,
    PowerType,
)
from .messages import Command

__all__ = [
    "ClearErrors",
    "GetInnerLoopControlMode",
    "LoadConfiguration",
    "Power",
    "RebootController",
    "ResetBreakers",
    "SetClosedLoopControlMode",
    "SetConfigurationFile",
    "SetControlParameters",
    "SetEnabledFaultsMask",
    "SetInnerLoopControlMode",
    "SetTemperatureOffset",
    "SwitchCommandSource",
    "SwitchDigitalOutput",
]

_Addresses = Annotated[
    Integers, about("Addresses of the ILCs.", minimum=0, maximum=83, is_actuator=True)
]


class ClearErrors(Command, frozen=True):
    """Clear faults, warnings and limit switches; faults whose cause is still there come back."""


class SetTemperatureOffset(Command, frozen=True):
    """Set the reference of the ring temperatures.

    The original simulator ignores intake and exhaust.
    """

    ring: Annotated[Floats, about("References of the ring sensors.", "degC", length=12)]
    intake: Annotated[Floats, about("References at the air intake.", "degC", length=2)] = (0.0, 0.0)
    exhaust: Annotated[Floats, about("References at the air exhaust.", "degC", length=2)] = (
        0.0,
        0.0,
    )


class SwitchCommandSource(Command, frozen=True):
    """Give control to the control system (CSC) or to the engineering console."""

    is_remote: Annotated[bool, about("Whether the control system may command.")]


class ResetBreakers(Command, frozen=True):
    """Close the breakers of a power system again; this power system must be on."""

    power_type: Annotated[PowerType, about("Power system.")]


class RebootController(Command, frozen=True):
    """Restart the controller; both connections end half a second after the success.

    The real controller needs minutes to restart, and may not reply to the command.
    """


class SwitchDigitalOutput(Command, frozen=True):
    """Switch one digital output; the two power bits switch the power."""

    bit: Annotated[DigitalOutput, about("Value of one bit: a power of 2, from 1 to 128.")]
    status: Annotated[DigitalOutputStatus, about("What to do with it.")]


class Power(Command, frozen=True):
    """Switch a power system on or off.

    The real controller may report success before the power system is on or off.
    ``powerSystemState`` reports when the new state is reached.
    """

    power_type: Annotated[PowerType, about("Power system.")]
    status: Annotated[bool, about("Whether it is to be on.")]


class SetClosedLoopControlMode(Command, frozen=True):
    """Announce a control mode; this neither closes nor opens the loop."""

    mode: Annotated[ClosedLoopControlMode, about("The mode.")]


class SetInnerLoopControlMode(Command, frozen=True):
    """Set the mode of some ILCs; the communication power must be on."""

    addresses: _Addresses
    mode: Annotated[InnerLoopControlMode, about("The mode.")]


class GetInnerLoopControlMode(Command, frozen=True):
    """Request the modes of some ILCs; the communication power must be on.

    Each mode comes as one event ``innerLoopControlMode``.
    """

    addresses: _Addresses


class LoadConfiguration(Command, frozen=True):
    """Load the chosen configuration; the real controller switches both powers off."""


class SetControlParameters(Command, frozen=True):
    """Choose the inputs of the look-up table of the forces.

    On the wire the difference must be more than 0.  The sources disagree on a difference of 0
    in the observatory's component.  Its interface says that 0 means the default.  Its code
    uses the last value instead of 0.
    """

    use_external_elevation_angle: Annotated[
        bool, about("Whether to use the elevation from the telescope mount.")
    ]
    enable_angle_comparison: Annotated[
        bool, about("Whether a difference of elevation and inclinometer is a fault.")
    ]
    max_angle_difference: Annotated[float, about("The allowed difference.", "deg", above=0)]
    enable_lut_temperature: Annotated[
        bool, about("Whether the look-up table takes the temperatures into account.")
    ]
    enable_lut_inclinometer: Annotated[
        bool,
        about("Whether it takes the inclinometer into account; the simulators ignore it."),
    ] = True


class SetEnabledFaultsMask(Command, frozen=True):
    """Choose the faults that the controller reports and reacts to."""

    mask: Annotated[
        int, about("Bits of these faults; see the table of faults.", minimum=0, maximum=2**64 - 1)
    ]


class SetConfigurationFile(Command, frozen=True):
    """Choose a configuration file; ``loadConfiguration`` loads it.

    The controller does not check that the file exists.  It lists its files in
    the event ``configurationFiles``.
    """

    file: Annotated[str, about("Name of the file.")]
