"""Errors of the hub, in addition to the errors of the client."""

from ..errors import CommandRejected, M2ComError

__all__ = ["CommandRefused", "NotPermittedError"]


class CommandRefused(CommandRejected):
    """The service on the hub refused the command.  It was not sent to the controller."""


class NotPermittedError(M2ComError):
    """The server does not permit something to this user.  The text contains its message."""
