"""The outcome of a command that succeeded."""

from dataclasses import dataclass, fields
from typing import Any, Generic

from typing_extensions import TypeVar

from ..catalogue.messages import Command
from ..wire.codec import Message

__all__ = ["CommandOutcome"]

# A class of commands.
CommandT = TypeVar("CommandT", bound=Command)

# The default makes the bare name `CommandOutcome` mean the outcome of any command.
_CommandT_co = TypeVar("_CommandT_co", bound=Command | None, default=Command | None, covariant=True)


@dataclass(frozen=True)
class CommandOutcome(Generic[_CommandT_co]):
    """The outcome of a command that succeeded; times are seconds of the clock."""

    #: Name of the command.
    command: str
    #: Its sequence id.
    sequence_id: int
    #: Time when it was sent.
    sent_at: float
    #: Time of the acknowledgement; None if there was none.
    accepted_at: float | None
    #: Time of the success.
    finished_at: float
    #: The message of the success.
    reply: Message
    #: The command that was given to ``run``; None if it was run by its name.
    request: _CommandT_co = None  # type: ignore[assignment]  # None is what the type has then

    @property
    def ack_latency(self) -> float | None:
        """Seconds from sending to acknowledgement."""
        return None if self.accepted_at is None else self.accepted_at - self.sent_at

    @property
    def latency(self) -> float:
        """Seconds from sending to success."""
        return self.finished_at - self.sent_at

    def of(self, request: CommandT) -> "CommandOutcome[CommandT]":
        """Return this outcome with the typed command."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return CommandOutcome(**{**values, "request": request})
