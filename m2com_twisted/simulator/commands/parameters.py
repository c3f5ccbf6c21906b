"""Parameters of commands: what they must be, and how to read them.

A command declares its parameters beside its function; a message that does not
fit is answered with ``fail`` and never reaches the function.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

__all__ = [
    "CommandRefusedError",
    "Parameter",
    "boolean",
    "choice",
    "ignored",
    "integers",
    "mask",
    "number",
    "numbers",
    "read",
    "text",
    "true",
]


class CommandRefusedError(Exception):
    """A command fails; the text says why, for the log."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command.

    Attributes
    ----------
    name
        Its key on the wire.  The function gets it in snake_case.
    kind
        What it must be, for the documentation.
    convert
        Returns the value for the function; raises CommandRefusedError if it does not fit.
    meaning
        What it says, with unit, for the documentation.
    optional
        Whether it may be left out; the function's default then holds.
    ignored
        Whether clients send it and the controller does not look at it.
    """

    name: str
    kind: str
    convert: Callable[[Any], object]
    meaning: str
    optional: bool = False
    ignored: bool = False

    @property
    def argument(self) -> str:
        """Name of the function's argument."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()


def read(parameters: Sequence[Parameter], message: Mapping[str, Any]) -> dict[str, object]:
    """Return a function's arguments from a message.  Other keys are ignored.

    Raises
    ------
    CommandRefusedError
        If a parameter is missing or does not fit.
    """
    arguments = {}
    for parameter in parameters:
        if parameter.ignored:
            continue
        if parameter.name in message:
            try:
                arguments[parameter.argument] = parameter.convert(message[parameter.name])
            except CommandRefusedError as error:
                raise CommandRefusedError(f"{parameter.name} {error}") from None
        elif not parameter.optional:
            raise CommandRefusedError(f"{parameter.name} is missing")
    return arguments


def ignored(name: str, kind: str, meaning: str) -> Parameter:
    """Return a parameter that clients send for nothing."""
    return Parameter(name, kind, lambda value: value, meaning, optional=True, ignored=True)


def boolean(name: str, meaning: str) -> Parameter:
    """Return a parameter that is true or false."""

    def convert(value: Any) -> bool:
        if not isinstance(value, bool):
            raise CommandRefusedError("is not true or false")
        return value

    return Parameter(name, "bool", convert, meaning)


def true(name: str, meaning: str) -> Parameter:
    """Return a parameter of which only JSON's true means on, as `power` has it."""
    return Parameter(name, "bool", lambda value: value is True, meaning)


def choice(
    name: str, options: type[IntEnum] | type[IntFlag], meaning: str, optional: bool = False
) -> Parameter:
    """Return a parameter that is one of the values of an enumeration."""
    by_value: dict[int, IntEnum | IntFlag] = {option.value: option for option in options}

    def convert(value: Any) -> IntEnum | IntFlag:
        if isinstance(value, bool) or not isinstance(value, int) or value not in by_value:
            raise CommandRefusedError(f"is no {options.__name__}")
        return by_value[value]

    listed = ", ".join(f"{value} {option.name}" for value, option in by_value.items())
    return Parameter(name, f"int: {listed}", convert, meaning, optional)


def text(name: str, meaning: str, optional: bool = False) -> Parameter:
    """Return a parameter that is a string."""

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise CommandRefusedError("is not a string")
        return value

    return Parameter(name, "str", convert, meaning, optional)


def number(name: str, meaning: str, optional: bool = False) -> Parameter:
    """Return a parameter that is a finite number."""
    return Parameter(name, "float", _to_float, meaning, optional)


def numbers(name: str, length: int, meaning: str) -> Parameter:
    """Return a parameter that is a list of so many finite numbers."""

    def convert(value: Any) -> list[float]:
        return [_to_float(item) for item in _to_list(value, length)]

    return Parameter(name, f"float[{length}]", convert, meaning)


def integers(
    name: str, below: int, meaning: str, length: int | None = None, optional: bool = False
) -> Parameter:
    """Return a parameter that is a list of whole numbers from 0.

    At most as many as there are such numbers: a list that names one twice
    over and over would make its answer as long as it likes.
    """

    def convert(value: Any) -> list[int]:
        items = _to_list(value, length)
        if len(items) > below:
            raise CommandRefusedError(f"has more than {below} items")
        return [_to_index(item, below) for item in items]

    kind = f"int[{length or ''}], each 0 to {below - 1}"
    return Parameter(name, kind, convert, meaning, optional)


def mask(name: str, meaning: str) -> Parameter:
    """Return a parameter that is a word of 64 bits, as a number or in decimal digits."""

    def convert(value: Any) -> int:
        # fullmatch with [0-9]: isdigit and int take other alphabets' digits too.
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
            raise CommandRefusedError("is not a word of 64 bits")
        return value

    return Parameter(name, "int (u64), or its decimal digits as str", convert, meaning)


def _to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandRefusedError("is not a number")
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if not math.isfinite(converted):
        raise CommandRefusedError("is not finite")
    return converted


def _to_index(value: Any, below: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise CommandRefusedError(f"has an item that is not a whole number from 0 to {below - 1}")
    return value


def _to_list(value: Any, length: int | None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise CommandRefusedError(
            "is not a list" if length is None else f"is not a list of {length}"
        )
    return value
