"""The events of the command port: one function each, fields in wire order.

Source: :ref:`protocol-events`.
"""

from collections.abc import Iterable, Sequence

from ...catalogue import events
from ...catalogue.enums import (
    ClosedLoopControlMode,
    InclinationTelemetrySource,
    InnerLoopControlMode,
    PowerSystemState,
    PowerType,
)
from ...wire.codec import Message

__all__ = [
    "bypassed_actuator_ilcs",
    "cell_temperature_high_warning",
    "closed_loop_control_mode",
    "commandable_by_dds",
    "configuration_files",
    "digital_input",
    "digital_output",
    "enabled_faults_mask",
    "force_balance_system_status",
    "hardpoint_list",
    "in_position",
    "inclination_telemetry_source",
    "inner_loop_control_mode",
    "interlock",
    "limit_switch_status",
    "open_loop_max_limit",
    "power_system_state",
    "script_execution_status",
    "summary_faults_status",
    "tcp_ip_connected",
    "temperature_offset",
]

#: The states in which the status of a power system is on.
_POWERED = (
    PowerSystemState.PoweringOn,
    PowerSystemState.ResettingBreakers,
    PowerSystemState.PoweredOn,
)


def tcp_ip_connected() -> Message:
    """Return the event that says that a client is connected."""
    return events.TcpIpConnected(True).to_message()


def commandable_by_dds(state: bool) -> Message:
    """Return the event with the commander.  True: the CSC.  False: the engineering console."""
    return events.CommandableByDDS(state).to_message()


def hardpoint_list(hardpoints: Iterable[int]) -> Message:
    """Return the event with the hardpoints.  They count from 0 here, and from 1 on the wire."""
    return events.HardpointList(tuple(index + 1 for index in hardpoints)).to_message()


def bypassed_actuator_ilcs(hardpoints: Sequence[int]) -> Message:
    """Return the event with the bypassed ILCs.  Only that of the first hardpoint is bypassed."""
    return events.BypassedActuatorILCs((hardpoints[0] + 1,)).to_message()


def interlock(engaged: bool) -> Message:
    """Return the event with the state of the interlock."""
    return events.Interlock(engaged).to_message()


def inclination_telemetry_source(source: InclinationTelemetrySource) -> Message:
    """Return the event with the source of the elevation for the look-up table."""
    return events.InclinationTelemetrySource(source).to_message()


def temperature_offset(ring: Sequence[float]) -> Message:
    """Return the event with the references of the ring.  Intake and exhaust are always 0."""
    return events.TemperatureOffset(tuple(ring), (0.0, 0.0), (0.0, 0.0)).to_message()


def digital_input(value: int) -> Message:
    """Return the event with the word of the digital inputs."""
    return events.DigitalInput(int(value)).to_message()


def digital_output(value: int) -> Message:
    """Return the event with the word of the digital outputs."""
    return events.DigitalOutput(int(value)).to_message()


def closed_loop_control_mode(mode: ClosedLoopControlMode) -> Message:
    """Return the event with the control mode."""
    return events.ClosedLoopControlMode(mode).to_message()


def enabled_faults_mask(mask: int) -> Message:
    """Return the event with the mask of the enabled faults."""
    return events.EnabledFaultsMask(mask).to_message()


def configuration_files(files: Iterable[str]) -> Message:
    """Return the event with the names of the configuration files."""
    return events.ConfigurationFiles(tuple(files)).to_message()


def power_system_state(power_type: PowerType, state: PowerSystemState) -> Message:
    """Return the event with the state of one power system."""
    return events.PowerSystemState(power_type, state in _POWERED, state).to_message()


def inner_loop_control_mode(address: int, mode: InnerLoopControlMode) -> Message:
    """Return the event with the mode of one ILC.  The address counts from 0."""
    return events.InnerLoopControlMode(address, mode).to_message()


def force_balance_system_status(status: bool) -> Message:
    """Return the event with the state of the force balance system: whether the loop is closed."""
    return events.ForceBalanceSystemStatus(status).to_message()


def summary_faults_status(status: int) -> Message:
    """Return the event with the bits of all faults and warnings since ``clearErrors``."""
    return events.SummaryFaultsStatus(status).to_message()


def limit_switch_status(retract: Iterable[int], extend: Iterable[int]) -> Message:
    """Return the event with the actuators, from 0, whose limit switches have newly triggered."""
    return events.LimitSwitchStatus(tuple(sorted(retract)), tuple(sorted(extend))).to_message()


def open_loop_max_limit(status: bool) -> Message:
    """Return the event with the state of the wider force limits of the open loop."""
    return events.OpenLoopMaxLimit(status).to_message()


def in_position(status: bool) -> Message:
    """Return the event that says whether the mirror assembly is in position."""
    return events.M2AssemblyInPosition(status).to_message()


def cell_temperature_high_warning() -> Message:
    """Return the warning that the air leaves the cell much warmer than it enters."""
    return events.CellTemperatureHiWarning(True).to_message()


def script_execution_status(percentage: int) -> Message:
    """Return the event with the progress of the script, in percent."""
    return events.ScriptExecutionStatus(percentage).to_message()
