"""Errors of the hub, in addition to the errors of the client."""

from ..errors import CommandRejected, M2ComError, NotConnectedError

__all__ = ["CommandRefused", "HubRefusedError", "NotPermittedError", "UnknownInstanceError"]


class CommandRefused(CommandRejected):
    """The service on the hub refused the command.  It was not sent to the controller."""


class HubRefusedError(NotConnectedError):
    """The server refuses this user, or its TLS cannot be trusted.

    Another attempt fails as well, until a person has changed something.
    """


class NotPermittedError(M2ComError):
    """The server does not permit something to this user.  The text contains its message."""


class UnknownInstanceError(M2ComError):
    """The hub has no streams of this instance.  No service has ever published it there."""

    def __init__(self, instance: str) -> None:
        super().__init__(f"nothing is known of instance {instance!r} on this hub")
