"""Lines that are not commands: what can be made of them.

Source: :ref:`protocol-messages`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import BadLineError
from ...wire.codec import Message, decode

__all__ = ["InboundError", "OversizeLine", "ReceivedMessages", "elevation_told", "parse"]

#: How much of a bad line goes to the log.
_SHOWN = 200

#: The most that is taken for an angle where the original takes any number.
_MOST_DEGREES = 1e6


#: Most messages and most bytes of lines that are kept.
_MESSAGES = 1000
_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class OversizeLine:
    """In place of a line that was longer than allowed, and skipped.

    Attributes
    ----------
    limit
        Largest length that is allowed, in bytes.
    """

    limit: int

    def __len__(self) -> int:
        """Return 0: its bytes are gone."""
        return 0


class InboundError(Exception):
    """A line that nothing can be made of; the text says why, for the log."""


def parse(line: bytes | OversizeLine) -> Message | None:
    """Return the message on a line; None if the line only says that the client lives.

    Raises
    ------
    InboundError
        If it is no message with an id.
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
    """Return the elevation of the telescope mount that a message of another component tells.

    Names are not case-sensitive.  What is not understood is ignored.

    Parameters
    ----------
    message
        Message that is no command.
    beyond_a_turn
        Whether angles of more than a turn are taken, too.

    Returns
    -------
    elevation
        Elevation in degrees, an integer if it came as one; None if it tells none.

    Raises
    ------
    InboundError
        If it is an event or telemetry and says not whose, or lacks its value.
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
    # The comparison leaves out NaN and infinity, too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
        raise InboundError("tel_elevation without an actualPosition in degrees")
    return value


class ReceivedMessages:
    """The last messages, oldest first, in bounded memory."""

    def __init__(self) -> None:
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = 0

    def append(self, message: Message, size: int) -> None:
        """Add a message that came on a line of so many bytes."""
        self._messages.append((message, size))
        self._bytes += size
        while len(self._messages) > _MESSAGES or self._bytes > _BYTES:
            _, dropped = self._messages.popleft()
            self._bytes -= dropped

    def __iter__(self) -> Iterator[Message]:
        return (message for message, _ in self._messages)
