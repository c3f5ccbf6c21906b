"""The state of the mirror, as the controller has reported it.

`MirrorState` takes typed messages and returns readings.  It does not use Twisted.
"""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar, overload

from ..catalogue import actuators, events, telemetry
from ..catalogue.enums import PowerType
from . import truths
from .fault_log import FaultLog
from .memory import Memory
from .readings import Reading, Truth, Validity

__all__ = ["MirrorState"]

T = TypeVar("T")


class _Event(Generic[T]):
    """An attribute of the state that is the reading of an event."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind

    @overload
    def __get__(self, state: None, owner: type) -> "_Event[T]": ...
    @overload
    def __get__(self, state: "MirrorState", owner: type) -> Reading[T]: ...
    def __get__(self, state: "MirrorState | None", owner: type) -> "_Event[T] | Reading[T]":
        return self if state is None else state.reading(self.kind)


class _Topic(_Event[T]):
    """An attribute of the state that is the reading of a telemetry topic."""


class MirrorState:
    """The state of the mirror.

    Each event and each telemetry topic has an attribute: a `Reading` with value, age and validity.
    Other attributes combine several messages.  Most of them are a `Truth`.

    After the connection is lost, a reading is not valid until its message is received again.

    Parameters
    ----------
    seconds
        Returns the present time, in seconds.  This time must not jump.
    """

    bypassed_ilcs = _Event(events.BypassedActuatorILCs)
    cell_temperature_hi_warning = _Event(events.CellTemperatureHiWarning)
    closed_loop_control_mode = _Event(events.ClosedLoopControlMode)
    commandable_by_dds = _Event(events.CommandableByDDS)
    config = _Event(events.Config)
    configuration_files = _Event(events.ConfigurationFiles)
    digital_input = _Event(events.DigitalInput)
    digital_output = _Event(events.DigitalOutput)
    enabled_faults_mask = _Event(events.EnabledFaultsMask)
    force_balance_system_status = _Event(events.ForceBalanceSystemStatus)
    hardpoint_list = _Event(events.HardpointList)
    inclination_telemetry_source = _Event(events.InclinationTelemetrySource)
    interlock = _Event(events.Interlock)
    limit_switch_status = _Event(events.LimitSwitchStatus)
    m2_assembly_in_position = _Event(events.M2AssemblyInPosition)
    open_loop_max_limit = _Event(events.OpenLoopMaxLimit)
    script_execution_status = _Event(events.ScriptExecutionStatus)
    summary_faults_status = _Event(events.SummaryFaultsStatus)
    tcp_ip_connected = _Event(events.TcpIpConnected)
    temperature_offset = _Event(events.TemperatureOffset)

    axial_actuator_steps = _Topic(telemetry.AxialActuatorSteps)
    axial_encoder_positions = _Topic(telemetry.AxialEncoderPositions)
    axial_force = _Topic(telemetry.AxialForce)
    displacement_sensors = _Topic(telemetry.DisplacementSensors)
    force_balance = _Topic(telemetry.ForceBalance)
    force_error_tangent = _Topic(telemetry.ForceErrorTangent)
    ilc_data = _Topic(telemetry.IlcData)
    inclinometer_angle_tma = _Topic(telemetry.InclinometerAngleTma)
    net_forces_total = _Topic(telemetry.NetForcesTotal)
    net_moments_total = _Topic(telemetry.NetMomentsTotal)
    position = _Topic(telemetry.Position)
    position_ims = _Topic(telemetry.PositionIMS)
    power_status = _Topic(telemetry.PowerStatus)
    power_status_raw = _Topic(telemetry.PowerStatusRaw)
    tangent_actuator_steps = _Topic(telemetry.TangentActuatorSteps)
    tangent_encoder_positions = _Topic(telemetry.TangentEncoderPositions)
    tangent_force = _Topic(telemetry.TangentForce)
    temperature = _Topic(telemetry.Temperature)
    zenith_angle = _Topic(telemetry.ZenithAngle)

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.memory = Memory(seconds)
        #: Takes a typed message of either port.  All received messages enter the state here.
        self.receive = self.memory.receive

    def command_connection(self, up: bool) -> None:
        """Take note that the command port was connected or lost."""
        self.memory.command_connection(up)

    def telemetry_connection(self, up: bool) -> None:
        """Take note that the telemetry port was connected or lost."""
        self.memory.telemetry_connection(up)

    def reading(self, kind: type[T]) -> Reading[T]:
        """Return the reading of a class of events or telemetry."""
        memory = self.memory
        entry = memory.latest.get(kind)
        if kind in _TOPICS:
            return memory.reading(entry, memory.telemetry_validity(kind, entry))
        validity = memory.event_validity(entry)
        overtaken = kind is events.ClosedLoopControlMode and truths.mode_overtaken(memory)
        return memory.reading(entry, Validity.OLD if overtaken else validity)

    @property
    def power(self) -> Mapping[PowerType, Reading[events.PowerSystemState]]:
        """State of each power system, by its type."""
        memory = self.memory
        return {
            power_type: memory.reading(entry, memory.event_validity(entry))
            for power_type in PowerType
            for entry in (memory.power.get(power_type),)
        }

    @property
    def ilcs(self) -> Mapping[int, Reading[events.InnerLoopControlMode]]:
        """Mode of each of the 84 ILCs, by its address from 0."""
        memory = self.memory
        return {
            ilc.address: memory.reading(entry, memory.ilc_validity(entry))
            for ilc in actuators.ILCS
            for entry in (memory.ilcs.get(ilc.address),)
        }

    @property
    def faults(self) -> FaultLog:
        """The faults: the current ones, the latched ones, and those that came first."""
        return self.memory.faults

    @property
    def masked_faults(self) -> tuple[events.EnabledFaultsMask | None, tuple[str, ...]]:
        """The present mask, and the names of the current faults that it does not enable."""
        mask = self.memory.last_event(events.EnabledFaultsMask)
        if mask is None:
            return None, ()
        return mask, tuple(fault.name for fault in self.faults.masked(mask.mask))

    @property
    def limit_switches(self) -> Mapping[str, str]:
        """The triggered limit switches: maps actuator names to ``retract`` or ``extend``."""
        triggered = self.memory.limit_switches
        known = actuators.ACTUATORS
        return {known[i].name if i < len(known) else str(i): triggered[i] for i in triggered}

    @property
    def breakers(self) -> Mapping[str, Truth]:
        """Whether each breaker is closed, by its name.  Not known while its power is off."""
        return {
            breaker.name: truths.breaker_closed(self.memory, breaker)
            for breaker in actuators.BREAKERS
        }

    @property
    def loop_closed(self) -> Truth:
        """Whether the control loop is closed."""
        return truths.loop_closed(self.memory)

    @property
    def motor_power(self) -> Truth:
        """Whether the motor power is on.  Not known while it is being switched."""
        return truths.power_on(self.memory, PowerType.Motor)

    @property
    def communication_power(self) -> Truth:
        """Whether the communication power is on.  Not known while it is being switched."""
        return truths.power_on(self.memory, PowerType.Communication)

    @property
    def interlock_engaged(self) -> Truth:
        """Whether the interlock keeps the motors from moving."""
        return truths.interlock_engaged(self.memory)

    @property
    def commander(self) -> Truth:
        """Whether the control system has control, and not the engineering console."""
        return truths.may_command(self.memory)

    @property
    def in_position(self) -> Truth:
        """Whether the controller reports that the mirror is in position."""
        return truths.in_position(self.memory)

    @property
    def ilcs_enabled(self) -> Truth:
        """Whether all ILCs that a closed loop needs are enabled."""
        return truths.ilcs_enabled(self.memory, truths.required_ilcs(self.memory, False, False))

    @property
    def elevation(self) -> float | None:
        """Elevation of the source in use, in degrees.  None if there is no fresh value."""
        return truths.elevation(self.memory)[0]


_TOPICS = frozenset(telemetry.BY_NAME.values())
