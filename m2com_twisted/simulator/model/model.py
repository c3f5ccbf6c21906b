"""The cell controller without its network: all state, and what time does to it.

Pure: no Twisted, no clock.  `Model.step` is the only way time passes.
"""

import math
from collections.abc import Sequence
from random import Random

from ...catalogue.enums import (
    ClosedLoopControlMode,
    DigitalOutput,
    InclinationTelemetrySource,
    InnerLoopControlMode,
    PowerSystemState,
    PowerType,
)
from ...catalogue.faults import fault_by_code
from ...wire.codec import Message
from . import events
from .configuration import DEFAULT_CONFIGURATION_FILE
from .fault_state import FaultState
from .geometry import AXIAL_COUNT
from .lookup import temperature_table, weight_on_actuators
from .mirror import CLOSED_LOOP_LIMITS, OPEN_LOOP_LIMITS, OPEN_LOOP_MAX_LIMITS, Mirror
from .open_loop import OpenLoop
from .power import INSTANT, OUTPUT_BIT, PowerSystems, PowerTimes
from .script import Script
from .sensors import Sensors, processed_inclination

__all__ = ["CYCLE", "ILC_COUNT", "Model"]

#: Seconds of a controller cycle, as the idle original takes (protocol-answers).
CYCLE = 0.103

#: Cycles from one update of the forces to the next (protocol-motion).
_CYCLES_PER_UPDATE = 4

ILC_COUNT = 84

#: The mean rise of the air, in degC, above which its event comes every cycle.
_AIRFLOW_WARNING = 2.0

#: Fault limits of the tangent load cells, in N (protocol-faults).
_TANGENT_WEIGHT, _TANGENT_SUM, _TANGENT_FORCE = 5000.0, 1000.0, 2000.0

#: Degrees; the controller's own default of ``inclinometerDelta`` (protocol-events).
_MAX_ANGLE_DIFFERENCE = 2.0


