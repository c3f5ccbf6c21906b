"""What the controller has said last about a subject, and how far it can be relied on."""

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Entry", "Reading", "Truth", "Validity"]

T = TypeVar("T")


class Validity(enum.Enum):
    """How far a reading can be relied on."""

    #: The controller has never said anything about it.
    NEVER = "never told"
    #: Told on the present connection; of telemetry, also recently.
    FRESH = "fresh"
    #: Told before the connection was lost, too long ago, or overtaken by other events.
    OLD = "old"
    #: The connection that it comes over is down.
    LINK_DOWN = "link down"
    #: It only means something while its power is on, and that is off.
    UNPOWERED = "unpowered"


@dataclass(frozen=True)
class Reading(Generic[T]):
    """The last message about a subject.  It does not change; ask the state again for the next.

    Attributes
    ----------
    value
        The message; None if there was none.
    received_at
        Time of its arrival, in seconds of the mirror's clock; None if there was none.
    age
        Seconds from then until this reading was made.
    validity
        How far it can be relied on.
    """

    value: T | None
    received_at: float | None
    age: float | None
    validity: Validity

    @property
    def is_fresh(self) -> bool:
        """Whether it can be relied on now."""
        return self.validity is Validity.FRESH

    def __str__(self) -> str:
        """Return value, age and validity in one line."""
        if self.age is None:
            return self.validity.value
        return f"{self.value} ({self.validity.value}, {self.age:.1f} s old)"


@dataclass(frozen=True)
class Truth:
    """The answer to a yes-or-no question, and where it comes from.

    ``bool()`` of it is True only where it was seen to be true: not known counts as
    not true.  To ask for the opposite, compare ``value`` with False.

    Attributes
    ----------
    value
        True, False, or None if it is not known.
    evidence
        Statements of the controller from which the value follows.
    contradictions
        Statements of the controller that contradict it.
    """

    value: bool | None
    evidence: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether it was seen to be true."""
        return self.value is True

    def __str__(self) -> str:
        """Return the answer and its reasons in one line."""
        answer = {True: "yes", False: "no", None: "not known"}[self.value]
        reasons = "; ".join(self.evidence)
        against = "".join(f"; but {reason}" for reason in self.contradictions)
        return f"{answer}: {reasons}{against}" if reasons or against else answer


class Entry:
    """The place where the last message about a subject is kept; changed for each one.

    Attributes
    ----------
    message
        The message.
    received_at
        Time of its arrival.
    serial
        Its number among all messages, of both ports, from 1.
    period
        Average of the seconds between two of them; 0 or less while it is not known.
    """

    __slots__ = ("message", "period", "received_at", "serial")

    def __init__(self, message: object, received_at: float, serial: int) -> None:
        self.message = message
        self.received_at = received_at
        self.serial = serial
        self.period = 0.0
