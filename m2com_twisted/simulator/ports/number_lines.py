"""Encoding of messages whose fields are single numbers."""

from math import isfinite

from ...wire.codec import Message, encode, encode_field, join_fields

__all__ = ["NumberLines"]

#: The types whose `repr` is their JSON.
_TYPES = {int, float}


class NumberLines:
    """Encodes messages with a template for each kind.  All fields except the id must be numbers.

    This takes half the time of the codec.  The codec encodes all other messages.
    """

    def __init__(self) -> None:
        # By the id and the names of the fields.
        self._templates: dict[tuple[str, ...], bytes] = {}

    def encode(self, message: Message) -> bytes:
        """Return the line of a message.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        message_id, *values = message.values()
        if not (_TYPES.issuperset(map(type, values)) and all(map(isfinite, values))):
            return encode(message)
        kind = message_id, *message
        template = self._templates.get(kind)
        if template is None:
            template = self._templates[kind] = _template(message)
        return template % tuple(values)


def _template(message: Message) -> bytes:
    """Return the line of a message with ``%a`` in the place of each number."""
    first, *names = message
    known = [encode_field(first, message[first])]
    known += [encode_field(name, 0).removesuffix("0") for name in names]
    head, *fields = [text.replace("%", "%%") for text in known]
    return join_fields([head, *(field + "%a" for field in fields)])
