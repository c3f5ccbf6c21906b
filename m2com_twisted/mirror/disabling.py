"""Disabling the mirror: the loop is opened and the powers are switched off."""

from ..catalogue import commands
from ..catalogue.enums import ClosedLoopControlMode, CommandScript, PowerType
from ..errors import CommandFailed
from .preconditions import require
from .steps import Failure, NotNeeded, Parts, Procedure, Step

__all__ = ["Disable"]


class Disable(Procedure):
    """Open the loop and switch the powers off.

    Each step is tried, even if an earlier step failed.  The procedure succeeds only if messages
    of the controller show that the loop is open and the motors are off.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    communication_off
        Whether the communication power is also switched off.
    """

    name = "disable"

    def __init__(self, parts: Parts, communication_off: bool) -> None:
        super().__init__(parts)
        self._communication_off = communication_off
        # Each of these commands may have to wait for a slow command that was sent before.
        self._seconds = parts.settings.power_timeout

    async def script(self) -> str:
        """Stop a script."""
        try:
            return await self._do(commands.RunScript(script_command=CommandScript.Stop))
        except CommandFailed:
            raise NotNeeded("the controller has none to stop") from None

    async def open_loop(self) -> str:
        """Open the loop."""
        return await self._do(commands.SwitchForceBalanceSystem(status=False))

    async def offsets(self) -> str:
        """Reset the force offsets and the step counters."""
        await self.send(commands.ResetActuatorSteps(), self._seconds)
        if self.parts.state.axial_force.is_fresh:
            return await self.show(commands.ResetForceOffsets(), self._seconds)
        await self.send(commands.ResetForceOffsets(), self._seconds, verify=False)
        return "accepted; there is no telemetry to prove it"

    async def telemetry_only(self) -> str:
        """Announce that only telemetry is wanted."""
        mode = ClosedLoopControlMode.TelemetryOnly
        return await self._do(commands.SetClosedLoopControlMode(mode=mode))

    async def motor_off(self) -> str:
        """Switch the motor power off."""
        return await self._do(commands.Power(power_type=PowerType.Motor, status=False))

    async def communication_power_off(self) -> str:
        """Switch the communication power off."""
        if not self._communication_off:
            raise NotNeeded("it is to stay on")
        return await self._do(commands.Power(power_type=PowerType.Communication, status=False))

    async def idle(self) -> str:
        """Announce the mode Idle."""
        mode = ClosedLoopControlMode.Idle
        return await self._do(commands.SetClosedLoopControlMode(mode=mode))

    async def look(self) -> str:
        """Check that the loop is open and the motors are off, after all other steps."""
        require(self.parts, ["motor_power_off", "loop_open"])
        return "the loop is open, the motors are off"

    steps = (
        Step("Script stopped", script, "power_timeout", Failure.IGNORED),
        Step("Loop open", open_loop, "power_timeout", Failure.COUNTS),
        Step("Force offsets and step counters reset", offsets, "power_timeout", Failure.IGNORED),
        Step("Telemetry only", telemetry_only, "power_timeout", Failure.IGNORED),
        Step("Motor power off", motor_off, "power_timeout", Failure.COUNTS),
        Step("Communication power off", communication_power_off, "power_timeout", Failure.COUNTS),
        Step("Idle", idle, "power_timeout", Failure.IGNORED),
        Step("Seen disabled", look, "command_timeout", Failure.COUNTS),
    )

    async def _do(self, command: commands.Command) -> str:
        return await self.show(command, self._seconds)
