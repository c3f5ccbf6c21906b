"""Methods that send one command each.  Some commands have a procedure instead."""

from ..catalogue import commands, enums
from ..catalogue.describe import Floats, Integers
from .commander import Verified
from .mirror_service import MirrorService

__all__ = ["CommandMethods"]


class CommandMethods(MirrorService):
    """The commands as methods.  Each calls `run` with its command and raises the same errors.

    The class of each command describes its parameters, with units and ranges.
    """

    async def position_mirror(
        self,
        x: float = 0.0,
        y: float = 0.0,
        z: float = 0.0,
        x_rot: float = 0.0,
        y_rot: float = 0.0,
        z_rot: float = 0.0,
    ) -> Verified:
        """Move the mirror and wait until it has arrived.

        The method `move` also checks the preconditions.  There, an axis that is not given keeps
        its target.
        """
        return await self.run(commands.PositionMirror(x, y, z, x_rot, y_rot, z_rot))

    async def clear_errors(self) -> Verified:
        """Clear faults and warnings, and check that they do not come back."""
        return await self.run(commands.ClearErrors())

    async def switch_force_balance_system(self, status: bool) -> Verified:
        """Close or open the loop, without the checks that `enable` makes."""
        return await self.run(commands.SwitchForceBalanceSystem(status))

    async def set_temperature_offset(self, ring: Floats) -> Verified:
        """Set the references of the ring temperatures."""
        return await self.run(commands.SetTemperatureOffset(ring))

    async def switch_command_source(self, is_remote: bool) -> Verified:
        """Give control to the control system, or to the engineering console."""
        return await self.run(commands.SwitchCommandSource(is_remote))

    async def enable_open_loop_max_limit(self, status: bool) -> Verified:
        """Switch the wider limits of the open loop on or off."""
        return await self.run(commands.EnableOpenLoopMaxLimit(status))

    async def save_mirror_position(self) -> Verified:
        """Let the controller save the position.  No message proves it."""
        return await self.run(commands.SaveMirrorPosition())

    async def set_mirror_home(self) -> Verified:
        """Make the present position the home.  A position near 0 proves it."""
        return await self.run(commands.SetMirrorHome())

    async def switch_digital_output(
        self, bit: enums.DigitalOutput, status: enums.DigitalOutputStatus
    ) -> Verified:
        """Switch one digital output."""
        return await self.run(commands.SwitchDigitalOutput(bit, status))

    async def power(self, power_type: enums.PowerType, status: bool) -> Verified:
        """Switch a power system, and wait until it is on or off."""
        return await self.run(commands.Power(power_type, status))

    async def reset_actuator_steps(self) -> Verified:
        """Set the step counters to 0.  No message proves it."""
        return await self.run(commands.ResetActuatorSteps())

    async def set_closed_loop_control_mode(self, mode: enums.ClosedLoopControlMode) -> Verified:
        """Announce a mode.  This does not close or open the loop."""
        return await self.run(commands.SetClosedLoopControlMode(mode))

    async def set_inner_loop_control_mode(
        self, addresses: Integers, mode: enums.InnerLoopControlMode
    ) -> Verified:
        """Set the mode of some ILCs, and wait until each has reported the new mode."""
        return await self.run(commands.SetInnerLoopControlMode(addresses, mode))

    async def get_inner_loop_control_mode(self, addresses: Integers) -> Verified:
        """Request the modes of some ILCs, and wait until each has reported its mode."""
        return await self.run(commands.GetInnerLoopControlMode(addresses))

    async def load_configuration(self) -> Verified:
        """Load the chosen configuration.  This may switch the powers off."""
        return await self.run(commands.LoadConfiguration())

    async def set_control_parameters(self, parameters: commands.SetControlParameters) -> Verified:
        """Choose the inputs of the force tables.  Only the elevation source is proved."""
        return await self.run(parameters)

    async def set_enabled_faults_mask(self, mask: int) -> Verified:
        """Choose the faults that the controller reports and reacts to."""
        return await self.run(commands.SetEnabledFaultsMask(mask))

    async def set_configuration_file(self, file: str) -> Verified:
        """Choose a configuration file.  `change_configuration` also checks and loads it."""
        return await self.run(commands.SetConfigurationFile(file))

    async def set_hardpoint_list(self, actuators: Integers) -> Verified:
        """Choose the hardpoints.  `change_hardpoints` also checks and loads them."""
        return await self.run(commands.SetHardpointList(actuators))
