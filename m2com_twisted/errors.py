"""The exceptions, sorted by who is at fault.

The caller
    `InvalidMessageError` and its subclasses: the message can never be sent.
    `NotConnectedError`, `ClientClosedError`: there is no connection now.
The peer
    `BadLineError`: it sent a line that is not a message.
    `WriteBufferFullError`: it does not read, or the caller sends too much at once.
    `SilentPeerError`: it sends nothing.
The network
    `ConnectFailedError` and its subclasses: no connection could be made.
A recording
    `RecordingError`: the file is no recording.
The command
    `CommandRejected`, `CommandFailed`: the controller refused it, or could not complete it.
    `CommandTimeout`, `CommandLost`: the controller did not answer; see `CommandStage`.

Every class is also a subclass of the builtin exception that Python programmers
expect.  The subclasses of `ConnectFailedError` are also subclasses of the matching
Twisted error.

All of them can be copied and pickled, with their fields, notes and cause.
"""

import builtins
import enum
import pickle
from collections.abc import Callable
from typing import TypeVar

from twisted.internet import error
from twisted.python.reflect import safe_str

__all__ = [
    "BadLineError",
    "ClientClosedError",
    "CommandError",
    "CommandFailed",
    "CommandLost",
    "CommandRejected",
    "CommandStage",
    "CommandTimeout",
    "ConnectFailedError",
    "ConnectRefusedError",
    "ConnectTimeoutError",
    "HostNotFoundError",
    "InvalidFieldError",
    "InvalidMessageError",
    "M2ComError",
    "NotConnectedError",
    "RecordingError",
    "SilentPeerError",
    "UnserializableMessageError",
    "WriteBufferFullError",
    "substitute_for",
]

_E = TypeVar("_E", bound="M2ComError")


class M2ComError(Exception):
    """Base class of all errors raised by this package."""

    def __reduce__(
        self,
    ) -> tuple[Callable[..., "M2ComError"], tuple[object, ...], dict[str, object]]:
        """Override: copy and pickle the fields, because the constructors take other arguments."""
        state = dict(vars(self))
        if self.__cause__ is not None:
            state["__cause__"] = _picklable(self.__cause__)
        if isinstance(self, OSError):
            # Python does not store the errno in the instance's dictionary.
            state["errno"] = self.errno
        return _without_constructor, (type(self), *self.args), state


class NotConnectedError(M2ComError, RuntimeError):
    """There is no connection to the controller.  Nothing was sent."""


class ClientClosedError(M2ComError, ConnectionError):
    """`close` was called during the wait for the connection."""


class InvalidMessageError(M2ComError, ValueError):
    """The message is invalid and can never be sent.  Nothing was sent."""


class UnserializableMessageError(InvalidMessageError, TypeError):
    """The details have no JSON form: a foreign type, NaN, infinity, a cycle."""


class InvalidFieldError(InvalidMessageError):
    """A field of a command, or of a feed, has a value that it cannot have.

    Attributes
    ----------
    message, field
        Names of the command or feed, and of its field.
    reason
        The reason why the value is refused.
    """

    def __init__(self, message: str, field: str, reason: str) -> None:
        # The reason may begin with the index of a value in a list, as in "[3] must be".
        separator = "" if reason.startswith("[") else " "
        super().__init__(f"{message}: {field}{separator}{reason}.")
        self.message, self.field, self.reason = message, field, reason


class RecordingError(M2ComError, ValueError):
    """The file or directory is not a recording."""


class WriteBufferFullError(M2ComError, RuntimeError):
    """The write buffer is full.  Nothing was sent.

    Either the peer does not read and the buffer is full, or the message alone
    is longer than the limit.

    Attributes
    ----------
    waiting
        Number of bytes that wait to be written.
    limit
        Largest number of bytes that may wait.
    size
        Number of bytes of the refused message.
    """

    def __init__(self, waiting: int, limit: int, size: int = 0) -> None:
        super().__init__(
            f"The message has {size} bytes, the limit is {limit}."
            if size > limit
            else f"The peer does not read: {waiting} bytes wait already, the limit is {limit}."
        )
        self.waiting = waiting
        self.limit = limit
        self.size = size


