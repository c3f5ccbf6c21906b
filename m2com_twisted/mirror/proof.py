"""The proof that a command took effect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .memory import Memory
from .readings import Reading

__all__ = ["Proof", "event_proof"]


@dataclass(frozen=True)
class Proof:
    """How messages of the controller prove the effect of a command.

    Attributes
    ----------
    what
        The expected effect, in words.
    holds
        Takes a serial, and returns whether a later message shows the effect.
    seen
        Returns the last observation, in words.
    hold
        Seconds for which the effect must be seen.
    timeout
        Seconds for reply and proof, unless the caller gives a time.  None: the time of quick
        commands.
    by_telemetry
        Whether the proof comes over the telemetry port.  A message of this port may be older than
        the effect.  So only messages count that arrive after the success.
    survives_loss
        Whether the command ends the connection.  Then the loss of the connection is part of the
        proof.
    """

    what: str
    holds: Callable[[int], bool]
    seen: Callable[[], str]
    hold: float = 0.0
    timeout: float | None = None
    by_telemetry: bool = False
    survives_loss: bool = False


def event_proof(
    memory: Memory,
    kind: type[Any],
    what: str,
    fits: Callable[[Any], bool],
    timeout: float | None = None,
) -> Proof:
    """Return a proof by one event.

    Parameters
    ----------
    memory
        The last messages.
    kind
        Class of the event.
    what
        The expected effect, in words.
    fits
        Returns whether an event shows the effect.
    timeout
        See `Proof`.
    """

    def holds(since: int) -> bool:
        event = memory.last_event(kind, since)
        return event is not None and fits(event)

    def seen() -> str:
        entry = memory.latest.get(kind)
        reading: Reading[Any] = memory.reading(entry, memory.event_validity(entry))
        return str(reading)

    return Proof(what, holds, seen, timeout=timeout)
