"""The base classes of all messages in the catalogue."""

import enum
from typing import Any, ClassVar

import msgspec

from ..errors import InvalidFieldError
from .checks import checked
from .describe import fields_of, wire_name

__all__ = ["CheckedMessage", "Command", "ReceivedMessage", "TypedMessage"]


# With gc=False, the garbage collector does not look at each of the 400 messages a second.  This is
# allowed, because no field can be part of a cycle of references.
class TypedMessage(
    msgspec.Struct, frozen=True, gc=False, rename="camel", tag_field="id", tag=wire_name
):
    """A message whose fields have names and types.

    Attributes
    ----------
    name
        Its name on the wire, without a prefix such as ``cmd_`` of a message from a client.
    """

    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Set the name on the wire from the name of the class."""
        if "name" not in cls.__dict__:
            cls.name = wire_name(cls.__name__)

    def details(self) -> dict[str, Any]:
        """Return the fields by their names on the wire, as lists and plain numbers.

        A field that is None is left out.
        """
        values = ((field, getattr(self, field.name)) for field in fields_of(type(self)))
        return {field.wire_name: _plain(value) for field, value in values if value is not None}

    def to_message(self) -> dict[str, Any]:
        """Return the message as it goes over the wire, without sequence id and component."""
        return {"id": self.__struct_config__.tag, **self.details()}


class ReceivedMessage(TypedMessage, frozen=True):
    """A message that the controller sends; it has the values that were received."""


class CheckedMessage(TypedMessage, frozen=True):
    """A message that a client sends; it checks its fields when it is made."""

    def __post_init__(self) -> None:
        """Check each field, and convert its value to the type of the field.

        Raises
        ------
        InvalidFieldError
            If a value does not fit.
        """
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            try:
                held = checked(field, value)
            except ValueError as error:
                raise self.error(field.name, str(error)) from None
            if held is not value:
                msgspec.structs.force_setattr(self, field.name, held)

    def error(self, field: str, reason: str) -> InvalidFieldError:
        """Return the error for a field, by its name in Python."""
        return InvalidFieldError(self.name, field, reason)


class Command(CheckedMessage, frozen=True, tag=lambda name: "cmd_" + wire_name(name)):
    """A command to the controller; its subclasses are in `m2com_twisted.catalogue.commands`."""


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, enum.Enum):
        return int(value.value)
    return value
