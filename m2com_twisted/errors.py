"""The exceptions, by who is at fault.

The caller
    `InvalidMessageError` (and `UnserializableMessageError`): what was asked
    for can never be sent.  `NotConnectedError`, `ClientClosedError`: it
    cannot be sent, or waited for, now.
The peer
    `BadLineError`: it sent something that is not a message.
    `WriteBufferFullError`: it does not read what we send.
    `SilentPeerError`: it sends nothing.
The network
    `ConnectFailedError` and its subclasses: no connection came about.

Every class is also the builtin exception that a Python programmer would catch
there and, for a failed connection, the Twisted error of that name.
"""

import builtins

from twisted.internet import error

__all__ = [
    "BadLineError",
    "ClientClosedError",
    "ConnectFailedError",
    "ConnectRefusedError",
    "ConnectTimeoutError",
    "HostNotFoundError",
    "InvalidMessageError",
    "M2ComError",
    "NotConnectedError",
    "SilentPeerError",
    "UnserializableMessageError",
    "WriteBufferFullError",
]


class M2ComError(Exception):
    """Base class of all errors raised by this package."""


class NotConnectedError(M2ComError, RuntimeError):
    """There is no connection to the controller.  Nothing was sent."""


class ClientClosedError(M2ComError, ConnectionError):
    """`close` was called while this was waiting for the connection."""


class InvalidMessageError(M2ComError, ValueError):
    """The message can never be sent as it is.  Nothing was sent."""


class UnserializableMessageError(InvalidMessageError, TypeError):
    """The details have no JSON form: a foreign type, NaN, infinity, a cycle."""


class WriteBufferFullError(M2ComError, RuntimeError):
    """The peer does not read, and enough is waiting for it already.

    Nothing was sent.

    Attributes
    ----------
    waiting
        Bytes that wait to be written.
    limit
        The most that may wait.
    """

    def __init__(self, waiting: int, limit: int) -> None:
        super().__init__(
            f"The peer does not read: {waiting} bytes wait already, the limit is {limit}."
        )
        self.waiting = waiting
        self.limit = limit


class SilentPeerError(M2ComError, builtins.TimeoutError):
    """Nothing was received for as long as the client's `timeout` allows.

    Attributes
    ----------
    timeout
        That time, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__(f"Nothing was received for {timeout:g} s.")
        self.timeout = timeout


class BadLineError(M2ComError, ValueError):
    """A received line is not a message.

    Attributes
    ----------
    reason
        What is wrong with the line, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConnectFailedError(M2ComError, OSError):
    """No connection to the controller could be made.

    The error that Twisted reported is the ``__cause__``.

    Attributes
    ----------
    host, port
        Where the connection should have led.
    """

    def __init__(self, host: str, port: int, cause: object) -> None:
        super().__init__(f"No connection to {host}:{port}: {cause}")
        self.host = host
        self.port = port
        #: The errno of the system call, where there was one.
        self.errno = getattr(cause, "osError", None) or getattr(cause, "errno", None)

    def __str__(self) -> str:
        # Twisted's errors print their class docstring first; ours has said it all.
        return str(self.args[0])


class ConnectRefusedError(
    ConnectFailedError, builtins.ConnectionRefusedError, error.ConnectionRefusedError
):
    """The host is there, but nothing listens on the port."""


class ConnectTimeoutError(ConnectFailedError, builtins.TimeoutError, error.TimeoutError):
    """No answer within the time that `connect` allows."""


class HostNotFoundError(ConnectFailedError, error.DNSLookupError):
    """The host name does not resolve."""
