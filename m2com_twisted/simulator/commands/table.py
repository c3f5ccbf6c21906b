"""The table of commands: name, parameters, function.

A function takes the model and the declared parameters, and returns the steps in
order: events, and waits in which nothing else is done.  If the command fails, it
raises CommandRefusedError, which may come after some events.

Source: :ref:`protocol-commands`.
"""

from . import actuator_commands, mirror_commands, power_commands, setup_commands
from .command import Command

__all__ = ["COMMANDS"]

#: All commands, by their name on the wire without ``cmd_``.
COMMANDS: dict[str, Command] = {
    command.name: command
    for module in (mirror_commands, actuator_commands, power_commands, setup_commands)
    for command in module.COMMANDS
}
