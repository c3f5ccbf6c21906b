"""The last message of the controller about a subject, and how reliable it is."""

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Entry", "Reading", "Truth", "Validity"]

T = TypeVar("T")


class Validity(enum.Enum):
    """How reliable a reading is."""

    #: No message about it was ever received.
    NEVER = "never received"
    #: Received on the present connection.  Telemetry was also received recently.
    FRESH = "fresh"
    #: Received on an earlier connection, or too long ago, or replaced by other events.
    OLD = "old"
    #: The connection of its port is down.
    LINK_DOWN = "link down"
    #: The power that it needs is off.
    UNPOWERED = "unpowered"


@dataclass(frozen=True)
class Reading(Generic[T]):
    """The last message about a subject.  The object does not change when a new message arrives.

    Attributes
    ----------
    value
        The message.  None if no message was received.
    received_at
        Time of its arrival, in seconds of the mirror's clock.  Through a hub, this is its arrival
        at the service.  None if no message was received.
    age
        Seconds from the arrival until this reading was made.  None if no message was received.
    validity
        How reliable the message is.
    """

    value: T | None
    received_at: float | None
    age: float | None
    validity: Validity

    @property
    def is_fresh(self) -> bool:
        """Whether the validity is FRESH."""
        return self.validity is Validity.FRESH

    def __str__(self) -> str:
        """Return value, age and validity in one line."""
        if self.age is None:
            return self.validity.value
        return f"{self.value} ({self.validity.value}, {self.age:.1f} s old)"


@dataclass(frozen=True)
class Truth:
    """The answer to a yes-or-no question, with its reasons.

    ``bool()`` returns True only if messages show that the answer is yes.  An unknown answer counts
    as False.  To test for a known no, compare ``value`` with False.

    Attributes
    ----------
    value
        True, False, or None if it is not known.
    evidence
        Messages of the controller from which the value follows, in words.
    contradictions
        Messages of the controller that contradict the value, in words.
    """

    value: bool | None
    evidence: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether messages show that the answer is yes."""
        return self.value is True

    def __str__(self) -> str:
        """Return the answer and its reasons in one line."""
        answer = {True: "yes", False: "no", None: "not known"}[self.value]
        reasons = "; ".join(self.evidence)
        against = "".join(f"; but {reason}" for reason in self.contradictions)
        return f"{answer}: {reasons}{against}" if reasons or against else answer


class Entry:
    """Holds the last message about a subject.  The object changes with each message.

    Attributes
    ----------
    message
        The message.
    received_at
        Time of its arrival.
    serial
        Number of the message among all messages of both ports, from 1.
    period
        Average time between two messages, in seconds.  0 or less: not known.
    """

    __slots__ = ("message", "period", "received_at", "serial")

    def __init__(self, message: object, received_at: float, serial: int) -> None:
        self.message = message
        self.received_at = received_at
        self.serial = serial
        self.period = 0.0
