"""JSON Schemas of the recorded messages."""

from typing import Any

from ..catalogue import schemas

__all__ = ["json_schema"]

_ANYTHING: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}}

_LINK: dict[str, Any] = {
    "type": "object",
    "description": "A change of the connection.",
    "properties": {
        "state": {"type": "string", "description": "State of the connection from now on."}
    },
}

_BAD: dict[str, Any] = {
    "type": "object",
    "description": "A line that was no message.",
    "properties": {
        "reason": {"type": "string", "description": "What is wrong with the line."},
        "line": {
            "type": "string",
            "description": "The line, one character for each byte (ISO 8859-1).",
        },
    },
}


def json_schema(kind: str, name: str) -> dict[str, Any]:
    """Return the JSON Schema of the messages of a channel.

    Parameters
    ----------
    kind
        As in `Source`.
    name
        The message id.  An id that the catalogue does not contain gets a schema that
        allows anything.
    """
    if kind == "link":
        return _LINK
    if kind == "bad":
        return _BAD
    try:
        return schemas.schema(name)
    except KeyError:
        return _ANYTHING
