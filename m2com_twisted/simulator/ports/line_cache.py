"""A cache for encoding messages whose fields change rarely."""

from operator import is_

from ...wire.codec import Message, encode_field, join_fields

__all__ = ["LineCache"]


class LineCache:
    """Encodes a field of a message again only if it has changed.

    A field is compared with that of the last message of its kind.  Its text is the same if it
    is, or contains, the identical objects, because numbers and strings do not change.  Equality
    is not enough, because 0, 0.0 and -0.0 are equal but have different texts.  It takes 1 us to
    compare 72 numbers, and 25 us to encode them.
    """

    def __init__(self) -> None:
        # By message, name and type, because [0] differs from 0.  The objects are kept, so
        # that no new object can get the identity of an old one.
        self._fields: dict[tuple[str, str, type], tuple[tuple[object, ...], str]] = {}
        # By message: the names and values of its last fields, and its line if no field was a list.
        self._lines: dict[str, tuple[tuple[object, ...], bytes]] = {}

    def encode(self, message: Message) -> bytes:
        """Return the line of a message of numbers, strings, and lists and tuples of them.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        message_id = message["id"]
        fields = (*message, *message.values())
        kept = self._lines.get(message_id)
        if kept is not None and len(fields) == len(kept[0]) and all(map(is_, fields, kept[0])):
            return kept[1]
        line = join_fields([self._field(message_id, *item) for item in message.items()])
        if not any(isinstance(value, list) for value in fields):
            self._lines[message_id] = fields, line
        return line

    def _field(self, message_id: str, name: str, value: object) -> str:
        # A list may be changed in place, so its items are compared and not the list.
        objects = tuple(value) if isinstance(value, list) else (value,)
        key = message_id, name, type(value)
        kept = self._fields.get(key)
        if kept is not None and len(objects) == len(kept[0]) and all(map(is_, objects, kept[0])):
            return kept[1]
        text = encode_field(name, value)
        self._fields[key] = objects, text
        return text
