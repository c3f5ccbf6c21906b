"""The events of the command port, and the four statuses of commands.

`parse` and `decode` read what the controller sent.  They never raise: if a message
does not fit its class, they return `Unknown`.  They ignore fields that a class does
not have.  The decoded message, which callbacks get, contains these fields.

Below, "welcome" means the messages that the controller sends to a new client.

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
    """The controller has a client.  Sent in the welcome."""

    is_connected: Annotated[bool, about("Always true.")]


class CommandableByDDS(ReceivedMessage, frozen=True):
    """Client that has control.  It is sent in the welcome and after ``switchCommandSource``."""

    state: Annotated[bool, about("Whether the control system (CSC) may command.")]


class HardpointList(ReceivedMessage, frozen=True):
    """The actuators that hold the mirror.  Sent in the welcome, and after ``setHardpointList``."""

    actuators: Annotated[tuple[int, ...], about("These actuators, counted from 1.", length=6)]


class BypassedActuatorILCs(ReceivedMessage, frozen=True):
    """The ILCs left out of the force loop.  Sent in the welcome, and after ``setHardpointList``.

    The original's client counts them as enabled in one place, and demands that they are
    enabled in another.  It is not known which of the two the real controller does.
    """

    ilcs: Annotated[tuple[int, ...], about("These ILCs, counted from 1: only the first hardpoint.")]


class Interlock(ReceivedMessage, frozen=True):
    """State of the interlock.  Sent in the welcome, and after commands that change it."""

    state: Annotated[bool, about("Whether it is engaged.")]


class InclinationTelemetrySource(ReceivedMessage, frozen=True):
    """Source of the elevation.  Sent in the welcome, and after ``setControlParameters``."""

    source: Annotated[enums.InclinationTelemetrySource, about("The source.")]


class TemperatureOffset(ReceivedMessage, frozen=True):
    """References of the temperatures.  Sent in the welcome, and after ``setTemperatureOffset``."""

    ring: Annotated[tuple[float, ...], about("References of the ring sensors.", "degC", length=12)]
    intake: Annotated[tuple[float, ...], about("Always 0.", "degC", length=2)]
    exhaust: Annotated[tuple[float, ...], about("Always 0.", "degC", length=2)]


class DigitalInput(ReceivedMessage, frozen=True):
    """The digital inputs.  Sent in the welcome, and after commands that change them.

    The console shows the bits of the breakers and of the relay inverted.
    """

    value: Annotated[int, about("Bits of DigitalInput; a breaker that is tripped has its bit set.")]

    @property
    def bits(self) -> enums.DigitalInput:
        """The bits that are set, by name."""
        return enums.DigitalInput(self.value)


class DigitalOutput(ReceivedMessage, frozen=True):
    """The digital outputs.  Sent in the welcome, and after commands that change them."""

    value: Annotated[int, about("Bits of DigitalOutput.")]

    @property
    def bits(self) -> enums.DigitalOutput:
        """The bits that are set, by name."""
        return enums.DigitalOutput(self.value)


class Config(ReceivedMessage, frozen=True):
    """The configuration.  Sent in the welcome, and after it was loaded or chosen.

    Three fields are taken from the name of the file, and are empty if it has another form.
    Warnings and faults of the powers are in percent of 24 V.
    """

    configuration: Annotated[str, about("Name of the file.")]
    version: Annotated[str, about("Version in the name of the file.")]
    control_parameters: Annotated[str, about("Name of the folder of control parameters.")]
    lut_parameters: Annotated[str, about("Name of the folder of look-up tables.")]
    power_warning_motor: Annotated[float, about("Deviation that is a warning.", "%")]
    power_fault_motor: Annotated[float, about("Deviation that is a fault.", "%")]
    power_threshold_motor: Annotated[float, about("Current that is a fault.", "A")]
    power_warning_comm: Annotated[float, about("Deviation that is a warning.", "%")]
    power_fault_comm: Annotated[float, about("Deviation that is a fault.", "%")]
    power_threshold_comm: Annotated[float, about("Current that is a fault.", "A")]
    in_position_axial: Annotated[
        float,
        about("Allowed axial force error in position; the simulator's loop has 0.2 N.", "N"),
    ]
    in_position_tangent: Annotated[float, about("Allowed tangent force error in position.", "N")]
    in_position_sample: Annotated[float, about("Time over which the errors are taken.", "s")]
    timeout_sal: Annotated[float, about("Allowed time without the control system.", "s")]
    timeout_crio: Annotated[float, about("Allowed time without the real-time part.", "s")]
    timeout_ilc: Annotated[int, about("Allowed cycles without an ILC.", "cycles")]
    inclinometer_delta: Annotated[float, about("Allowed difference to the elevation.", "deg")]
    inclinometer_diff_enabled: Annotated[bool, about("Whether that difference is a fault.")]
    cell_temperature_delta: Annotated[
        float, about("Rise from intake to exhaust that is a warning.", "degC")
    ]


class ClosedLoopControlMode(ReceivedMessage, frozen=True):
    """The control mode.  Sent in the welcome, and after the commands that set it.

    It is not sent when a fault opens the loop, or when the motor power is switched off.
    In these cases only ``forceBalanceSystemStatus`` is sent.
    """

    mode: Annotated[enums.ClosedLoopControlMode, about("The mode.")]


class EnabledFaultsMask(ReceivedMessage, frozen=True):
    """The faults that are not ignored.  Sent in the welcome, and after ``setEnabledFaultsMask``."""

    mask: Annotated[int, about("64 bits; see the table of faults.")]


class ConfigurationFiles(ReceivedMessage, frozen=True):
    """The configuration files of the controller.  Sent in the welcome."""

    files: Annotated[tuple[str, ...], about("Their names.")]


class PowerSystemState(ReceivedMessage, frozen=True):
    """State of one power system.  Sent in the welcome for each, and after each change.

    The sources disagree on what shows that the communication power is on.  One takes the
    status.  Another takes only the state, because the real controller does not always
    clear the status.
    """

    power_type: Annotated[enums.PowerType, about("The power system.")]
    status: Annotated[bool, about("Whether it is on; true in the states 3, 4 and 5.")]
    state: Annotated[enums.PowerSystemState, about("The state.")]


class InnerLoopControlMode(ReceivedMessage, frozen=True):
    """Mode of one ILC.  Sent in the welcome for all 84, and after it was set or requested."""

    address: Annotated[int, about("Address of the ILC.", minimum=0, maximum=83)]
    mode: Annotated[enums.InnerLoopControlMode, about("The mode.")]


class ForceBalanceSystemStatus(ReceivedMessage, frozen=True):
    """Whether the loop is closed.

    It is sent after ``switchForceBalanceSystem``, after a new fault, and when the motor power
    is switched off in closed loop.  Only this event shows that a fault has opened the loop.
    """

    status: Annotated[bool, about("Whether the loop is closed.")]


class SummaryFaultsStatus(ReceivedMessage, frozen=True):
    """Faults and warnings since ``clearErrors``.  Sent after it, and after each new one."""

    status: Annotated[int, about("64 bits; see the table of faults.")]


class LimitSwitchStatus(ReceivedMessage, frozen=True):
    """Limit switches that have newly triggered.  Sent while the wider open-loop limits hold."""

    retract: Annotated[tuple[int, ...], about("Actuators from 0, sorted.", is_actuator=True)]
    extend: Annotated[tuple[int, ...], about("Actuators from 0, sorted.", is_actuator=True)]


class OpenLoopMaxLimit(ReceivedMessage, frozen=True):
    """Whether the wider open-loop force limits hold.  Sent after commands that may change this."""

    status: Annotated[bool, about("Whether they hold.")]


class M2AssemblyInPosition(ReceivedMessage, frozen=True):
    """Whether the mirror is in position.

    True is sent in every cycle while it is in position.  False is sent only after a command.
    No event reports that the mirror drifts out of position.
    """

    in_position: Annotated[bool, about("Whether it is in position.")]


class CellTemperatureHiWarning(ReceivedMessage, frozen=True):
    """The air leaves the cell much warmer than it enters.  Sent in every cycle while it does."""

    hi_warning: Annotated[bool, about("Always true.")]


class ScriptExecutionStatus(ReceivedMessage, frozen=True):
    """Progress of the script.  Sent in every cycle while it runs; the last value is 100."""

    percentage: Annotated[float, about("The progress.", "%", minimum=0, maximum=100)]


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

#: Return the typed message for a decoded message, or `Unknown`; see `Reader.parse`.
parse = _reader.parse

#: Return the typed message on a line, or `Unknown`; see `Reader`.
decode = _reader.decode
