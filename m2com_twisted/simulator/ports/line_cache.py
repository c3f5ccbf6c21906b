"""Lines of messages of which much stays the same from one to the next."""

from operator import is_

from ...wire.codec import Message, encode_field, join_fields

__all__ = ["LineCache"]


class LineCache:
    """Encodes a field of a message again only if something in it has changed.

    A field has the same text as in the last message of its kind if it is, or
    holds, the very same objects: numbers and strings do not change.  That they
    are equal would not do, for 0, 0.0 and -0.0 have a text each.  To look at
    72 numbers takes 1 us, to write them out 25.
    """

    def __init__(self) -> None:
        # By message, name and type, as [0] is not 0.  The objects are held, so
        # that no other can take the place of one of them.
        self._fields: dict[tuple[str, str, type], tuple[tuple[object, ...], str]] = {}

    def encode(self, message: Message) -> bytes:
        """Return the line of a message of numbers, strings, and lists and tuples of them.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        message_id = message["id"]
        return join_fields([self._field(message_id, *item) for item in message.items()])

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