class SilentPeerError(M2ComError, builtins.TimeoutError):
    """Nothing was received for the time that the client's `timeout` allows.

    Attributes
    ----------
    timeout
        The time that is over, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__(f"Nothing was received for {timeout:g} s.")
        self.timeout = timeout


class BadLineError(M2ComError, ValueError):
    """A received line is not a message.

    Attributes
    ----------
    reason
        The reason why the line is no message, in a few words.
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
        Host and port of the failed connection.
    """

    def __init__(self, host: str, port: int, cause: object) -> None:
        super().__init__(f"No connection to {host}:{port}: {cause}")
        self.host = host
        self.port = port
        #: The errno of the system call, if there was one.
        self.errno = getattr(cause, "osError", None) or getattr(cause, "errno", None)

    def __str__(self) -> str:
        # Twisted's errors print their class docstring first, which is not needed here.
        return str(self.args[0])


class ConnectRefusedError(
    ConnectFailedError, builtins.ConnectionRefusedError, error.ConnectionRefusedError
):
    """The host exists, but nothing listens on the port."""


class ConnectTimeoutError(ConnectFailedError, builtins.TimeoutError, error.TimeoutError):
    """The host did not answer within the timeout of `connect`."""


class HostNotFoundError(ConnectFailedError, error.DNSLookupError):
    """The host name does not resolve."""


class CommandStage(enum.Enum):
    """The last stage that a command is known to have reached."""

    NEVER_SENT = "never sent"
    SENT = "sent, not acknowledged"
    ACKNOWLEDGED = "acknowledged, not finished"


class CommandError(M2ComError):
    """A command did not succeed, or its outcome is unknown.

    Attributes
    ----------
    reason
        The reason, without the name and number of the command.
    command
        Name of the command.
    sequence_id
        Sequence id of the command.  None if it was never sent.
    stage
        The stage that the command reached.
    """

    _leaves_unknown = False

    def __init__(
        self, reason: str, command: str, sequence_id: int | None, stage: CommandStage
    ) -> None:
        self.reason = reason
        self.command = command
        self.sequence_id = sequence_id
        self.stage = stage
        number = "" if sequence_id is None else f" (sequence id {sequence_id})"
        unknown = "; its outcome is unknown" if self.outcome_unknown else ""
        super().__init__(f"Command {command}{number} {reason}: {stage.value}{unknown}.")

    @property
    def outcome_unknown(self) -> bool:
        """Whether the controller may have executed the command, or may still execute it."""
        return self._leaves_unknown and self.stage is not CommandStage.NEVER_SENT


class CommandRejected(CommandError, RuntimeError):  # noqa: N818 - what happened is the better name
    """The controller did not accept the command (``noack``).  It was not executed."""


class CommandFailed(CommandError, RuntimeError):  # noqa: N818
    """The controller accepted the command and could not complete it (``fail``)."""


class CommandTimeout(CommandError, builtins.TimeoutError):  # noqa: N818
    """The controller did not answer in time.  The command may have succeeded."""

    _leaves_unknown = True


class CommandLost(CommandError, ConnectionError):  # noqa: N818
    """The connection was lost or closed before the reply."""

    _leaves_unknown = True


def _picklable(error: BaseException) -> BaseException:
    """Return an error.  If it cannot be pickled, return one of ours with the same text."""
    # Our errors can be pickled.  To try that with each error of a long chain of
    # causes would take exponentially long.
    if isinstance(error, M2ComError):
        return error
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return substitute_for(error)
    return error


def substitute_for(error: BaseException) -> M2ComError:
    """Return an error of ours with the type and text of an error that cannot be copied."""
    # `str(error)` is not used, because it may raise as well.
    return M2ComError(f"{type(error).__name__}: {safe_str(error)}")


def _without_constructor(error_type: type[_E], *arguments: object) -> _E:
    """Make an error that is being copied or unpickled; its fields are set afterwards."""
    made = error_type.__new__(error_type, *arguments)
    made.args = arguments
    return made
