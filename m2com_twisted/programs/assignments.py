"""The parameters of a command on the command line: ``name=value``.

The type of the parameter decides how a value is parsed.  Whole numbers may be hexadecimal.
Members of enumerations and actuators may be given by name.  A list is JSON or has commas
between its values.  ``@FILE`` stands for the JSON in a file.
"""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path

from twisted.python import usage

from ..catalogue import actuators, commands
from ..catalogue.describe import Field, fields_of
from ..errors import InvalidFieldError

__all__ = ["command_class", "command_from"]

_TRUTHS = {"true": True, "on": True, "false": False, "off": False}


def command_class(name: str) -> type[commands.Command]:
    """Return the class of a command by its name on the wire.

    Raises
    ------
    UsageError
        If there is no such command.
    """
    found = commands.BY_NAME.get(name)
    if found is None:
        similar = difflib.get_close_matches(name, commands.BY_NAME, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        raise usage.UsageError(f"there is no command {name!r}{hint}")
    return found


def command_from(name: str, assignments: Sequence[str]) -> commands.Command:
    """Return a command after checking its parameters.

    Parameters
    ----------
    name
        Name of the command.
    assignments
        The parameters, each as ``name=value``.

    Raises
    ------
    UsageError
        If there is no such command, or the parameters do not fit it.
    """
    command = command_class(name)
    fields = {field.wire_name: field for field in fields_of(command)}
    values: dict[str, object] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals:
            raise usage.UsageError(f"a parameter is name=value, not {text!r}")
        if key not in fields:
            takes = ", ".join(fields) or "none"
            raise usage.UsageError(f"{name} has no parameter {key!r}; it takes {takes}")
        if fields[key].name in values:
            raise usage.UsageError(f"{name}: {key} is given twice")
        values[fields[key].name] = _read(name, fields[key], value)
    for field in fields.values():
        if field.required and field.name not in values:
            raise usage.UsageError(f"{name}: {field.wire_name} is missing ({_hint(field)})")
    return _made(command, values)


def _made(command: type[commands.Command], values: dict[str, object]) -> commands.Command:
    try:
        return command(**values)
    except InvalidFieldError as error:
        [field] = [field for field in fields_of(command) if field.name == error.field]
        separator = "" if error.reason.startswith("[") else " "
        raise usage.UsageError(
            f"{command.name}: {field.wire_name}{separator}{error.reason} ({_hint(field)})"
        ) from error


def _hint(field: Field) -> str:
    """Describe a parameter in a few words."""
    return f"{field.kind}: {field.description.rstrip('.')}"


def _read(command: str, field: Field, text: str) -> object:
    """Parse a value of a parameter.  The command checks it later."""
    if field.type is str:
        return _text(text)
    if text.startswith("@"):
        return _from_file(command, field, Path(text[1:]))
    if not field.is_list:
        return _value(field, text)
    return _list(field, text)


def _text(text: str) -> object:
    """Parse a string.  Quotes around it are optional."""
    value = _json(text)
    return value if isinstance(value, str) else text


def _from_file(command: str, field: Field, path: Path) -> object:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise usage.UsageError(f"{command}: {field.wire_name}: {path}: {error}") from error
    return [_named(field, item) for item in value] if isinstance(value, list) else value


def _list(field: Field, text: str) -> object:
    """Parse a list, written in JSON or with commas between its values."""
    value = _json(text)
    if isinstance(value, list):
        return [_named(field, item) for item in value]
    return [_value(field, item.strip()) for item in text.strip("[] ").split(",") if item.strip()]


def _named(field: Field, item: object) -> object:
    """Return an item of a JSON list.  A name is replaced by its value."""
    return _value(field, item) if isinstance(item, str) else item


def _value(field: Field, text: str) -> object:
    """Parse one value.  Invalid text is returned unchanged, and the command refuses it."""
    if field.type is bool:
        return _TRUTHS.get(text.lower(), text)
    named = _by_name(field, text)
    if named is not None:
        return named
    if field.type is float:
        return _json(text, text)
    try:
        return int(text.strip('"'), 0)
    except ValueError:
        return _json(text, text)


def _by_name(field: Field, text: str) -> int | None:
    """Return the value of the name of an actuator or of a member of an enumeration."""
    if field.is_actuator and text.upper() in actuators.BY_NAME:
        return actuators.BY_NAME[text.upper()].index
    members = {name.lower(): value for name, value in field.options.items()}
    return members.get(text.lower())


def _json(text: str, otherwise: object = None) -> object:
    """Parse a JSON text.  Return ``otherwise`` if it is not JSON."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return otherwise
    return value
