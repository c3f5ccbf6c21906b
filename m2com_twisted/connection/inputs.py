"""The inputs of `Machine`: what can happen to a client's connection.

Numbers stand for attempts and waiters.
"""

from dataclasses import dataclass

__all__ = [
    "Announced",
    "AttemptFailed",
    "AttemptSucceeded",
    "Close",
    "Connect",
    "ConnectCancelled",
    "ConnectOvertaken",
    "ConnectionLost",
    "GivenUp",
    "Input",
    "RetryDue",
    "Start",
    "TornDown",
]


@dataclass(frozen=True)
class Input:
    """Something that happened."""


@dataclass(frozen=True)
class Connect(Input):
    """The user asks for a connection, and waits for it."""

    waiter: int
    timeout: float


@dataclass(frozen=True)
class ConnectOvertaken(Input):
    """The connection was given up or lost before the waiter of a `Connect` was told of it."""

    waiter: int


@dataclass(frozen=True)
class ConnectCancelled(Input):
    """The waiter of a `Connect` was cancelled or timed out."""

    waiter: int


@dataclass(frozen=True)
class Start(Input):
    """The user asks for a connection, and for attempts until there is one."""

    timeout: float


@dataclass(frozen=True)
class Close(Input):
    """The user closes the client, and waits until it is closed."""

    waiter: int


@dataclass(frozen=True)
class AttemptSucceeded(Input):
    """The endpoint handed over a connection."""

    attempt: int


@dataclass(frozen=True)
class AttemptFailed(Input):
    """An attempt made no connection."""

    attempt: int
    reason: BaseException


@dataclass(frozen=True)
class Announced(Input):
    """All earlier effects of a new connection are done; see `Announce`."""

    attempt: int


@dataclass(frozen=True)
class GivenUp(Input):
    """The client gave the connection up; its transport has not ended yet."""

    attempt: int


@dataclass(frozen=True)
class ConnectionLost(Input):
    """The transport of the connection has ended."""

    attempt: int
    reason: BaseException


@dataclass(frozen=True)
class RetryDue(Input):
    """The delay before the next attempt is over."""


@dataclass(frozen=True)
class TornDown(Input):
    """The callback and every connection have ended; see `Disconnect`."""
