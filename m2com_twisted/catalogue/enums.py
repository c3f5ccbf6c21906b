"""The enumerations that go over the wire.

Member names are those of the asyncio original (``lsst.ts.m2com.enum`` and
``lsst.ts.xml.enums.MTM2``), so that code for it works unchanged.  The values are
what the cell controller reads and writes.
"""

from enum import IntEnum, IntFlag

__all__ = [
    "ActuatorDisplacementUnit",
    "ClosedLoopControlMode",
    "CommandActuator",
    "CommandScript",
    "CommandStatus",
    "DigitalInput",
    "DigitalOutput",
    "DigitalOutputStatus",
    "InclinationTelemetrySource",
    "InnerLoopControlMode",
    "MsgType",
    "PowerSystemState",
    "PowerType",
]


class MsgType(IntEnum):
    """The kind of a message from a client; it decides the prefix of the message's id."""

    Command = 1
    Event = 2
    Telemetry = 3


class CommandStatus(IntEnum):
    """The status of a command, as far as the controller has reported it.

    On the wire a status is one of the ids ``success``, ``fail``, ``ack`` and
    ``noack``.  The numbers exist only in client code.
    """

    Success = 1
    Fail = 2
    Ack = 3
    NoAck = 4
    Unknown = 5


class PowerType(IntEnum):
    """One of the two power systems, in ``power`` and ``resetBreakers``."""

    Motor = 1
    Communication = 2


class PowerSystemState(IntEnum):
    """State of one power system, in the event ``powerSystemState``."""

    Init = 1
    PoweredOff = 2
    PoweringOn = 3
    ResettingBreakers = 4
    PoweredOn = 5
    PoweringOff = 6


class InclinationTelemetrySource(IntEnum):
    """The source of the elevation that the controller uses."""

    ONBOARD = 1
    MTMOUNT = 2


class ClosedLoopControlMode(IntEnum):
    """The control mode that the controller announces."""

    Idle = 1
    TelemetryOnly = 2
    OpenLoop = 3
    ClosedLoop = 4


class InnerLoopControlMode(IntEnum):
    """Mode of one inner-loop controller (ILC)."""

    Standby = 1
    Disabled = 2
    Enabled = 3
    FirmwareUpdate = 4
    Fault = 5
    ClearFaults = 6
    NoChange = 7
    Unknown = 8


class CommandScript(IntEnum):
    """Action of the command ``runScript``, in its field ``scriptCommand``."""

    LoadScript = 1
    Clear = 2
    Run = 3
    Stop = 4
    Pause = 5
    Resume = 6


class CommandActuator(IntEnum):
    """Action of the command ``moveActuators``, in its field ``actuatorCommand``."""

    Start = 1
    Stop = 2
    Pause = 3
    Resume = 4


class ActuatorDisplacementUnit(IntEnum):
    """Unit of the displacement, in the command ``moveActuators``."""

    Millimeter = 1
    Step = 2


class DigitalOutputStatus(IntEnum):
    """Action of the command ``switchDigitalOutput``, in its field ``status``."""

    BinaryLowLevel = 1
    BinaryHighLevel = 2
    ToggleBit = 3


class DigitalOutput(IntFlag):
    """Bits of the event ``digitalOutput``.

    ``switchDigitalOutput`` takes the value of one bit, not its index.
    """

    MotorPower = 1 << 0
    CommunicationPower = 1 << 1
    InterlockEnable = 1 << 2
    ResetMotorBreakers = 1 << 3
    ResetCommunicationBreakers = 1 << 4
    ClosedLoopControl = 1 << 5
    SpareOutput_6 = 1 << 6
    SpareOutput_7 = 1 << 7


class DigitalInput(IntFlag):
    """Bits of the event ``digitalInput``.

    A set breaker bit means tripped, or not powered.
    """

    RedundancyOK = 1 << 0
    LoadDistributionOK = 1 << 1
    PowerSupplyDC_2_OK = 1 << 2
    PowerSupplyDC_1_OK = 1 << 3
    PowerSupplyCurrent_2_OK = 1 << 4
    PowerSupplyCurrent_1_OK = 1 << 5
    J1_W9_1_MotorPowerBreaker = 1 << 6
    J1_W9_2_MotorPowerBreaker = 1 << 7
    J1_W9_3_MotorPowerBreaker = 1 << 8
    J2_W10_1_MotorPowerBreaker = 1 << 9
    J2_W10_2_MotorPowerBreaker = 1 << 10
    J2_W10_3_MotorPowerBreaker = 1 << 11
    J3_W11_1_MotorPowerBreaker = 1 << 12
    J3_W11_2_MotorPowerBreaker = 1 << 13
    J3_W11_3_MotorPowerBreaker = 1 << 14
    J1_W12_1_CommunicationPowerBreaker = 1 << 15
    SpareInput_16 = 1 << 16
    SpareInput_17 = 1 << 17
    SpareInput_18 = 1 << 18
    SpareInput_19 = 1 << 19
    SpareInput_20 = 1 << 20
    SpareInput_21 = 1 << 21
    SpareInput_22 = 1 << 22
    SpareInput_23 = 1 << 23
    J1_W12_2_CommunicationPowerBreaker = 1 << 24
    J2_W13_1_CommunicationPowerBreaker = 1 << 25
    J2_W13_2_CommunicationPowerBreaker = 1 << 26
    J3_W14_1_CommunicationPowerBreaker = 1 << 27
    J3_W14_2_CommunicationPowerBreaker = 1 << 28
    SpareInput_29 = 1 << 29
    SpareInput_30 = 1 << 30
    InterlockPowerRelay = 1 << 31
