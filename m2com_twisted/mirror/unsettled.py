"""Commands that may still be running and may still change the mirror.

The controller takes one command at a time, in order.  So a command has ended when its final
reply has come, or when a later command is acknowledged.  This module does not use Twisted.
"""

from ..catalogue import commands
from ..catalogue.enums import CommandActuator, CommandScript

__all__ = ["Unsettled", "is_stop"]

#: The commands that change, or may change, the loop or the power.
_CHANGING: tuple[type[commands.Command], ...] = (
    commands.Power,
    commands.SwitchForceBalanceSystem,
    commands.SwitchDigitalOutput,
    commands.ResetBreakers,
    commands.LoadConfiguration,
    commands.RebootController,
)


class Unsettled:
    """The commands of one client that are not known to have ended."""

    def __init__(self) -> None:
        self._numbered = 0
        self._open: dict[int, commands.Command] = {}

    def begin(self, command: commands.Command) -> int:
        """Add a command that is being sent.  Return its number."""
        self._numbered += 1
        self._open[self._numbered] = command
        return self._numbered

    def not_sent(self, number: int) -> None:
        """Remove a command that was not sent."""
        self._open.pop(number, None)

    def acknowledged(self, number: int) -> None:
        """Take note that the controller has acknowledged a command: all earlier ones have ended."""
        for earlier in [other for other in self._open if other < number]:
            del self._open[earlier]

    def answered(self, number: int) -> None:
        """Take note that the final reply to a command has come."""
        self.acknowledged(number)
        self._open.pop(number, None)

    def proved(self, command: commands.Command) -> None:
        """Remove a command whose effect was seen but whose reply did not come."""
        for number, other in list(self._open.items()):
            if other is command:
                self.answered(number)

    @property
    def endangering(self) -> tuple[commands.Command, ...]:
        """The commands of `changing` that do not open the loop or switch a power off."""
        return tuple(command for command in self.changing if not is_stop(command))

    @property
    def changing(self) -> tuple[commands.Command, ...]:
        """The commands that change, or may change, the loop or the power, in order of sending."""
        return tuple(command for command in self._open.values() if isinstance(command, _CHANGING))


def is_stop(command: commands.Command) -> bool:
    """Whether a command only stops something.

    Such commands open the loop, switch a power off, or stop or pause a script or a motion of
    single actuators.
    """
    if isinstance(command, commands.Power | commands.SwitchForceBalanceSystem):
        return not command.status
    if isinstance(command, commands.RunScript):
        return command.script_command in (CommandScript.Stop, CommandScript.Pause)
    if isinstance(command, commands.MoveActuators):
        return command.actuator_command in (CommandActuator.Stop, CommandActuator.Pause)
    return False
