"""The events of the command port, and the four statuses of commands.

`parse` and `decode` read what the controller sent.  They never raise: a message
that does not fit its class comes as `Unknown`.  Fields that a class does not have
are ignored; the decoded message, which callbacks get, has them.

"Welcome" below means what the controller tells a new client.

Source: :ref:`protocol-events`.
"""

from typing import Annotated, TypeAlias

from . import enums
from .describe import about
from .messages import ReceivedMessage
from .received import Reader, Unknown
from .statuses import Ack, Fail, NoAck, Status, Success

__all__ = [
    "BY_NAME",
    "Ack",
    "BypassedActuatorILCs",
    "CellTemperatureHiWarning",
    "ClosedLoopControlMode",
    "CommandableByDDS",
    "Config",
    "ConfigurationFiles",
    "DigitalInput",
    "DigitalOutput",
    "EnabledFaultsMask",
    "Event",
    "Fail",
    "ForceBalanceSystemStatus",
    "HardpointList",
    "InclinationTelemetrySource",
    "InnerLoopControlMode",
    "Interlock",
    "LimitSwitchStatus",
    "M2AssemblyInPosition",
    "NoAck",
    "OpenLoopMaxLimit",
    "PowerSystemState",
    "ScriptExecutionStatus",
    "Status",
    "Success",
    "SummaryFaultsStatus",
    "TcpIpConnected",
    "TemperatureOffset",
    "Unknown",
    "decode",
    "parse",
]


class TcpIpConnected(ReceivedMessage, frozen=True):
    """The controller has a client.  In the welcome."""

    is_connected: Annotated[bool, about("True.")]


class CommandableByDDS(ReceivedMessage, frozen=True):
    """Which side may command.  In the welcome, and after ``switchCommandSource``."""

    state: Annotated[bool, about("Whether the control system (CSC) may command.")]


class HardpointList(ReceivedMessage, frozen=True):
    """The actuators that hold the mirror.  In the welcome, and after ``setHardpointList``."""

    actuators: Annotated[tuple[int, ...], about("These actuators, counted from 1.", length=6)]


class BypassedActuatorILCs(ReceivedMessage, frozen=True):
    """The ILCs left out of the force loop.  In the welcome, and after ``setHardpointList``.

    The original's client counts them as enabled in one place, and demands that they are
    enabled in another; which of the two the real controller does is not known.
    """

    ilcs: Annotated[
        tuple[int, ...], about("These ILCs, counted from 1; of the hardpoints the first.")
    ]


class Interlock(ReceivedMessage, frozen=True):
    """State of the interlock.  In the welcome, and after commands that change it."""

    state: Annotated[bool, about("Whether it is engaged.")]


class InclinationTelemetrySource(ReceivedMessage, frozen=True):
    """Source of the elevation.  In the welcome, and after ``setControlParameters``."""

    source: Annotated[enums.InclinationTelemetrySource, about("The source.")]


class TemperatureOffset(ReceivedMessage, frozen=True):
    """References of the temperatures.  In the welcome, and after ``setTemperatureOffset``."""

    ring: Annotated[tuple[float, ...], about("Of the ring sensors.", "degC", length=12)]
    intake: Annotated[tuple[float, ...], about("Always 0.", "degC", length=2)]
    exhaust: Annotated[tuple[float, ...], about("Always 0.", "degC", length=2)]


class DigitalInput(ReceivedMessage, frozen=True):
    """The digital inputs.  In the welcome, and after commands that change them.

    The word as it is; the console shows the bits of breakers and relay the other way round.
    """

    value: Annotated[int, about("Bits of DigitalInput; a breaker's is set when it is tripped.")]

    @property
    def bits(self) -> enums.DigitalInput:
        """The bits that are set, by name."""
        return enums.DigitalInput(self.value)


class DigitalOutput(ReceivedMessage, frozen=True):
    """The digital outputs.  In the welcome, and after commands that change them."""

    value: Annotated[int, about("Bits of DigitalOutput.")]

    @property
    def bits(self) -> enums.DigitalOutput:
        """The bits that are set, by name."""
        return enums.DigitalOutput(self.value)


class Config(ReceivedMessage, frozen=True):
    """The configuration.  In the welcome, and after it was loaded or chosen.

    Warnings and faults of the powers are in percent of 24 V.
    """

    configuration: Annotated[str, about("Name of the file.")]
    version: Annotated[str, about("From the name; empty if it does not parse.")]
    control_parameters: Annotated[str, about("Name of a folder; empty likewise.")]
    lut_parameters: Annotated[str, about("Name of a folder; empty likewise.")]
    power_warning_motor: Annotated[float, about("Deviation that is a warning.", "%")]
    power_fault_motor: Annotated[float, about("Deviation that is a fault.", "%")]
    power_threshold_motor: Annotated[float, about("Current that is a fault.", "A")]
    power_warning_comm: Annotated[float, about("Deviation that is a warning.", "%")]
    power_fault_comm: Annotated[float, about("Deviation that is a fault.", "%")]
    power_threshold_comm: Annotated[float, about("Current that is a fault.", "A")]
    in_position_axial: Annotated[
        float,
        about("Error of the axial forces in position; the simulator's loop has 0.2 N.", "N"),
    ]
    in_position_tangent: Annotated[float, about("Error of the tangent forces in position.", "N")]
    in_position_sample: Annotated[float, about("Time for which the errors count.", "s")]
    timeout_sal: Annotated[float, about("Time without the control system.", "s")]
    timeout_crio: Annotated[float, about("Time without the controller's real-time part.", "s")]
    timeout_ilc: Annotated[int, about("Cycles without an ILC.", "cycles")]
    inclinometer_delta: Annotated[float, about("Difference to the elevation allowed.", "deg")]
    inclinometer_diff_enabled: Annotated[bool, about("Whether that difference is a fault.")]
    cell_temperature_delta: Annotated[
        float, about("Exhaust above intake that is a warning.", "degC")
    ]


