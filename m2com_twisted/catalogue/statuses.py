"""The four statuses of a command, as the controller sends them.

Source: :ref:`protocol-answers`.
"""

from typing import Annotated, ClassVar

from .describe import about
from .messages import ReceivedMessage

__all__ = ["Ack", "Fail", "NoAck", "Status", "Success"]


class Status(ReceivedMessage, frozen=True, rename=None):
    """Status of a command."""

    sequence_id: Annotated[int, about("Sequence id of the command.")]


class Ack(Status, frozen=True):
    """The controller knows the command and has begun with it."""


class NoAck(Status, frozen=True, tag="noack"):
    """The controller does not know the command, or refuses its sequence id."""

    name: ClassVar[str] = "noack"


class Success(Status, frozen=True):
    """The controller has accepted the command.  Its effect may come later."""


class Fail(Status, frozen=True):
    """The controller knows the command, but did not do it."""
