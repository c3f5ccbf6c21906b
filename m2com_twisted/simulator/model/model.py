"""The cell controller without its network: its state, and how the state changes with time.

The model uses neither Twisted nor a clock.  Time passes only in `Model.step` and `Model.cycle`.
"""

from collections.abc import Sequence
from random import Random
from typing import Literal

from ...catalogue.enums import (
    ClosedLoopControlMode,
    DigitalOutput,
    InclinationTelemetrySource,
    InnerLoopControlMode,
    PowerSystemState,
    PowerType,
)
from ...wire.codec import Message
from . import events
from .configuration import DEFAULT_CONFIGURATION_FILE
from .fault_state import FaultState
from .lookup import temperature_table
from .mirror import COUNT, Mirror
from .open_loop import OpenLoop
from .power import OUTPUT_BIT, PowerSystems
from .profiles import DEFAULT, Profile
from .protection import Protection
from .script import Script
from .sensors import Sensors, processed_inclination

__all__ = ["CYCLE", "ILC_COUNT", "Model", "ServerKind"]

#: Seconds of a controller cycle, as in the idle original (protocol-answers).
CYCLE = 0.103

#: Cycles between two updates of the forces (protocol-motion), the remainder of the numbers of
#: these cycles, and the first cycle that may have an update.
_CYCLES_PER_UPDATE, _PHASE, _FIRST_UPDATE = 4, 2, 6

ILC_COUNT = 84

#: The client that a controller serves.
ServerKind = Literal["CSC", "GUI"]

#: If the air becomes warmer by more than this in the cell, every cycle sends the warning.  In degC.
_AIRFLOW_WARNING = 2.0

#: In degrees: the controller's own default of ``inclinometerDelta`` (protocol-events).
_MAX_ANGLE_DIFFERENCE = 2.0