class ClosedLoopControlMode(ReceivedMessage, frozen=True):
    """The control mode.  In the welcome, and after the commands that set it.

    It is not told when a fault or motor power off leaves the closed loop: then only
    ``forceBalanceSystemStatus`` tells.
    """

    mode: Annotated[enums.ClosedLoopControlMode, about("The mode.")]


class EnabledFaultsMask(ReceivedMessage, frozen=True):
    """The faults that are not ignored.  In the welcome, and after ``setEnabledFaultsMask``."""

    mask: Annotated[int, about("64 bits; see the table of faults.")]


class ConfigurationFiles(ReceivedMessage, frozen=True):
    """The configuration files of the controller.  In the welcome."""

    files: Annotated[tuple[str, ...], about("Their names.")]


class PowerSystemState(ReceivedMessage, frozen=True):
    """State of one power system.  In the welcome for each, and after each change.

    The sources disagree on what tells that the communication power is on: the flag,
    or the state alone, since the real controller does not always clear the flag.
    """

    power_type: Annotated[enums.PowerType, about("The power system.")]
    status: Annotated[bool, about("Whether it is on; true in the states 3, 4 and 5.")]
    state: Annotated[enums.PowerSystemState, about("The state.")]


class InnerLoopControlMode(ReceivedMessage, frozen=True):
    """Mode of one ILC.  In the welcome for each of the 84, and after it was set or asked for."""

    address: Annotated[int, about("Address of the ILC.", minimum=0, maximum=83)]
    mode: Annotated[enums.InnerLoopControlMode, about("The mode.")]


class ForceBalanceSystemStatus(ReceivedMessage, frozen=True):
    """Whether the loop is closed.

    After ``switchForceBalanceSystem``, after a new fault, and when the motors go off
    in closed loop.  It is the only sign that a fault has opened the loop.
    """

    status: Annotated[bool, about("Whether the loop is closed.")]


class SummaryFaultsStatus(ReceivedMessage, frozen=True):
    """All faults and warnings so far.  After each new one, and after ``clearErrors``."""

    status: Annotated[int, about("64 bits; see the table of faults.")]


class LimitSwitchStatus(ReceivedMessage, frozen=True):
    """Limit switches that have newly triggered, while the wider limits of the open loop hold."""

    retract: Annotated[tuple[int, ...], about("Actuators from 0, sorted.", is_actuator=True)]
    extend: Annotated[tuple[int, ...], about("Actuators from 0, sorted.", is_actuator=True)]


class OpenLoopMaxLimit(ReceivedMessage, frozen=True):
    """Whether the wider force limits of the open loop hold.  After commands that touch them."""

    status: Annotated[bool, about("Whether they hold.")]


class M2AssemblyInPosition(ReceivedMessage, frozen=True):
    """Whether the mirror is in position.

    True comes in every cycle while it is.  False comes only from a command; nothing
    tells that the mirror drifts out of position.
    """

    in_position: Annotated[bool, about("Whether it is in position.")]


class CellTemperatureHiWarning(ReceivedMessage, frozen=True):
    """The air leaves the cell much warmer than it enters.  In every cycle; false never comes."""

    hi_warning: Annotated[bool, about("True.")]


class ScriptExecutionStatus(ReceivedMessage, frozen=True):
    """How much of the script has run.  In every cycle of a run, 100 last."""

    percentage: Annotated[float, about("That part.", "%", minimum=0, maximum=100)]


#: Any message of the command port that fits its class.
Event: TypeAlias = (
    TcpIpConnected
    | CommandableByDDS
    | HardpointList
    | BypassedActuatorILCs
    | Interlock
    | InclinationTelemetrySource
    | TemperatureOffset
    | DigitalInput
    | DigitalOutput
    | Config
    | ClosedLoopControlMode
    | EnabledFaultsMask
    | ConfigurationFiles
    | PowerSystemState
    | InnerLoopControlMode
    | ForceBalanceSystemStatus
    | SummaryFaultsStatus
    | LimitSwitchStatus
    | OpenLoopMaxLimit
    | M2AssemblyInPosition
    | CellTemperatureHiWarning
    | ScriptExecutionStatus
    | Ack
    | NoAck
    | Success
    | Fail
)

_reader: Reader[Event] = Reader(Event)

#: The classes by their id on the wire: the 22 events, then the four statuses.
BY_NAME: dict[str, type[ReceivedMessage]] = _reader.by_name

#: Return the message for a decoded one, or `Unknown`; see `Reader.parse`.
parse = _reader.parse

#: Return the message on a line, or `Unknown`; see `Reader`.
decode = _reader.decode
