"""What a caller on the hub may be told, besides the errors of the client."""

from ..errors import CommandRejected

__all__ = ["CommandRefused"]


class CommandRefused(CommandRejected):
    """The service on the hub did not take the command: it was not sent to the controller."""
