"""The help of one command, and the list of all commands."""

import inspect
import textwrap

from ..catalogue import commands
from ..catalogue.describe import Field, fields_of, summary_of

__all__ = ["help_of", "list_of_commands"]

# Width of the text in columns, as in the help that Twisted prints.
_WIDTH = 80


def help_of(command: type[commands.Command]) -> str:
    """Return the description of a command, with an example."""
    fields = fields_of(command)
    usage = " ".join(["m2com send", command.name, *(_usage(field) for field in fields)])
    paragraphs = [
        f"Usage: {usage}",
        inspect.cleandoc(command.__doc__ or ""),
    ]
    if fields:
        paragraphs.append("\n".join(["Parameters:", *(_described(field) for field in fields)]))
    else:
        paragraphs.append("It takes no parameters.")
    return "\n\n".join(paragraphs) + "\n"


def list_of_commands() -> str:
    """Return a line for each command, with its summary."""
    width = max(map(len, commands.BY_NAME)) + 4
    return "\n".join(
        textwrap.fill(
            summary_of(command),
            _WIDTH,
            initial_indent=f"  {name}".ljust(width),
            subsequent_indent=" " * width,
        )
        for name, command in commands.BY_NAME.items()
    )


def _usage(field: Field) -> str:
    shown = f"{field.wire_name}={field.kind}"
    return shown if field.required else f"[{shown}]"


def _described(field: Field) -> str:
    """Return a parameter with its meaning, unit, range and values."""
    facts = [field.kind]
    if field.unit:
        facts.append(field.unit)
    if str(field.limits):
        facts.append(str(field.limits))
    if field.is_actuator:
        facts.append("or names such as B12")
    if not field.required and field.default is not None:
        facts.append(f"default {_plain(field.default)}")
    text = f"{field.description} ({', '.join(facts)})"
    lines = textwrap.wrap(text, _WIDTH - 4)
    lines += [f"  {value:>3} {name}" for name, value in field.options.items()]
    return "\n".join([f"  {field.wire_name}", *(f"    {line}" for line in lines)])


def _plain(default: object) -> str:
    return str(list(default)) if isinstance(default, tuple) else str(default)