class Model:
    """The state of a cell controller.

    The parts may be read and changed at any time, for example by tests.

    Parameters
    ----------
    seed
        Seed of all noise.  None means a different seed each time.
    profile
        Rules that the controller follows.
    kind
        Client that the controller serves.  A controller for the engineering console (GUI)
        compares the received elevation with its inclinometer.  One for the CSC does not.

    Attributes
    ----------
    profile, kind
        As given.
    power, mirror, faults, script, open_loop, sensors
        The parts of the controller.
    ilc_modes
        Mode of each of the 84 ILCs.
    ilc_modes_told
        The modes last sent to a client.  A mode is unknown until a command sets or reads it.
    control_mode
        The control mode that was last announced.
    interlock_told
        State of the interlock that was last sent to a client.
    commandable_by_dds
        Whether the CSC may command.  The model only reports it.
    open_loop_max_limit
        Whether the wider force limits of the open loop apply.
    temperature_reference
        Reference of the 12 ring temperatures, in degC.
    configuration_file
        Name of the configuration file in use.
    inclination_source
        Source of the elevation in use.
    external_elevation
        Elevation last received from the telescope mount, in degrees.
    compare_angles, max_angle_difference
        Whether a difference between the elevations of the telescope mount and the
        inclinometer is a fault, and the largest difference in degrees that is no fault.
    lut_temperature_enabled
        Whether the look-up table of temperatures is in use.
    reboot_requested
        Set by ``rebootController``.  Time stands still until `reboot` is called.
    """

    def __init__(
        self,
        seed: int | None = None,
        profile: Profile = DEFAULT,
        kind: ServerKind = "CSC",
    ) -> None:
        self.profile = profile
        self.kind = kind
        self.power = PowerSystems(profile.power_times)
        self.faults = FaultState()
        self.script = Script()
        self.open_loop = OpenLoop()
        self.sensors = Sensors(Random(seed))
        self.mirror = Mirror(self.inclination)
        self.ilc_modes = [InnerLoopControlMode.Standby] * ILC_COUNT
        self.ilc_modes_told = [InnerLoopControlMode.Unknown] * ILC_COUNT
        self.control_mode = ClosedLoopControlMode.Idle
        self.interlock_told = False
        self.commandable_by_dds = True
        self.open_loop_max_limit = False
        self.temperature_reference: Sequence[float] = (21.0,) * 12
        self.configuration_file = DEFAULT_CONFIGURATION_FILE
        self.inclination_source = InclinationTelemetrySource.ONBOARD
        self.external_elevation = self.inclination
        self.compare_angles = False
        self.max_angle_difference = _MAX_ANGLE_DIFFERENCE
        self.lut_temperature_enabled = True
        self.reboot_requested = False
        hold = self.open_loop.pause if profile.as_original else None
        self._protection = Protection(self.faults, self.mirror, self._act_on_fault, hold)
        self._table_elevation = self.inclination
        self._tilt = (self.inclination,) * 3
        self._behind = 0.0
        self._cycles = 0
        if profile.as_original:
            # The original has not computed the word yet when it welcomes its client.
            self.power.output = DigitalOutput(0)
        self.look_up_temperatures()

    @property
    def as_original(self) -> bool:
        """Whether the model has the peculiarities of the original."""
        return self.profile.as_original

    @property
    def inclination(self) -> float:
        """Elevation from the inclinometer, without noise, in degrees."""
        return processed_inclination(self.sensors.inclinometer_raw)

    @property
    def elevation(self) -> float:
        """Elevation from the source in use, in degrees."""
        if self.inclination_source is InclinationTelemetrySource.MTMOUNT:
            return self.external_elevation
        return self.inclination

    @property
    def weight_elevation(self) -> float:
        """Elevation at which the mirror hangs, in degrees.

        In the original, an elevation that it receives does not move the mirror.
        """
        return self.inclination if self.as_original else self.elevation

    @property
    def motor_on(self) -> bool:
        """Whether the motors have power."""
        return self.power.is_on(PowerType.Motor)

    @property
    def communication_on(self) -> bool:
        """Whether the ILCs have power."""
        return self.power.is_on(PowerType.Communication)

    @property
    def output(self) -> DigitalOutput:
        """The word of the digital outputs."""
        if self.as_original:
            return self.power.proper_output(self.mirror.loop_closed)
        return self.power.output

    def refresh_output(self) -> DigitalOutput:
        """Return the word of the digital outputs, and keep it.

        The original computes it again for most commands.  Then bits that were switched
        by hand are lost.
        """
        self.power.output = self.output
        return self.power.output

    def tell_elevation(self, elevation: float) -> None:
        """Receive the elevation of the telescope mount, in degrees."""
        self.external_elevation = elevation
        if self.inclination_source is InclinationTelemetrySource.MTMOUNT:
            self._table_elevation = elevation

    def look_up_temperatures(self) -> None:
        """Bring the look-up table of temperatures up to date with the sensors."""
        warmer = self.sensors.mean_temperature - sum(self.temperature_reference) / 12
        self.mirror.lut_temperature = temperature_table(
            warmer if self.lut_temperature_enabled else 0.0
        )

    def step(self, dt: float) -> list[Message]:
        """Let time pass.  Return the events of this time.

        Parameters
        ----------
        dt
            Seconds.
        """
        self._behind += dt
        happened: list[Message] = []
        # The tolerance is half a microsecond.  So a call every CYCLE seconds is always one
        # cycle, despite rounding errors.
        while self._behind >= CYCLE - 5e-7:
            self._behind -= CYCLE
            happened += self.cycle()
        return happened

    def cycle(self) -> list[Message]:
        """Let one cycle of the controller pass.  Return its events."""
        if self.reboot_requested:
            return []
        self._cycles += 1
        self.open_loop.advance(self.mirror)
        self._tilt_mirror()
        if self._cycles >= _FIRST_UPDATE and self._cycles % _CYCLES_PER_UPDATE == _PHASE:
            self.mirror.update()
        percentage = self.script.advance()
        self._protect()
        happened = self.faults.report(self.mirror.loop_closed)
        if self.mirror.in_position:
            happened.append(events.in_position(True))
        if self.sensors.airflow_rise > _AIRFLOW_WARNING:
            happened.append(events.cell_temperature_high_warning())
        if percentage is not None:
            happened.append(events.script_execution_status(percentage))
        return happened

    def _tilt_mirror(self) -> None:
        weight = self.weight_elevation
        tilt = weight, self._table_elevation if self.as_original else weight, weight
        if tilt != self._tilt:
            self._tilt = tilt
            self.mirror.tilt(*tilt)

    def raise_fault(self, code: int) -> None:
        """Report a fault and react as the controller does.

        Raises
        ------
        KeyError
            If there is no fault of this code.
        """
        self._protection.raise_fault(code)

    def _act_on_fault(self) -> None:
        self.script.stop()
        if self.as_original:
            self.open_loop.pause()
        else:
            self.open_loop.stop()
        self.stop_force_balance()
        self.mirror.applied = [0.0] * COUNT

    def close_loop(self) -> None:
        """Start the force balance system, and end any motion of single actuators."""
        if self.as_original:
            self.open_loop.pause()
        else:
            self.open_loop.stop()
        self.mirror.close_loop()
        self._drive_loop_bit(True)

    def stop_force_balance(self) -> None:
        """Stop the force balance system."""
        if self.mirror.loop_closed:
            self.mirror.open_loop()
        self._drive_loop_bit(False)

    def _drive_loop_bit(self, high: bool) -> None:
        if not self.as_original:
            self.power.set_output(DigitalOutput.ClosedLoopControl, high)

    def set_power_state(self, power_type: PowerType, state: PowerSystemState) -> None:
        """Bring one power system into a state, with its output bit."""
        self.power.states[power_type] = state
        up = state not in (PowerSystemState.PoweringOff, PowerSystemState.PoweredOff)
        self.power.set_output(OUTPUT_BIT[power_type], up)
        if power_type is PowerType.Motor and not up and not self.as_original:
            self.open_loop.stop()
            self.stop_force_balance()

    def leave(self) -> None:
        """End the script, because the command client has left."""
        self.script.abandon()
        if self.as_original:
            self.configuration_file = DEFAULT_CONFIGURATION_FILE

    def reboot(self) -> None:
        """Switch off the power, and forget errors and script, as a restart does."""
        self.reboot_requested = False
        self.stop_force_balance()
        for power_type in PowerType:
            self.set_power_state(power_type, PowerSystemState.PoweredOff)
        self.faults.clear()
        self.script.abandon()

    def tangent_force_error(self) -> tuple[tuple[float, ...], float, float]:
        """Return the errors of the six forces, of the weight and of the sum (protocol-figures)."""
        return self._protection.tangent_errors(self.weight_elevation)

    def _protect(self) -> None:
        if self.motor_on:
            self._protection.check_forces(self.weight_elevation, self.open_loop_max_limit)
        if self.kind == "GUI" and self.compare_angles:
            difference = self.external_elevation - self.inclination
            self._protection.check_angles(difference, self.max_angle_difference)
