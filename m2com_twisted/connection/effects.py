"""The effects of `Machine`: what has to be done about a client's connection.

Numbers stand for attempts and waiters.
"""

from dataclasses import dataclass

from .state import ConnectionState

__all__ = [
    "Abandon",
    "Announce",
    "CancelRetry",
    "CloseDone",
    "ConnectClosed",
    "ConnectFailed",
    "ConnectSucceeded",
    "Dial",
    "Disconnect",
    "Effect",
    "FailPending",
    "NoteClosed",
    "NoteConnection",
    "NoteFailure",
    "NoteLoss",
    "ScheduleRetry",
    "ShowState",
    "StartReading",
    "StopDelivery",
    "TellConnected",
    "TellLost",
]


@dataclass(frozen=True)
class Effect:
    """Something to do."""


@dataclass(frozen=True)
class Dial(Effect):
    """Begin an attempt."""

    attempt: int
    timeout: float


@dataclass(frozen=True)
class Abandon(Effect):
    """Cancel an attempt, and abort every connection that it made."""

    attempt: int


@dataclass(frozen=True)
class NoteFailure(Effect):
    """Count and log a failed attempt."""

    reason: BaseException


@dataclass(frozen=True)
class NoteConnection(Effect):
    """Count and log a new connection, and use it from now on."""

    attempt: int


@dataclass(frozen=True)
class NoteLoss(Effect):
    """Count and log the loss of a connection, which is no longer in use."""

    attempt: int
    reason: BaseException


@dataclass(frozen=True)
class NoteClosed(Effect):
    """Log the end, and forget all outages."""


@dataclass(frozen=True)
class ShowState(Effect):
    """Show the state to line observers."""

    state: ConnectionState


@dataclass(frozen=True)
class TellConnected(Effect):
    """Tell the user's callback of a connection."""

    attempt: int


@dataclass(frozen=True)
class TellLost(Effect):
    """Tell the user's callback that there is no connection."""


@dataclass(frozen=True)
class Announce(Effect):
    """Give the machine the input `Announced`.

    So the waiters of `Connect` are told one at a time.  The next one is told only if
    the connection still exists.
    """

    attempt: int


@dataclass(frozen=True)
class StartReading(Effect):
    """Read from the connection."""

    attempt: int


@dataclass(frozen=True)
class ConnectSucceeded(Effect):
    """Tell the waiter of a `Connect` that there is a connection."""

    waiter: int


@dataclass(frozen=True)
class ConnectFailed(Effect):
    """Tell the waiter of a `Connect` that its first attempt failed."""

    waiter: int
    reason: BaseException


@dataclass(frozen=True)
class ConnectClosed(Effect):
    """Tell the waiter of a `Connect` that the client was closed."""

    waiter: int


@dataclass(frozen=True)
class ScheduleRetry(Effect):
    """Give the machine `RetryDue` after the delay of the policy, or at once without a policy."""


@dataclass(frozen=True)
class CancelRetry(Effect):
    """Cancel the delayed `RetryDue`."""


@dataclass(frozen=True)
class FailPending(Effect):
    """Fail the commands and writers that wait for the connection."""


@dataclass(frozen=True)
class StopDelivery(Effect):
    """Cancel the callback."""


@dataclass(frozen=True)
class Disconnect(Effect):
    """End every connection.

    When they and the callback have ended, the machine is given `TornDown`.
    `StopDelivery` ends the callback.
    """


@dataclass(frozen=True)
class CloseDone(Effect):
    """Tell the waiter of a `Close` that the client is closed."""

    waiter: int
