"""Commands whose end is not known, and may still change the mirror.

The controller takes one command at a time, in order.  So a command has ended when it
was answered, or when one that was sent later is acknowledged.

No Twisted.
"""

from ..catalogue import commands
from ..catalogue.enums import CommandActuator, CommandScript

__all__ = ["Unsettled", "is_stop"]

#: The commands that change the loop or the power, or may.
_CHANGING: tuple[type[commands.Command], ...] = (
    commands.Power,
    commands.SwitchForceBalanceSystem,
    commands.SwitchDigitalOutput,
    commands.ResetBreakers,
    commands.LoadConfiguration,
    commands.RebootController,
)


class Unsettled:
    """Keeps the commands of one client that have not ended, as far as is known."""

    def __init__(self) -> None:
        self._numbered = 0
        self._open: dict[int, commands.Command] = {}

    def begin(self, command: commands.Command) -> int:
        """Remember that a command is sent; return its number."""
        self._numbered += 1
        self._open[self._numbered] = command
        return self._numbered

    def not_sent(self, number: int) -> None:
        """Remember that a command was not sent after all."""
        self._open.pop(number, None)

    def acknowledged(self, number: int) -> None:
        """Remember that the controller has begun with a command: all before it have ended."""
        for earlier in [other for other in self._open if other < number]:
            del self._open[earlier]

    def answered(self, number: int) -> None:
        """Remember that the controller has ended with a command."""
        self.acknowledged(number)
        self._open.pop(number, None)

    def proved(self, command: commands.Command) -> None:
        """Remember that the effect of a command was seen, though it was never answered."""
        for number, other in list(self._open.items()):
            if other is command:
                self.answered(number)

    @property
    def endangering(self) -> tuple[commands.Command, ...]:
        """The commands of `changing`, except those that open the loop or switch a power off."""
        return tuple(command for command in self.changing if not is_stop(command))

    @property
    def changing(self) -> tuple[commands.Command, ...]:
        """The commands that change, or may change, the loop or the power; in order of sending."""
        return tuple(command for command in self._open.values() if isinstance(command, _CHANGING))


def is_stop(command: commands.Command) -> bool:
    """Whether a command stops something, and starts nothing.

    These are those that open the loop or switch a power off, and those that stop or pause a
    script or a motion of single actuators.
    """
    if isinstance(command, commands.Power | commands.SwitchForceBalanceSystem):
        return not command.status
    if isinstance(command, commands.RunScript):
        return command.script_command in (CommandScript.Stop, CommandScript.Pause)
    if isinstance(command, commands.MoveActuators):
        return command.actuator_command in (CommandActuator.Stop, CommandActuator.Pause)
    return False
