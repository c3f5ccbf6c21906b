"""Procedures for faults, breakers, configuration, and the restart of the controller."""

from collections.abc import Collection, Sequence

from ..catalogue import actuators, commands, events
from ..catalogue.enums import PowerType
from ..errors import InvalidFieldError
from .names import actuator_indices
from .preconditions import require
from .readiness import make_ready
from .steps import Parts, Procedure, Step

__all__ = ["ChangeConfiguration", "ChangeHardpoints", "ClearFaults", "Reboot", "ResetBreakers"]


class ClearFaults(Procedure):
    """Clear the faults, and check that they do not come back."""

    name = "clear_faults"

    async def clear(self) -> str:
        """Clear the faults.  A fault whose cause is still present comes back within two cycles."""
        return await self.show(commands.ClearErrors())

    steps = (Step("Faults cleared", clear),)


class ResetBreakers(Procedure):
    """Reset the breakers of a power system, and check that they are closed.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    power_type
        The power system; it must be on.
    """

    name = "reset_breakers"

    def __init__(self, parts: Parts, power_type: PowerType) -> None:
        super().__init__(parts)
        self._power_type = power_type

    async def check(self) -> str:
        """Check that the power is on."""
        is_motor = self._power_type is PowerType.Motor
        return require(self.parts, ["motor_power" if is_motor else "communication_power"])

    async def reset(self) -> str:
        """Reset the breakers."""
        return await self.show(commands.ResetBreakers(power_type=self._power_type))

    async def look(self) -> str:
        """Check that each breaker is closed."""

        def open_ones() -> list[str]:
            breakers = self.parts.state.breakers
            mine = [one.name for one in actuators.BREAKERS if one.power_type is self._power_type]
            return [name for name in mine if not breakers[name]]

        await self.parts.waiting.until(
            lambda: not open_ones(),
            "closed breakers",
            lambda: f"open or not known: {', '.join(open_ones())}",
            self.parts.settings.command_timeout,
        )
        return "all are closed"

    steps = (
        Step("Power on", check),
        Step("Breakers reset", reset, "breaker_timeout"),
        Step("Breakers seen closed", look),
    )


class ChangeConfiguration(Procedure):
    """Choose a configuration file, and load it; the communication power must be off.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    file
        Name of the file.  The controller must list it.
    override
        Preconditions that need not hold.  ``"listed"`` allows any name.
    """

    name = "change_configuration"

    def __init__(self, parts: Parts, file: str, override: Collection[str]) -> None:
        super().__init__(parts)
        self._file = file
        self._override = override

    async def check(self) -> str:
        """Check that the power is off, and that the controller has the file."""
        seen = require(self.parts, ["communication_power_off"], self._override)
        listed = self.memory.last_event(events.ConfigurationFiles)
        if "listed" in self._override or (listed is not None and self._file in listed.files):
            return seen
        raise InvalidFieldError(self.name, "file", f"is {self._file!r}, which is not listed")

    async def choose(self) -> str:
        """Choose the file."""
        return await self.show(commands.SetConfigurationFile(file=self._file))

    async def load(self) -> str:
        """Load the configuration."""
        return await self.show(commands.LoadConfiguration())

    steps = (
        Step("Preconditions", check),
        Step("File chosen", choose),
        Step("Configuration loaded", load, "configuration_timeout"),
    )


class ChangeHardpoints(Procedure):
    """Choose the hardpoints, and load the configuration; the communication power must be off.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    names
        Six actuators, by name or by index from 0; see `actuators.suggest_hardpoints`.
    override
        Preconditions that need not hold.
    """

    name = "change_hardpoints"

    def __init__(self, parts: Parts, names: Sequence[str | int], override: Collection[str]) -> None:
        super().__init__(parts)
        self._command = commands.SetHardpointList(actuators=sorted(actuator_indices(names)))
        self._override = override

    async def check(self) -> str:
        """Check that the power is off."""
        return require(self.parts, ["communication_power_off"], self._override)

    async def choose(self) -> str:
        """Choose the hardpoints."""
        return await self.show(self._command)

    async def load(self) -> str:
        """Load the configuration."""
        return await self.show(commands.LoadConfiguration())

    steps = (
        Step("Preconditions", check),
        Step("Hardpoints chosen", choose),
        Step("Configuration loaded", load, "configuration_timeout"),
    )


class Reboot(Procedure):
    """Restart the controller, and wait until it is connected and has sent its state.

    The motors must be off, unless this precondition is overridden.
    """

    name = "reboot"

    def __init__(self, parts: Parts, override: Collection[str]) -> None:
        super().__init__(parts)
        self._override = override

    async def check(self) -> str:
        """Check that the motors are off."""
        return require(self.parts, ["motor_power_off"], self._override)

    async def restart(self) -> str:
        """Send the command, and wait until the connection is lost.  A reply may not come."""
        return await self.show(commands.RebootController())

    async def wait(self) -> str:
        """Wait until both ports are connected again and the welcome messages have arrived."""
        await make_ready(self.parts, self.parts.settings.reboot_timeout)
        return "both ports are up"

    steps = (
        Step("Motors off", check),
        Step("Restart", restart, "configuration_timeout"),
        Step("Controller back", wait, "reboot_timeout"),
    )
