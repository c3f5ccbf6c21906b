"""What can go wrong with the mirror, beyond what can go wrong with a command."""

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
    """A change or an event did not come in time.

    Attributes
    ----------
    what
        What was waited for.
    timeout
        Seconds that it was given.
    seen
        What was seen last, in words.
    """

    def __init__(self, what: str, timeout: float, seen: str) -> None:
        # One argument: OSError, which TimeoutError is, takes more for errno and file names.
        super().__init__(f"No {what} within {timeout:g} s; seen last: {seen}.")
        self.what = what
        self.timeout = timeout
        self.seen = seen


class NotVerifiedError(M2ComError, builtins.TimeoutError):
    """The controller reported success, and what proves the effect was not seen in time.

    Attributes
    ----------
    command
        Name of the command.
    proof
        What would have been the proof.
    seen
        What was seen last, in words.
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
    """Some ILCs could not be enabled; the others were.

    Attributes
    ----------
    culprits
        Address of each such ILC to what it told last.
    """

    def __init__(self, culprits: Mapping[int, str]) -> None:
        super().__init__(dict(culprits))
        self.culprits = dict(culprits)

    def __str__(self) -> str:
        """Return the names of these ILCs."""
        named = (f"{ilc_name(address)}: {mode}" for address, mode in self.culprits.items())
        return f"Not enabled: {', '.join(named)}."


class PreconditionError(M2ComError, RuntimeError):
    """Something must hold first that does not, or is not known to hold.

    Attributes
    ----------
    unmet
        The conditions that do not hold: a dict from the name of each to what was seen
        instead.  Each can be overridden by its name.
    """

    def __init__(self, unmet: Mapping[str, str]) -> None:
        super().__init__(dict(unmet))
        self.unmet = dict(unmet)

    def __str__(self) -> str:
        """Return the conditions and what was seen."""
        return "; ".join(f"{name}: {seen}" for name, seen in self.unmet.items())


class PreemptedError(M2ComError, RuntimeError):
    """The mirror is being made safe, so nothing else is sent now."""


class ProcedureError(M2ComError, RuntimeError):
    """A procedure did not succeed.  The error that ended it is the ``__cause__``.

    Attributes
    ----------
    report
        What was sent and what was seen, step by step.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        """Return the outcome in one sentence."""
        return self.report.summary


class ProcedureCancelledError(ProcedureError, defer.CancelledError):
    """A procedure was cancelled, by its caller or by `make_safe`.

    Nothing more was sent, and nothing was undone; ``report`` tells how far it came.
    """
