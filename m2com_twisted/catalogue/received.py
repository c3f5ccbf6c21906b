"""Reading of messages that the controller sends, which never fails."""

import json
from typing import Any, Generic, TypeVar

import msgspec

__all__ = ["Reader", "Unknown"]

T = TypeVar("T")


class Unknown(msgspec.Struct, frozen=True):
    """A message that does not fit its type, or that has none.

    Attributes
    ----------
    reason
        What does not fit, in a few words.
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
    names
        Names of these messages on the wire.
    """

    def __init__(self, union: Any, names: frozenset[str]) -> None:
        self._union = union
        self._names = names
        self._decode = msgspec.json.Decoder(union).decode
        self._decode_any = msgspec.json.Decoder(dict[str, Any]).decode

    def parse(self, message: dict[str, Any]) -> T | Unknown:
        """Return the typed message for a decoded one, or `Unknown` if it does not fit."""
        try:
            typed: T = msgspec.convert(message, self._union)
        except Exception as error:
            # Not only msgspec's own: a number may be too large for a float, for example.
            # Whatever is wrong with a message, its reader gets it and goes on.
            return Unknown(self._reason(message, error), _as_message(message))
        return typed

    def decode(self, line: bytes) -> T | Unknown:
        """Return the typed message on a line, or `Unknown` if it does not fit.

        Nothing is decoded twice unless the message does not fit.
        """
        try:
            typed: T = self._decode(line)
        except Exception:
            # A line with NaN in it is no JSON to msgspec; the controller may write it.
            return self._decode_leniently(line)
        return typed

    def _decode_leniently(self, line: bytes) -> T | Unknown:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Unknown(f"the line is not JSON: {error}", {})
        return self.parse(message)

    def _reason(self, message: Any, error: Exception) -> str:
        if not isinstance(message, dict):
            return f"it is not a JSON object but {type(message).__name__}"
        identifier = message.get("id")
        if isinstance(identifier, str) and identifier not in self._names:
            return f"there is no {identifier!r} in the catalogue"
        return str(error)


def _as_message(message: Any) -> dict[str, Any]:
    return message if isinstance(message, dict) else {}
