"""Errors of the hub, in addition to the errors of the client."""

from ..errors import CommandRejected

__all__ = ["CommandRefused"]


class CommandRefused(CommandRejected):
    """The service on the hub refused the command.  It was not sent to the controller."""
