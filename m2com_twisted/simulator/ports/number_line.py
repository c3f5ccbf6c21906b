"""Encoding of messages whose fields are numbers and lists of numbers."""

from collections.abc import Iterable

from ...wire.codec import TERMINATOR, encode, encode_numbers

__all__ = ["NumberLine"]

_SINGLE = {int, float}

#: The end of a line.
_END = b"}" + TERMINATOR


class NumberLine:
    """Makes the lines of one message from a template.

    This takes a fifth of the time of the codec, which encodes all other messages.

    Parameters
    ----------
    name
        Id of the message.
    fields
        Names of the other fields.
    """

    def __init__(self, name: str, fields: Iterable[str]) -> None:
        head = encode({"id": name})[: -len(_END)].replace(b"%", b"%%")
        keys = [encode({field: 0})[1 : -len(b"0" + _END)] for field in fields]
        parts = [head, *(key.replace(b"%", b"%%") + b"%b" for key in keys)]
        self._template = b", ".join(parts) + _END

    def encode(self, values: tuple[object, ...]) -> bytes:
        """Return the line with these values, as the codec makes it.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        if _SINGLE.issuperset(map(type, values)):
            # One call for all takes less time than one for each.
            return self._template % tuple(encode_numbers(values)[1:-1].split(b", "))
        return self._template % tuple(map(encode_numbers, values))
