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

#: In these states a power system says of itself that it is on.
_POWERED = (
    PowerSystemState.PoweringOn,
    PowerSystemState.ResettingBreakers,
    PowerSystemState.PoweredOn,
)


def tcp_ip_connected() -> Message:
    """Say that there is a client."""
    return events.TcpIpConnected(True).to_message()


def commandable_by_dds(state: bool) -> Message:
    """Say whether the CSC, rather than the engineering console, may command."""
    return events.CommandableByDDS(state).to_message()


def hardpoint_list(hardpoints: Iterable[int]) -> Message:
    """Name the actuators that hold the mirror; 0-based here, 1-based on the wire."""
    return events.HardpointList(tuple(index + 1 for index in hardpoints)).to_message()


def bypassed_actuator_ilcs(hardpoints: Sequence[int]) -> Message:
    """Name the ILCs left out of the force loop: of the hardpoints the first only."""
    return events.BypassedActuatorILCs((hardpoints[0] + 1,)).to_message()


def interlock(engaged: bool) -> Message:
    """Say whether the interlock is engaged."""
    return events.Interlock(engaged).to_message()


def inclination_telemetry_source(source: InclinationTelemetrySource) -> Message:
    """Say whose elevation angle the look-up table goes by."""
    return events.InclinationTelemetrySource(source).to_message()


def temperature_offset(ring: Sequence[float]) -> Message:
    """Tell the reference of the ring temperatures; intake and exhaust are always 0."""
    return events.TemperatureOffset(tuple(ring), (0.0, 0.0), (0.0, 0.0)).to_message()


def digital_input(value: int) -> Message:
    """Tell the word of the digital inputs."""
    return events.DigitalInput(int(value)).to_message()


def digital_output(value: int) -> Message:
    """Tell the word of the digital outputs."""
    return events.DigitalOutput(int(value)).to_message()


def closed_loop_control_mode(mode: ClosedLoopControlMode) -> Message:
    """Announce the control mode."""
    return events.ClosedLoopControlMode(mode).to_message()


def enabled_faults_mask(mask: int) -> Message:
    """Tell which faults are not ignored."""
    return events.EnabledFaultsMask(mask).to_message()


def configuration_files(files: Iterable[str]) -> Message:
    """List the names of the configuration files on the controller."""
    return events.ConfigurationFiles(tuple(files)).to_message()


def power_system_state(power_type: PowerType, state: PowerSystemState) -> Message:
    """Tell the state of one power system."""
    return events.PowerSystemState(power_type, state in _POWERED, state).to_message()


def inner_loop_control_mode(address: int, mode: InnerLoopControlMode) -> Message:
    """Tell the mode of one ILC; address from 0."""
    return events.InnerLoopControlMode(address, mode).to_message()


def force_balance_system_status(status: bool) -> Message:
    """Say whether the force balance system runs, that is, the loop is closed."""
    return events.ForceBalanceSystemStatus(status).to_message()


def summary_faults_status(status: int) -> Message:
    """Tell the bits of all faults and warnings since the last ``clearErrors``."""
    return events.SummaryFaultsStatus(status).to_message()


def limit_switch_status(retract: Iterable[int], extend: Iterable[int]) -> Message:
    """Name the actuators, from 0, whose limit switches have newly triggered."""
    return events.LimitSwitchStatus(tuple(sorted(retract)), tuple(sorted(extend))).to_message()


def open_loop_max_limit(status: bool) -> Message:
    """Say whether the wider force limits of the open loop hold."""
    return events.OpenLoopMaxLimit(status).to_message()


def in_position(status: bool) -> Message:
    """Say whether the mirror assembly is in position."""
    return events.M2AssemblyInPosition(status).to_message()


def cell_temperature_high_warning() -> Message:
    """Warn that the air leaves the cell much warmer than it enters."""
    return events.CellTemperatureHiWarning(True).to_message()


def script_execution_status(percentage: int) -> Message:
    """Say how much of the script has run, in percent."""
    return events.ScriptExecutionStatus(percentage).to_message()
