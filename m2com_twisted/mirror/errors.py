"""Errors of the mirror, in addition to the errors of commands."""

import builtins
from collections.abc import Mapping

from twisted.internet import defer

from ..commands.outcome import CommandOutcome
from ..errors import M2ComError
from .names import ilc_name
from .report import Report

__all__ = [
    "IlcsNotEnabledError",
    "NotVerifiedError",
    "PreconditionError",
    "PreemptedError",
    "ProcedureCancelledError",
    "ProcedureError",
    "WaitTimeoutError",
]


class WaitTimeoutError(M2ComError, builtins.TimeoutError):
    """An expected event, or an expected change of state, did not come in time.

    Attributes
    ----------
    what
        The event or change that was expected, in words.
    timeout
        Seconds of waiting.
    seen
        The last observation, in words.
    """

    def __init__(self, what: str, timeout: float, seen: str) -> None:
        # TimeoutError is an OSError.  If an OSError gets two arguments, it takes the first for
        # an error number.  So only one argument is passed.
        super().__init__(f"No {what} within {timeout:g} s; seen last: {seen}.")
        self.what = what
        self.timeout = timeout
        self.seen = seen


class NotVerifiedError(M2ComError, builtins.TimeoutError):
    """The controller reported success, but no message proved the effect in time.

    Attributes
    ----------
    command
        Name of the command.
    proof
        The expected proof, in words.
    seen
        The last observation, in words.
    outcome
        The outcome that the controller reported.
    """

    def __init__(self, command: str, proof: str, seen: str, outcome: CommandOutcome) -> None:
        # One argument: see WaitTimeoutError.
        super().__init__(
            f"Command {command} was accepted, but not seen to take effect "
            f"({proof}); seen last: {seen}."
        )
        self.command = command
        self.proof = proof
        self.seen = seen
        self.outcome = outcome


class IlcsNotEnabledError(M2ComError, RuntimeError):
    """Some ILCs could not be enabled.  The others were enabled.

    Attributes
    ----------
    culprits
        Maps the address of each ILC that is not enabled to the mode that it reported last.
    """

    def __init__(self, culprits: Mapping[int, str]) -> None:
        super().__init__(dict(culprits))
        self.culprits = dict(culprits)

    def __str__(self) -> str:
        """Return the names of the ILCs that are not enabled."""
        named = (f"{ilc_name(address)}: {mode}" for address, mode in self.culprits.items())
        return f"Not enabled: {', '.join(named)}."


class PreconditionError(M2ComError, RuntimeError):
    """A precondition does not hold, or is not known to hold.

    Attributes
    ----------
    unmet
        Maps the name of each unmet condition to what was seen instead.  A condition can be
        overridden by its name.
    """

    def __init__(self, unmet: Mapping[str, str]) -> None:
        super().__init__(dict(unmet))
        self.unmet = dict(unmet)

    def __str__(self) -> str:
        """Return the conditions and what was seen."""
        return "; ".join(f"{name}: {seen}" for name, seen in self.unmet.items())


class PreemptedError(M2ComError, RuntimeError):
    """The command was refused, because the mirror is being made safe."""


class ProcedureError(M2ComError, RuntimeError):
    """A procedure failed.  The error that ended it is the ``__cause__``.

    Attributes
    ----------
    report
        The report, with the commands sent and the observations made in each step.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        """Return the outcome in one sentence."""
        return self.report.summary


class ProcedureCancelledError(ProcedureError, defer.CancelledError):
    """A procedure was cancelled, by its caller or by `make_safe`.

    Nothing was sent after the cancellation, and nothing was undone.  ``report`` contains the steps
    that were done.
    """
