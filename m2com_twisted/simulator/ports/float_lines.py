"""Encoding of messages whose fields are single floats that recur."""

from collections.abc import Iterable, Sequence

from ...wire.codec import TERMINATOR, encode_field

__all__ = ["FloatLine", "FloatTexts"]

#: Number of texts that are kept.  A reading that stands still takes 1024, because noise is one of
#: so many values.  While all 13 readings of a controller stand still, none of them is forgotten.
_KEPT = 1 << 14


class FloatTexts(dict[float, str]):
    """The JSON texts of floats.  To look one up takes a tenth of the time of making it."""

    def __missing__(self, number: float) -> str:
        text = encode_field("", number).removeprefix('"": ')
        # 0 and -0.0 would be the same key.
        if number:
            if len(self) >= _KEPT:
                self.clear()
            self[number] = text
        return text


class FloatLine:
    """Makes the lines of one message.  All its fields except the id must be floats.

    Parameters
    ----------
    name
        Id of the message.
    fields
        Names of the other fields.
    texts
        The texts of floats that are known already.  Several messages may share them.
    """

    def __init__(self, name: str, fields: Iterable[str], texts: FloatTexts) -> None:
        known = [encode_field("id", name)]
        known += [encode_field(field, 0).removesuffix("0") for field in fields]
        head, *others = [text.replace("%", "%%") for text in known]
        joined = ", ".join([head, *(field + "%s" for field in others)])
        self._template = f"{{{joined}}}{TERMINATOR.decode()}"
        self._text = texts.__getitem__

    def encode(self, values: Sequence[float]) -> bytes:
        """Return the line with these values, as the codec makes it.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        return (self._template % tuple(map(self._text, values))).encode("ascii")
