"""What a proof is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .memory import Memory
from .readings import Reading

__all__ = ["Proof", "event_proof"]


@dataclass(frozen=True)
class Proof:
    """How it is seen that a command took effect.

    Attributes
    ----------
    what
        What is to be seen, in words.
    holds
        Returns whether it was seen in a message later than the one of a serial.
    seen
        Returns what was seen last, in words.
    hold
        Seconds for which it must stay so.
    timeout
        Seconds for reply and proof, unless the caller chooses; None: as for quick commands.
    by_telemetry
        Whether it comes over the telemetry port, whose messages may have been on their
        way while the command was executed: only those after its success count.
    survives_loss
        Whether the loss of the connection leads to it.
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
    """Return a proof that is an event that fits.

    Parameters
    ----------
    memory
        What was told.
    kind
        Class of the event.
    what
        What is to be seen, in words.
    fits
        Says whether an event is the one.
    timeout
        See `Proof`.
    """

    def holds(since: int) -> bool:
        event = memory.told(kind, since)
        return event is not None and fits(event)

    def seen() -> str:
        entry = memory.latest.get(kind)
        reading: Reading[Any] = memory.reading(entry, memory.event_validity(entry))
        return str(reading)

    return Proof(what, holds, seen, timeout=timeout)
