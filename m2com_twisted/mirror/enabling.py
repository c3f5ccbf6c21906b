"""Enabling the mirror: the powers are switched on and the loop is closed."""

from collections.abc import Collection

from ..catalogue import commands, events
from ..catalogue.enums import (
    ClosedLoopControlMode,
    DigitalOutput,
    DigitalOutputStatus,
    PowerType,
)
from .errors import IlcsNotEnabledError, NotVerifiedError
from .ilcs import enable_ilcs
from .preconditions import CLOSING, COMMANDING, PRECONDITIONS, require, required_ilcs
from .steps import NotNeeded, Parts, Procedure, Step

__all__ = ["Enable"]

_OUTPUTS = (
    DigitalOutput.InterlockEnable,
    DigitalOutput.ResetMotorBreakers,
    DigitalOutput.ResetCommunicationBreakers,
)


class Enable(Procedure):
    """Switch the powers on, enable the ILCs, and close the loop.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    override
        Names of preconditions of the closed loop that need not hold.
    close_loop
        Whether the loop is closed at the end.
    """

    name = "enable"

    def __init__(self, parts: Parts, override: Collection[str], close_loop: bool) -> None:
        super().__init__(parts)
        unknown = set(override) - PRECONDITIONS.keys()
        if unknown:
            raise ValueError(f"There are no preconditions {', '.join(sorted(unknown))}.")
        self._override = override
        self._close_loop = close_loop

    async def command(self) -> str:
        """Check that the control system has control of the controller."""
        return require(self.parts, COMMANDING, self._override)

    async def mask(self) -> str:
        """Set the mask of the enabled faults."""
        self._unless_closed()
        mask = self.parts.settings.enabled_faults_mask
        event = self.memory.last_event(events.EnabledFaultsMask)
        if mask is None or (event is not None and event.mask == mask):
            raise NotNeeded("it is as wanted")
        return await self.show(commands.SetEnabledFaultsMask(mask=mask))

    async def outputs(self) -> str:
        """Release the interlock and the reset lines of the breakers."""
        self._unless_powered()
        high = DigitalOutputStatus.BinaryHighLevel
        for bit in _OUTPUTS:
            await self.send(commands.SwitchDigitalOutput(bit=bit, status=high))
        return "seen: the three output bits high"

    async def configuration(self) -> str:
        """Choose hardpoints and configuration file, and load the configuration."""
        self._unless_powered()
        settings, memory = self.parts.settings, self.memory
        file, config = settings.configuration_file, memory.last_event(events.Config)
        if file is not None and (config is None or config.configuration != file):
            await self.send(commands.SetConfigurationFile(file=file))
        chosen, event = settings.hardpoints, memory.last_event(events.HardpointList)
        wanted = None if chosen is None else tuple(index + 1 for index in chosen)
        if chosen is not None and (event is None or tuple(event.actuators) != wanted):
            await self.send(commands.SetHardpointList(actuators=chosen))
        await self.send(commands.SetClosedLoopControlMode(mode=ClosedLoopControlMode.Idle))
        return await self.show(commands.LoadConfiguration())

    async def parameters(self) -> str:
        """Choose the inputs of the force tables."""
        self._unless_closed()
        await self.send(self.parts.settings.control_parameters)
        return await self.show(commands.SetClosedLoopControlMode(mode=ClosedLoopControlMode.Idle))

    async def communication_on(self) -> str:
        """Switch the communication power on."""
        return await self._power_on(PowerType.Communication)

    async def motor_on(self) -> str:
        """Switch the motor power on."""
        return await self._power_on(PowerType.Motor)

    async def clear(self) -> str:
        """Clear the faults of the past.  The step fails if a fault comes back."""
        self._unless_closed()
        try:
            return await self.show(commands.ClearErrors())
        except NotVerifiedError as error:
            # Warnings may stay.  The precondition "faults" lists what keeps the loop open.
            if self.parts.state.faults.is_known and not self.parts.state.faults.serious():
                return f"only warnings are left: {error.seen}"
            if "faults" in self._override:
                return f"overridden: faults ({error.seen})"
            raise

    async def offsets(self) -> str:
        """Reset the force offsets and the step counters."""
        self._unless_closed()
        seen = await self.show(commands.ResetForceOffsets())
        await self.send(commands.ResetActuatorSteps())
        return seen

    async def ilcs(self) -> str:
        """Enable the ILCs.  The step fails only for an ILC that a closed loop needs."""
        self._unless_closed()
        try:
            return await enable_ilcs(self)
        except IlcsNotEnabledError as error:
            if not error.culprits.keys() & required_ilcs(self.parts):
                return f"{error} The loop does not need them."
            if "ilcs" in self._override:
                return f"overridden: ilcs ({error})"
            raise

    async def open_loop_mode(self) -> str:
        """Announce the open loop, and switch its wider limits off."""
        self._unless_closed()
        await self.send(commands.SetClosedLoopControlMode(mode=ClosedLoopControlMode.OpenLoop))
        return await self.show(commands.EnableOpenLoopMaxLimit(status=False))

    async def preconditions(self) -> str:
        """Check that the loop may be closed."""
        self._unless_closed()
        self._unless_unwanted()
        return require(self.parts, CLOSING, self._override)

    async def close(self) -> str:
        """Close the loop."""
        self._unless_closed()
        self._unless_unwanted()
        return await self.show(commands.SwitchForceBalanceSystem(status=True))

    async def hold(self) -> str:
        """Check that the loop stays closed without a fault."""
        self._unless_unwanted()
        state = self.parts.state
        settings = self.parts.settings
        await self.parts.waiting.until(
            lambda: (
                bool(state.loop_closed)
                and ("faults" in self._override or not state.faults.serious())
            ),
            "closed loop without a fault",
            lambda: f"loop closed: {state.loop_closed}; faults: {len(state.faults.serious())}",
            settings.command_timeout,
            settings.closed_hold,
        )
        return "the loop stays closed"

    steps = (
        Step("Control of the controller", command),
        Step("Mask of the faults", mask),
        Step("Interlock and breakers released", outputs, "configuration_timeout"),
        Step("Configuration loaded", configuration, "configuration_timeout"),
        Step("Control parameters", parameters, "configuration_timeout"),
        Step("Communication power on", communication_on, "power_timeout"),
        Step("Motor power on", motor_on, "power_timeout"),
        Step("Faults cleared", clear),
        Step("Force offsets and step counters reset", offsets, "configuration_timeout"),
        Step("ILCs enabled", ilcs, "ilcs_timeout"),
        Step("Open loop, normal limits", open_loop_mode, "configuration_timeout"),
        Step("Preconditions of the closed loop", preconditions),
        Step("Loop closed", close),
        Step("Loop seen to hold", hold),
    )

    def _unless_closed(self) -> None:
        """Skip the step if the loop is already closed."""
        if self.parts.state.loop_closed:
            raise NotNeeded("the loop is closed already")

    def _unless_powered(self) -> None:
        """Skip a step that could switch off a power that is on."""
        self._unless_closed()
        if self.parts.state.communication_power.value is not False:
            raise NotNeeded("the communication power is not off")

    def _unless_unwanted(self) -> None:
        if not self._close_loop:
            raise NotNeeded("the loop is to stay open")

    async def _power_on(self, power_type: PowerType) -> str:
        event = self.memory.last_power_state(power_type)
        state = self.parts.state
        is_motor = power_type is PowerType.Motor
        if event is not None and (state.motor_power if is_motor else state.communication_power):
            raise NotNeeded("it is on")
        return await self.show(commands.Power(power_type=power_type, status=True))
