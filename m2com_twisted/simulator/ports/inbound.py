"""Parsing of received lines, and the contents of lines that are not commands.

Source: :ref:`protocol-messages`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import BadLineError
from ...wire.codec import Message, decode

__all__ = ["InboundError", "OversizeLine", "ReceivedMessages", "elevation_told", "parse"]

#: Number of bytes of a bad line that are logged.
_SHOWN = 200

#: Largest angle that is accepted if the profile accepts any number, as the original does.
_MOST_DEGREES = 1e6


#: Largest number of messages, and of bytes of their lines, that are kept.
_MESSAGES = 1000
_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class OversizeLine:
    """Stands for a line that was too long and was skipped.

    Attributes
    ----------
    limit
        Largest length that is allowed, in bytes.
    """

    limit: int

    def __len__(self) -> int:
        """Return 0, because the bytes were dropped."""
        return 0


class InboundError(Exception):
    """A line that cannot be used.  The text is the reason, for the log."""


def parse(line: bytes | OversizeLine) -> Message | None:
    """Return the message on a line.  None if the line is only a heartbeat.

    Raises
    ------
    InboundError
        If the line is not a message with an id.
    """
    if isinstance(line, OversizeLine):
        raise InboundError(f"longer than {line.limit} bytes")
    if line in (b"", b"heartbeat"):
        return None
    try:
        message = decode(line)
    except BadLineError as error:
        raise InboundError(f"{error}: {line[:_SHOWN]!r}") from error
    if not isinstance(message.get("id"), str):
        raise InboundError(f"no id that is a string: {line[:_SHOWN]!r}")
    return message


def elevation_told(message: Message, beyond_a_turn: bool) -> float | None:
    """Return the elevation of the telescope mount in a message of another component.

    Names are not case-sensitive.  Other messages are ignored.

    Parameters
    ----------
    message
        Message that is not a command.
    beyond_a_turn
        Whether angles of more than one turn are also accepted.

    Returns
    -------
    elevation
        Elevation in degrees, as an integer if it was received as one.  None if there is none.

    Raises
    ------
    InboundError
        If it is an event or telemetry without component name, or without its value.
    """
    name = message["id"].lower()
    if not name.startswith(("evt_", "tel_")):
        return None
    component = message.get("compName")
    if not isinstance(component, str):
        raise InboundError(f"{name[:_SHOWN]} without compName")
    if component.lower() != "mtmount" or name != "tel_elevation":
        return None
    value = message.get("actualPosition")
    limit = _MOST_DEGREES if beyond_a_turn else 360
    # The comparison also excludes NaN and infinity.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
        raise InboundError("tel_elevation without an actualPosition in degrees")
    return value


class ReceivedMessages:
    """The last messages, oldest first, in bounded memory."""

    def __init__(self) -> None:
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = 0

    def append(self, message: Message, size: int) -> None:
        """Add a message, with the length of its line in bytes."""
        self._messages.append((message, size))
        self._bytes += size
        while len(self._messages) > _MESSAGES or self._bytes > _BYTES:
            _, dropped = self._messages.popleft()
            self._bytes -= dropped

    def __iter__(self) -> Iterator[Message]:
        return (message for message, _ in self._messages)
