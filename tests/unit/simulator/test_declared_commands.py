"""The declarations in the simulator's table of commands."""

from inspect import signature

import pytest

from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.describe import fields_of
from m2com_twisted.simulator.commands.command import Command
from m2com_twisted.simulator.commands.parameters import IGNORED
from m2com_twisted.simulator.commands.table import COMMANDS


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_declares_what_its_function_takes(command: Command) -> None:
    """Each argument but the model is a field of the command's class, by its name."""
    _, *arguments = signature(command.function).parameters
    fields = [
        field
        for field in fields_of(command.declaration)
        if command.readers.get(field.name, field) is not IGNORED
    ]
    assert sorted(field.name for field in fields) == sorted(arguments)
    optional = {field.name for field in fields if not field.always_sent}
    defaults = {
        name
        for name, parameter in signature(command.function).parameters.items()
        if parameter.default is not parameter.empty
    }
    assert optional == defaults
    assert command.summary.endswith(".")


def test_there_are_the_commands_of_the_catalogue() -> None:
    """The simulator has the commands of the catalogue, each with its class."""
    assert {name: command.declaration for name, command in COMMANDS.items()} == commands.BY_NAME


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_reader_is_that_of_a_parameter(command: Command) -> None:
    """Each special reader belongs to a parameter of its command."""
    assert set(command.readers) <= {field.name for field in fields_of(command.declaration)}
