"""The declarations in the simulator's table of commands."""

from inspect import signature

import pytest

from m2com_twisted.simulator.commands.command import Command
from m2com_twisted.simulator.commands.table import COMMANDS


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_declares_what_its_function_takes(command: Command) -> None:
    """Each argument but the model is a parameter, by its name in snake_case."""
    _, *arguments = signature(command.function).parameters
    declared = [p.argument for p in command.parameters if not p.ignored]
    assert sorted(declared) == sorted(arguments)
    optional = {p.argument for p in command.parameters if p.optional and not p.ignored}
    defaults = {
        name
        for name, parameter in signature(command.function).parameters.items()
        if parameter.default is not parameter.empty
    }
    assert optional == defaults
    assert command.summary.endswith(".")


def test_there_are_25_commands() -> None:
    """As many as the controller has registered."""
    assert len(COMMANDS) == 25
