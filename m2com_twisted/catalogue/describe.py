"""Descriptions of the fields of messages: meaning, unit, length and limits.

A field of a message is declared with `about`, which takes its description.
`fields_of` returns the descriptions, in the order of the fields on the wire.  The
generated documentation, the JSON Schemas, the command line and the checks of
commands all take them from here.
"""

import enum
import typing
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import msgspec

__all__ = [
    "Field",
    "FieldLimits",
    "Floats",
    "Integers",
    "Values",
    "about",
    "fields_of",
    "summary_of",
    "wire_name",
]

_T_co = TypeVar("_T_co", covariant=True)

if TYPE_CHECKING:

    class Values(Protocol[_T_co]):
        """A sequence of numbers: a list, a tuple, a range, an array, a numpy array."""

        def __len__(self) -> int: ...
        def __iter__(self) -> typing.Iterator[_T_co]: ...
        def __getitem__(self, index: int, /) -> _T_co: ...

    Floats: TypeAlias = Values[float]
    Integers: TypeAlias = Values[int]
else:
    # msgspec reads these annotations at run time and does not know protocols.  They are
    # tuples here, because a command always holds tuples, even if it was made from lists.
    Values = tuple
    #: Numbers of a command.  Any sequence of numbers is accepted; it is held as a tuple.
    Floats = tuple[float, ...]
    #: Whole numbers of a command.  Any sequence is accepted; it is held as a tuple.
    Integers = tuple[int, ...]


@dataclass(frozen=True)
class FieldLimits:
    """Range of the values of a field; None stands for no limit.

    Attributes
    ----------
    minimum, maximum
        The least and the greatest value that are allowed.
    above, below
        Every value must be more than ``above`` and less than ``below``.
    """

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def allow(self, value: float) -> bool:
        """Return whether a value is within the range."""
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """Return the range in words; empty if there are no limits."""
        if self.minimum is not None and self.maximum is not None:
            return f"from {_shown(self.minimum)} to {_shown(self.maximum)}"
        parts = (
            ("at least", self.minimum),
            ("at most", self.maximum),
            ("more than", self.above),
            ("less than", self.below),
        )
        return ", ".join(f"{words} {_shown(limit)}" for words, limit in parts if limit is not None)


def _shown(limit: float) -> str:
    """Return a limit as text; whole numbers, up to 2**64 - 1, keep all their digits."""
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes
    ----------
    name
        Its name in Python.
    wire_name
        Its key on the wire.
    type
        Type of the value, or of each value of a list: float, int, bool, str or an enumeration.
    is_list
        Whether it holds a list of values.
    length
        Number of values of a list; None if it varies.
    unit
        Unit of the values; empty if there is none.
    description
        Meaning, in a few words.
    limits
        Range of the values.
    is_actuator
        Whether the values are indices of actuators, from 0, or addresses of their
        ILCs.  Users may then give the names of actuators instead.
    required
        Whether it must be given.
    default
        Value that is used if the field is not given.  None: the field is then not sent.
    """

    name: str
    wire_name: str
    type: type[float | int | bool | str | enum.IntEnum | enum.IntFlag]
    is_list: bool
    length: int | None
    unit: str
    description: str
    limits: FieldLimits
    is_actuator: bool
    required: bool
    default: object

    @property
    def kind(self) -> str:
        """The type in words, for example ``float[72]``, ``int[]`` or ``PowerType``."""
        length = "" if self.length is None else str(self.length)
        return f"{self.type.__name__}[{length}]" if self.is_list else self.type.__name__

    @property
    def always_sent(self) -> bool:
        """Whether the field is always on the wire, even if no value was given."""
        return self.required or self.default is not None

    @property
    def options(self) -> dict[str, int]:
        """The values of an enumeration by name; empty for other types."""
        if not issubclass(self.type, enum.IntEnum | enum.IntFlag):
            return {}
        return {option.name or str(option.value): option.value for option in self.type}


def about(
    description: str,
    unit: str = "",
    *,
    length: int | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    is_actuator: bool = False,
) -> msgspec.Meta:
    """Return the description of a field, for the annotation of its type.

    msgspec does not check values against it.  Received messages are not checked at
    all, since their arrays may be too short.  Commands check themselves.

    Parameters
    ----------
    description
        Meaning, in a few words.
    unit
        Unit of the values; see `Field`.
    length
        Number of values of a list; None if it varies.
    minimum, maximum, above, below
        See `FieldLimits`.
    is_actuator
        See `Field`.
    """
    limits = FieldLimits(minimum, maximum, above, below)
    extra = {"unit": unit, "length": length, "limits": limits, "is_actuator": is_actuator}
    return msgspec.Meta(description=description, extra=extra)


def fields_of(message: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Return the fields of a class of messages, in their order on the wire."""
    # `cache` decorates another function, because type checkers accept any argument of a cached
    # function.
    return _fields(message)


@cache
def _fields(message: type[msgspec.Struct]) -> tuple[Field, ...]:
    return tuple(_field(info) for info in msgspec.structs.fields(message))


def _field(info: msgspec.structs.FieldInfo) -> Field:
    annotated, meta = typing.get_args(info.type)
    kind = _without_none(annotated)
    is_list = typing.get_origin(kind) is tuple
    return Field(
        name=info.name,
        wire_name=info.encode_name,
        type=typing.get_args(kind)[0] if is_list else kind,
        is_list=is_list,
        length=meta.extra["length"],
        unit=meta.extra["unit"],
        description=meta.description,
        limits=meta.extra["limits"],
        is_actuator=meta.extra["is_actuator"],
        required=info.required,
        default=None if info.required else info.default,
    )


def _without_none(annotated: object) -> typing.Any:
    """Return X for ``X | None``, the type of a field that may be left out."""
    if typing.get_origin(annotated) in (UnionType, typing.Union):
        return next(option for option in typing.get_args(annotated) if option is not type(None))
    return annotated


def summary_of(message: type[msgspec.Struct]) -> str:
    """Return the first sentence of the documentation of a class of messages."""
    return (message.__doc__ or "").strip().splitlines()[0]


def wire_name(class_name: str) -> str:
    """Return the name on the wire for the name of a class.  Only the first letter differs."""
    return class_name[:1].lower() + class_name[1:]
