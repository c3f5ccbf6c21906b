"""A field to be plotted, as given on the command line."""

import re
from typing import NamedTuple

from ..wire.codec import Message

__all__ = ["Wanted", "wanted"]

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class Wanted(NamedTuple):
    """A field to be plotted.

    Attributes
    ----------
    text
        The text on the command line, for example ``axialForce.measured[3]``.
    topic
        Message id or channel.
    path
        Keys and indices that lead to the value.
    """

    text: str
    topic: str
    path: tuple[str | int, ...]

    def value_in(self, message: Message) -> object:
        """Return the value in a message.  None if it has none."""
        value: object = message
        for step in self.path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value


def wanted(text: str) -> Wanted:
    """Parse a field to be plotted.

    Raises
    ------
    ValueError
        If the text is not a field.
    """
    # A channel contains slashes.  Dots come only after the last slash.
    slash = text.rfind("/") + 1
    name, _, rest = text[slash:].partition(".")
    steps = list(_STEP.finditer(rest))
    if not name or not rest or "".join(step[0] for step in steps) != rest:
        raise ValueError(f"a field is written as position.x or axialForce.measured[3], not {text}")
    path = tuple(int(step[2]) if step[2] else step[1] for step in steps)
    return Wanted(text, text[:slash] + name, path)
