"""JSON Schemas of the messages, for recordings and for other languages.

A schema has the name of each field on the wire, its description, its ``unit``, its
range and, for enumerations, the names of the values.  A message of the controller may
have shorter lists and more fields than its schema says.
"""

import inspect
from typing import Any

from . import commands, events, feeds, telemetry
from .describe import Field, fields_of
from .messages import CheckedMessage, Command, TypedMessage

__all__ = ["MESSAGES", "schema"]

#: All messages by name on the wire: commands, feeds, events and statuses, telemetry.
MESSAGES: dict[str, type[TypedMessage]] = {
    **commands.BY_NAME,
    **feeds.BY_NAME,
    **events.BY_NAME,
    **telemetry.BY_NAME,
}


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a message as it goes over the wire.

    Parameters
    ----------
    name
        Name or id of the message.  The prefix of a message from a client may be left
        out: ``power``, ``cmd_power``, ``powerSystemState``.

    Raises
    ------
    KeyError
        If there is no such message.
    """
    message = _find(name)
    fields = fields_of(message)
    is_sent = issubclass(message, CheckedMessage)
    header = _header(message)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": message.name,
        "description": inspect.cleandoc(message.__doc__ or ""),
        "type": "object",
        "properties": {
            "id": {"const": message.__struct_config__.tag},
            **{field.wire_name: _field_schema(field, is_sent) for field in fields},
            **header,
        },
        "required": ["id", *(field.wire_name for field in fields if field.always_sent), *header],
    }


def _find(name: str) -> type[TypedMessage]:
    if name in MESSAGES:
        return MESSAGES[name]
    for message in MESSAGES.values():
        if message.__struct_config__.tag == name:
            return message
    raise KeyError(name)


def _header(message: type[TypedMessage]) -> dict[str, Any]:
    """Return the keys besides ``id`` that are no fields of the class."""
    if issubclass(message, Command):
        return {"sequence_id": {"type": "integer", "description": "Sequence id."}}
    if issubclass(message, feeds.Feed):
        return {"compName": {"const": message.comp_name}}
    return {}


def _field_schema(field: Field, is_sent: bool) -> dict[str, Any]:
    """Return the schema of a field; lists that are sent have their exact length."""
    found: dict[str, Any] = {"description": field.description}
    if field.unit:
        found["unit"] = field.unit
    if not field.is_list:
        return found | _value_schema(field)
    found |= {"type": "array", "items": _value_schema(field)}
    if field.length is not None:
        found["maxItems"] = field.length
        if is_sent:
            found["minItems"] = field.length
    return found


def _value_schema(field: Field) -> dict[str, Any]:
    """Return the schema of one value."""
    if field.options:
        values = [
            {"const": value, "title": option_name} for option_name, value in field.options.items()
        ]
        return {"type": "integer", "oneOf": values}
    kinds = {bool: "boolean", str: "string", float: "number"}
    found: dict[str, Any] = {"type": kinds.get(field.type, "integer")}
    limits = field.limits
    bounds = {
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "exclusiveMinimum": limits.above,
        "exclusiveMaximum": limits.below,
    }
    return found | {key: bound for key, bound in bounds.items() if bound is not None}
