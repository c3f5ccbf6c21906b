"""The replies to a command.

Source: :ref:`protocol-answers`.
"""

from typing import Any

from ...wire.codec import Message

__all__ = ["Answer"]


class Answer:
    """The replies to one command, as the protocol defines them.

    Attributes
    ----------
    delay
        Seconds before the acknowledgement.  All other replies follow it.
    """

    delay = 0.0

    def acknowledgement(self, sequence_id: Any) -> list[Message]:
        """Return the messages that acknowledge the command."""
        return [{"id": "ack", "sequence_id": sequence_id}]

    def final(self, outcome: str, sequence_id: Any) -> list[Message]:
        """Return the messages that report the outcome, ``success`` or ``fail``."""
        return [{"id": outcome, "sequence_id": sequence_id}]