class Model:
    """The state of a cell controller.

    Its parts may be read, and changed, at any time: that is how a test makes
    the world around the mirror different.

    Parameters
    ----------
    seed
        Of all noise; None for a different one each time.
    power_times
        How long the power systems take.

    Attributes
    ----------
    power, mirror, faults, script, open_loop, sensors
        The parts.
    ilc_modes
        Mode of each of the 84 ILCs.
    ilc_modes_told
        The same by the last word of it: unknown until it is set or asked for.
    control_mode
        As last announced.
    interlock_told
        Whether the interlock was engaged by the last word of it.
    commandable_by_dds
        Whether the CSC may command; nothing here depends on it.
    open_loop_max_limit
        Whether the wider force limits of the open loop hold.
    temperature_reference
        Of the 12 ring temperatures, in degC.
    configuration_file
        The one in use.
    inclination_source
        Whose elevation counts.
    external_elevation
        As last told by the telescope mount, in degrees.
    compare_angles, max_angle_difference
        Whether, and from how many degrees, a difference between the telescope
        mount and the inclinometer is a fault.
    lut_temperature_enabled
        Whether the look-up table takes the temperatures in.
    reboot_requested
        Set by ``rebootController``, for the server to act upon.
    """

    def __init__(self, seed: int | None = None, power_times: PowerTimes = INSTANT) -> None:
        self.power = PowerSystems(power_times)
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
        self._behind = 0.0
        self._cycles = 0
        self._sense()

    @property
    def inclination(self) -> float:
        """Elevation by the inclinometer, without noise, in degrees."""
        return processed_inclination(self.sensors.inclinometer_raw)

    @property
    def elevation(self) -> float:
        """Elevation at which the mirror hangs, by the source in use, in degrees."""
        if self.inclination_source is InclinationTelemetrySource.MTMOUNT:
            return self.external_elevation
        return self.inclination

    @property
    def motor_on(self) -> bool:
        """Whether the motors have power."""
        return self.power.is_on(PowerType.Motor)

    @property
    def communication_on(self) -> bool:
        """Whether the ILCs have power."""
        return self.power.is_on(PowerType.Communication)

    def step(self, dt: float) -> list[Message]:
        """Let time pass; return the events it brings.

        Parameters
        ----------
        dt
            Seconds.
        """
        self._behind += dt
        happened: list[Message] = []
        # Half a microsecond of slack: a beat of CYCLE seconds is one cycle,
        # whichever way its floats are rounded.
        while self._behind >= CYCLE - 5e-7:
            self._behind -= CYCLE
            happened += self._cycle()
        return happened

    def _cycle(self) -> list[Message]:
        self._cycles += 1
        self.open_loop.advance(self.mirror)
        self._sense()
        if self._cycles % _CYCLES_PER_UPDATE == 0:
            self.mirror.update()
        percentage = self.script.advance()
        self._check_forces()
        self._check_tangent_forces()
        self._check_angles()
        happened = self.faults.report(self.mirror.loop_closed)
        if self.mirror.in_position:
            happened.append(events.in_position(True))
        if self.sensors.airflow_rise > _AIRFLOW_WARNING:
            happened.append(events.cell_temperature_high_warning())
        if percentage is not None:
            happened.append(events.script_execution_status(percentage))
        return happened

    def _sense(self) -> None:
        lut_temperature = [0.0] * AXIAL_COUNT
        if self.lut_temperature_enabled:
            pairs = zip(self.sensors.ring, self.temperature_reference, strict=True)
            lut_temperature = list(temperature_table(tuple(now - then for now, then in pairs)))
        self.mirror.sense(self.elevation, lut_temperature)

    def raise_fault(self, code: int) -> None:
        """Report a fault and do what the controller does about it.

        Raises
        ------
        KeyError
            If there is no fault of this code.
        """
        if not self.faults.add(fault_by_code(code)):
            return
        self.script.stop()
        self.open_loop.stop()
        self.stop_force_balance()
        self.mirror.applied = [0.0] * len(self.mirror.applied)

    def close_loop(self) -> None:
        """Start the force balance system, and end any motion of single actuators."""
        self.open_loop.stop()
        self.mirror.close_loop()
        self.power.set_output(DigitalOutput.ClosedLoopControl, True)

    def stop_force_balance(self) -> None:
        """Stop the force balance system."""
        self.mirror.open_loop()
        self.power.set_output(DigitalOutput.ClosedLoopControl, False)

    def set_power_state(self, power_type: PowerType, state: PowerSystemState) -> None:
        """Bring one power system into a state, with its output bit."""
        self.power.states[power_type] = state
        up = state not in (PowerSystemState.PoweringOff, PowerSystemState.PoweredOff)
        self.power.set_output(OUTPUT_BIT[power_type], up)
        if power_type is PowerType.Motor and not up:
            self.open_loop.stop()
            self.stop_force_balance()

    def reboot(self) -> None:
        """Lose power, errors and script, as a controller does that restarts."""
        self.stop_force_balance()
        for power_type in PowerType:
            self.set_power_state(power_type, PowerSystemState.PoweredOff)
        self.faults.clear()
        self.script.abandon()

    def _check_forces(self) -> None:
        if not self.motor_on:
            return
        if self.mirror.loop_closed:
            limits, code = CLOSED_LOOP_LIMITS, 6056
        else:
            limits = OPEN_LOOP_MAX_LIMITS if self.open_loop_max_limit else OPEN_LOOP_LIMITS
            code = 6057
        pairs = list(enumerate(zip(self.mirror.measured, limits, strict=True)))
        retracted = [index for index, (force, limit) in pairs if force >= limit]
        extended = [index for index, (force, limit) in pairs if force <= -limit]
        if not retracted and not extended:
            return
        if self.open_loop_max_limit:
            self.faults.trigger_limit_switches(retracted, extended)
        self.raise_fault(code)

    def tangent_force_error(self) -> tuple[list[float], float, float]:
        """Return the six errors, of the weight and of the sum, in N (:ref:`protocol-figures`)."""
        tangent = self.mirror.measured[AXIAL_COUNT:]
        quarter = -weight_on_actuators(self.elevation)[AXIAL_COUNT + 1]
        cosine = math.cos(math.radians(30))
        _, f2, f3, _, f5, f6 = tangent
        errors = [
            tangent[0],
            f2 * cosine + quarter,
            f3 * cosine + quarter,
            tangent[3],
            f5 * cosine - quarter,
            f6 * cosine - quarter,
        ]
        return errors, cosine * (-f2 - f3 + f5 + f6) - 4 * quarter, sum(tangent)

    def _check_tangent_forces(self) -> None:
        if not self.motor_on:
            return
        errors, weight, total = self.tangent_force_error()
        if (
            abs(weight) >= _TANGENT_WEIGHT
            or abs(total) >= _TANGENT_SUM
            or any(abs(error) >= _TANGENT_FORCE for error in errors)
        ):
            self.raise_fault(6088)

    def _check_angles(self) -> None:
        difference = abs(self.external_elevation - self.inclination)
        if self.compare_angles and difference > self.max_angle_difference:
            self.raise_fault(6060)
