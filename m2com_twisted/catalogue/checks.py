"""Checks of the fields of commands and of feeds, before anything is sent.

msgspec does not check the values when a message is made.  So the message checks
them itself: it calls `checked` for each field.
"""

import enum
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat

from ..support.printable import short_repr
from .describe import Field

__all__ = ["checked"]


def checked(field: Field, value: object) -> object:
    """Check a value, and return it in the type in which a message holds it.

    A number becomes a float or an int, as the field requires.  If the field has an
    enumeration, an integer becomes a member of it.  Any sequence becomes a tuple.

    Raises
    ------
    ValueError
        If the value does not fit the field.  The text of the error says why.
    """
    if value is None and not field.required and field.default is None:
        return None
    convert = _converter(field)
    return _list(field, value, convert) if field.is_list else convert(value)


def _converter(field: Field) -> Callable[[object], object]:
    """Return the function that converts a single value."""

    def convert(value: object) -> object:
        value = _plain(value)
        if field.type is bool:
            return _boolean(value)
        if field.type is str:
            return _text(value)
        if issubclass(field.type, enum.Enum):
            return _member(field.type, value)
        number = _float(value) if field.type is float else _integer(value)
        if not field.limits.allow(number):
            raise ValueError(f"must be {field.limits}{_unit(field)}, not {short_repr(number)}")
        return number

    return convert


def _unit(field: Field) -> str:
    return f" {field.unit}" if field.unit else ""


def _list(field: Field, value: object, convert: Callable[[object], object]) -> tuple[object, ...]:
    """Return a sequence as a tuple of converted values."""
    items = _items(value)
    if field.length is not None and len(items) != field.length:
        raise ValueError(f"must have {field.length} values, not {len(items)}")
    converted = []
    for index, item in enumerate(items):
        try:
            converted.append(convert(item))
        except ValueError as error:
            raise ValueError(f"[{index}] {error}") from None
    return tuple(converted)


def _items(value: object) -> list[Any]:
    """Return the items of a sequence.

    Arrays have a method ``tolist``.  It is called if it exists, because it returns
    Python's own numbers and is faster than iteration.
    """
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        items = to_list()
        if isinstance(items, list):
            return items
    # Text, bytes and mappings can be iterated over, but they are not lists of numbers.
    # A set is refused, because it has no order.
    elif isinstance(value, Iterable) and not isinstance(
        value, str | bytes | bytearray | dict | set | frozenset
    ):
        return list(value)
    raise ValueError(f"must be a list, not {short_repr(value)}")


def _plain(value: object) -> object:
    """Return a numpy number as a Python number.  Return any other value unchanged.

    Without this, ``float`` would accept numpy's True as 1, and drop the imaginary part of a
    complex number.
    """
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) else value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be True or False, not {short_repr(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {short_repr(value)}")
    # For a member of an enumeration of strings, str(value) would return the member's name.
    return str.__str__(value)


def _float(value: object) -> float:
    # Python accepts a bool as a number.  Here a bool is a mistake.
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        raise ValueError(f"must be a number, not {short_repr(value)}")
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        raise ValueError(f"must be a finite number, not {short_repr(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number, not {number!r}")
    return number


def _integer(value: object) -> int:
    if not isinstance(value, bool):
        try:
            return int(operator.index(value))  # type: ignore[arg-type]  # it raises TypeError
        except TypeError:
            pass
    raise ValueError(f"must be a whole number, not {short_repr(value)}")


def _member(kind: type[enum.Enum], value: object) -> enum.Enum:
    """Return the member of an enumeration.  A combination of flags is refused."""
    options = {option.value: option for option in kind}
    if isinstance(value, enum.Enum) and not isinstance(value, kind):
        # A member of another enumeration is a mistake, even if its number fits.
        raise ValueError(f"must be a {kind.__name__}, not {value!r}")
    try:
        return options[_integer(value)]
    except (KeyError, ValueError):
        listed = ", ".join(f"{number} {option.name}" for number, option in options.items())
        raise ValueError(f"must be a {kind.__name__} ({listed}), not {short_repr(value)}") from None
