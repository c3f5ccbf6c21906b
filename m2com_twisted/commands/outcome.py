"""The outcome of a command that succeeded."""

from dataclasses import dataclass

from ..wire.codec import Message

__all__ = ["CommandOutcome"]


@dataclass(frozen=True)
class CommandOutcome:
    """What became of a command that succeeded; times are seconds of the clock."""

    #: Its name.
    command: str
    #: Its sequence id.
    sequence_id: int
    #: When it was sent.
    sent_at: float
    #: When the controller acknowledged it; None if it succeeded without.
    accepted_at: float | None
    #: When it succeeded.
    finished_at: float
    #: The message that said so.
    reply: Message

    @property
    def ack_latency(self) -> float | None:
        """Seconds from sending to acknowledgement."""
        return None if self.accepted_at is None else self.accepted_at - self.sent_at

    @property
    def latency(self) -> float:
        """Seconds from sending to success."""
        return self.finished_at - self.sent_at
