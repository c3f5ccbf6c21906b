"""Reads the messages that the controller sends.  Reading never fails."""

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, get_args

import msgspec

from ..support.printable import short_repr
from .messages import ReceivedMessage

__all__ = ["Reader", "Unknown"]

T = TypeVar("T")


class Unknown(msgspec.Struct, frozen=True):
    """A message that does not fit its type, or whose type is not known.

    Attributes
    ----------
    reason
        The reason why it does not fit, in a few words.
    raw
        The message as it was received; empty if the line held no message.
    """

    reason: str
    raw: dict[str, Any]


class Reader(Generic[T]):
    """Reads the messages of one kind.

    Parameters
    ----------
    union
        Union of the classes of these messages.

    Attributes
    ----------
    by_name
        These classes by their id on the wire.
    decode
        Returns the typed message on a line, or `Unknown` if it does not fit.
    """

    def __init__(self, union: Any) -> None:
        self.by_name: dict[str, type[ReceivedMessage]] = {
            message.name: message for message in get_args(union)
        }
        self.decode = self._decoder(msgspec.json.Decoder(union).decode)

    def parse(self, message: dict[str, Any]) -> T | Unknown:
        """Return the typed message for a decoded one, or `Unknown` if it does not fit."""
        try:
            # The class is given and not the union, because msgspec would look at all classes of
            # the union each time.
            typed: Any = msgspec.convert(message, self.by_name[message["id"]])
        except Exception as error:
            # There are also errors that are not of msgspec.  For example, a number may be too
            # large for a float.  A message with any fault is still returned, and reading goes on.
            return Unknown(self._reason(message, error), _as_message(message))
        return cast(T, typed)

    def _decoder(self, decode: Callable[[bytes], T]) -> Callable[[bytes], T | Unknown]:
        """Return the function `decode`.

        A method would look up its decoder for each message.  It was 1.5 % slower than
        decoding to a dict.  This function is as fast as decoding to a dict.
        """

        def decode_line(line: bytes) -> T | Unknown:
            try:
                return decode(line)
            except Exception:
                # msgspec refuses a line with NaN, which the controller may write.
                return self._decode_leniently(line)

        return decode_line

    def _decode_leniently(self, line: bytes) -> T | Unknown:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Unknown(f"the line is not JSON: {error}", {})
        return self.parse(message)

    def _reason(self, message: Any, error: Exception) -> str:
        if not isinstance(message, dict):
            return f"it is not a JSON object but {type(message).__name__}"
        if "id" not in message:
            return "it has no id"
        if isinstance(error, KeyError | TypeError):
            # The id may be of any type, and may be long.
            return f"there is no {short_repr(message['id'], 80)} in the catalogue"
        return str(error)


def _as_message(message: Any) -> dict[str, Any]:
    return message if isinstance(message, dict) else {}
