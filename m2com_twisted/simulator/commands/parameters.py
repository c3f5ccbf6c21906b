"""Reads the parameters of a command for the simulator.

The catalogue describes each parameter.  If the original accepts something else, the row
of the command names one of the readers below.  A message that does not fit is answered
with ``fail`` and never reaches the function.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ...catalogue.checks import checked
from ...catalogue.describe import Field, FieldLimits, fields_of
from ...catalogue.messages import Command

__all__ = [
    "IGNORED",
    "CommandRefusedError",
    "Reader",
    "as_given",
    "only_true",
    "read",
    "value_of",
    "word",
]


class CommandRefusedError(Exception):
    """Raised if a command fails.  The text is the reason, for the log."""


#: Returns the value for the function, or raises CommandRefusedError if it does not fit.
Reader = Callable[[Field, Any], object]

#: Used instead of a reader for a parameter that clients send and the controller ignores.
IGNORED = None


def read(
    command: type[Command], readers: Mapping[str, Reader | None], message: Mapping[str, Any]
) -> dict[str, object]:
    """Return a function's arguments from a message.  Other keys are ignored.

    Parameters
    ----------
    command
        Command with the parameters.
    readers
        Readers of the parameters that the catalogue does not describe, by their names in
        Python.
    message
        The command as it was received.

    Raises
    ------
    CommandRefusedError
        If a parameter is missing or does not fit.
    """
    arguments = {}
    for field in fields_of(command):
        reader = readers.get(field.name, value_of)
        if reader is IGNORED:
            continue
        if field.wire_name in message:
            try:
                arguments[field.name] = reader(field, message[field.wire_name])
            except (CommandRefusedError, ValueError) as error:
                raise CommandRefusedError(f"{field.wire_name} {error}") from None
        elif field.always_sent:
            raise CommandRefusedError(f"{field.wire_name} is missing")
    return arguments


def value_of(field: Field, value: Any) -> object:
    """Check a value against the catalogue and return it."""
    if value is None:
        raise CommandRefusedError("must not be null")
    if field.type is float:
        # The model checks the range later, after the events that come before the result.
        field = replace(field, limits=FieldLimits())
    converted = checked(field, value)
    if not isinstance(converted, tuple):
        return converted
    most = field.limits.maximum
    if field.length is None and most is not None and len(converted) > most + 1:
        # A list that repeats an actuator many times would make the reply very long.
        raise CommandRefusedError(f"has more than {most + 1} items")
    return list(converted)


def as_given(field: Field, value: Any) -> object:
    """Check a value and return it as received, because the original echoes integers unchanged."""
    value_of(field, value)
    return value


def only_true(field: Field, value: Any) -> bool:
    """Return whether a value is true in JSON.  For ``power``, any other value means off."""
    return value is True


def word(field: Field, value: Any) -> object:
    """Return a word of 64 bits, which may also come as its decimal digits."""
    # Only [0-9], because isdigit and int also accept the digits of other alphabets.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value):
        value = int(value)
    return value_of(field, value)
