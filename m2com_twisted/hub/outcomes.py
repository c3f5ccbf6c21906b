"""Converts the outcome of a command to JSON for the hub, and JSON to an outcome or error."""

import json
from typing import Any, NoReturn

from ..commands.outcome import CommandOutcome
from ..errors import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
    InvalidMessageError,
    NotConnectedError,
)
from ..wire.codec import Message
from .errors import CommandRefused

__all__ = ["Reply", "as_outcome", "of_error", "of_outcome", "untried"]

#: The reply to a command.  docs/hub.rst describes its fields.
Reply = dict[str, Any]

_ERRORS: dict[str, type[CommandError]] = {
    "rejected": CommandRejected,
    "failed": CommandFailed,
    "timeout": CommandTimeout,
    "lost": CommandLost,
}


def untried(outcome: str, reason: str) -> Reply:
    """Return the reply for a command that was certainly not sent to the controller.

    Parameters
    ----------
    outcome
        ``not_sent``, ``expired`` or ``refused``.
    reason
        The reason, as the end of a sentence that begins with the command.
    """
    return {
        "outcome": outcome,
        "stage": CommandStage.NEVER_SENT.name,
        "outcome_unknown": False,
        "sequence_id": None,
        "reason": reason,
    }


def of_outcome(outcome: CommandOutcome) -> Reply:
    """Return the reply for a command that succeeded."""
    return {
        "outcome": "success",
        "stage": CommandStage.ACKNOWLEDGED.name,
        "outcome_unknown": False,
        "sequence_id": outcome.sequence_id,
        "ack_latency": outcome.ack_latency,
        "latency": outcome.latency,
        "reply": outcome.reply,
    }


def of_error(error: BaseException | None) -> Reply:
    """Return the reply for an error of `run_command`."""
    if isinstance(error, InvalidMessageError):
        return untried("refused", f"cannot be sent: {error}")
    if not isinstance(error, CommandError):
        # All other errors of `run_command` mean that nothing was sent.
        return untried("not_sent", f"was not sent: {error}")
    if error.stage is CommandStage.NEVER_SENT:
        return untried("not_sent", f"was not sent: {error}")
    name = next(name for name, kind in _ERRORS.items() if isinstance(error, kind))
    return {
        "outcome": name,
        "stage": error.stage.name,
        "outcome_unknown": error.outcome_unknown,
        "sequence_id": error.sequence_id,
        "reason": error.reason,
    }


def as_outcome(name: str, payload: bytes, sent_at: float) -> CommandOutcome:
    """Return the outcome of a reply, or raise its error.

    Parameters
    ----------
    name
        Name of the command.
    payload
        The reply.
    sent_at
        Time at which the request was sent, in seconds of the caller's clock.

    Raises
    ------
    CommandError, NotConnectedError
        As `CellControllerService.run_command`.
    CommandRefused
        If the service does not take this command.
    """
    try:
        reply: Reply = json.loads(payload)
        outcome = reply["outcome"]
    except (ValueError, TypeError, KeyError) as error:
        reason = "got a reply that cannot be read"
        raise CommandLost(reason, name, None, CommandStage.SENT) from error
    if outcome != "success":
        _raise(name, reply)
    accepted, latency = reply.get("ack_latency"), reply.get("latency") or 0.0
    return CommandOutcome(
        command=name,
        sequence_id=reply["sequence_id"],
        sent_at=sent_at,
        accepted_at=None if accepted is None else sent_at + accepted,
        finished_at=sent_at + latency,
        reply=_message(reply.get("reply")),
    )


def _message(value: object) -> Message:
    return value if isinstance(value, dict) else {}


def _raise(name: str, reply: Reply) -> NoReturn:
    outcome, reason = reply["outcome"], str(reply.get("reason", ""))
    if outcome == "not_sent":
        raise NotConnectedError(f"Command {name} {reason}")
    if outcome == "expired":
        raise CommandTimeout(reason, name, None, CommandStage.NEVER_SENT)
    if outcome == "refused":
        raise CommandRefused(reason, name, None, CommandStage.NEVER_SENT)
    # A newer service may send an outcome that this version does not know.  Then the outcome of
    # the command is unknown.
    error = _ERRORS.get(outcome, CommandLost)
    try:
        stage = CommandStage[str(reply.get("stage"))]
    except KeyError:
        stage = CommandStage.SENT
    raise error(reason or str(outcome), name, reply.get("sequence_id"), stage)
