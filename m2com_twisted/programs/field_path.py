"""One field of a message in text form: ``position.z``, ``axialForce.measured[3]``."""

import re
from dataclasses import dataclass

from ..wire.codec import Message

__all__ = ["FieldPath"]

_PATH = re.compile(r"(?P<id>\w+)(?P<rest>(?:\.\w+|\[\d+\])*)", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)

#: Stands for a value that is missing in a message.  It is not None, which a message may contain.
_NOTHING = object()


@dataclass(frozen=True)
class FieldPath:
    """The id of a message and the path to a value.  An empty path means the whole message."""

    text: str
    message_id: str
    steps: tuple[str | int, ...]

    @classmethod
    def parse(cls, text: str) -> "FieldPath":
        """Return the path that a text names.

        Raises
        ------
        ValueError
            If the text is not a path.
        """
        found = _PATH.fullmatch(text)
        if found is None:
            raise ValueError(
                f"a field is written as position.z or axialForce.measured[3], not {text!r}"
            )
        steps = (
            step[1] if step[2] is None else int(step[2]) for step in _STEP.finditer(found["rest"])
        )
        return cls(text, found["id"], tuple(steps))

    def value(self, message: Message) -> object:
        """Return the value in a message of this id.

        Raises
        ------
        LookupError
            If the message has no such value.
        """
        value: object = message
        for step in self.steps:
            value = _part(value, step)
        if value is _NOTHING:
            raise LookupError(f"there is no {self.text} in {message.get('id')}")
        return value


def _part(value: object, step: str | int) -> object:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else _NOTHING
    return value.get(step, _NOTHING) if isinstance(value, dict) else _NOTHING
