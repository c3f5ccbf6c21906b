"""The procedures of an enabled mirror: motions, forces and maintenance."""

from collections.abc import Collection, Mapping, Sequence

from ..catalogue.enums import ActuatorDisplacementUnit, PowerType
from .command_methods import CommandMethods
from .forces import ApplyForces, BumpTest, ResetForceOffsets
from .moving import Move, MoveActuators, RunScript
from .report import Report
from .runner import Progress, StepRun
from .steps import Procedure
from .upkeep import ChangeConfiguration, ChangeHardpoints, ClearFaults, Reboot, ResetBreakers

__all__ = ["Operations"]


class Operations(CommandMethods):
    """Procedures of `Mirror`.  Each returns its report, and raises the errors of `Mirror.enable`.

    ``override`` contains the names of preconditions that need not hold.  ``progress`` is called at
    each change of a step.  ``timeout`` limits the whole procedure, in seconds.  An invalid
    argument raises `InvalidFieldError`, which is a ValueError, and nothing is sent.
    """

    async def move(
        self,
        *,
        x: float | None = None,
        y: float | None = None,
        z: float | None = None,
        x_rot: float | None = None,
        y_rot: float | None = None,
        z_rot: float | None = None,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Move the mirror in closed loop, and wait until it is there and stays there.

        Parameters
        ----------
        x, y, z
            Position from home, in um.  None: the axis keeps its present target.
        x_rot, y_rot, z_rot
            Rotations from home, in arcsec.  None: the axis keeps its present target.
        override, progress, timeout
            See the class.
        """
        axes = {"x": x, "y": y, "z": z, "x_rot": x_rot, "y_rot": y_rot, "z_rot": z_rot}
        return await self._run(Move(self._parts, axes, override), progress, timeout)

    async def move_actuators(
        self,
        actuators: Sequence[str | int],
        displacement: float,
        unit: ActuatorDisplacementUnit = ActuatorDisplacementUnit.Millimeter,
        *,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Move single actuators in open loop, and wait until their steps are made.

        Parameters
        ----------
        actuators
            Names, or indices from 0.
        displacement
            Length of the motion, in the unit.
        unit
            Unit of the displacement.
        override, progress, timeout
            See the class.
        """
        procedure = MoveActuators(self._parts, actuators, displacement, unit, override)
        return await self._run(procedure, progress, timeout)

    async def run_script(
        self, name: str, *, progress: Progress | None = None, timeout: float | None = None
    ) -> Report:
        """Load a script of the controller, run it, and wait for its end."""
        return await self._run(RunScript(self._parts, name), progress, timeout)

    async def apply_forces(
        self,
        forces: Mapping[str, float] | Sequence[float],
        *,
        add: bool = False,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Set the force offsets or add to them, and check them in the telemetry.

        Parameters
        ----------
        forces
            Offsets in N by the name of the actuator, or a sequence of all 78, axial first.
        add
            True adds them to the present offsets.  False replaces all present offsets, and an
            actuator that is not named gets 0.
        override, progress, timeout
            See the class.  ``"limits"`` omits the check of the demands.
        """
        procedure = ApplyForces(self._parts, forces, add, override)
        return await self._run(procedure, progress, timeout)

    async def reset_force_offsets(
        self, *, progress: Progress | None = None, timeout: float | None = None
    ) -> Report:
        """Set all force offsets to 0, and check this in the telemetry."""
        return await self._run(ResetForceOffsets(self._parts), progress, timeout)

    async def bump_test(
        self,
        actuator: str | int,
        force: float,
        *,
        period: float | None = None,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Push and pull with one actuator, check the measured force, and restore the offsets.

        The offsets are also restored after a failure or a cancellation.

        Parameters
        ----------
        actuator
            Name, or index from 0.
        force
            Force of the push, in N.
        period
            Seconds for which each force is held.  None takes the time from the settings.
        override, progress, timeout
            See the class.  ``"limits"`` omits the check of the demands.
        """
        procedure = BumpTest(self._parts, actuator, force, period, override)
        return await self._run(procedure, progress, timeout)

    async def clear_faults(
        self, *, progress: Progress | None = None, timeout: float | None = None
    ) -> Report:
        """Clear faults and warnings, and check that they do not come back."""
        return await self._run(ClearFaults(self._parts), progress, timeout)

    async def reset_breakers(
        self,
        power_type: PowerType,
        *,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Reset the breakers of a power system that is on, and check that they are closed."""
        return await self._run(ResetBreakers(self._parts, power_type), progress, timeout)

    async def change_configuration(
        self,
        file: str,
        *,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Choose a configuration file that the controller lists, and load it."""
        procedure = ChangeConfiguration(self._parts, file, override)
        return await self._run(procedure, progress, timeout)

    async def change_hardpoints(
        self,
        actuators: Sequence[str | int],
        *,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Choose the six hardpoints, by name or index, and load the configuration."""
        procedure = ChangeHardpoints(self._parts, actuators, override)
        return await self._run(procedure, progress, timeout)

    async def reboot(
        self,
        *,
        override: Collection[str] = (),
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Restart the controller, and wait until it is connected and has sent its state."""
        return await self._run(Reboot(self._parts, override), progress, timeout)

    async def _run(
        self, procedure: Procedure, progress: Progress | None, timeout: float | None
    ) -> Report:
        return await self._bridged(self._runner.run(StepRun(procedure, progress, timeout)))
