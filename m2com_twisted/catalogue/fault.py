"""The description of a fault."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Fault", "Severity"]


class Severity(Enum):
    """The reaction of the controller to a fault."""

    FAULT = "fault"  #: it opens the control loop
    WARNING = "warning"  #: it only reports
    RESERVED = "reserved"  #: nothing is known


@dataclass(frozen=True)
class Fault:
    """A fault or warning: one row of the table.

    Attributes
    ----------
    bit
        Its bit in ``summaryFaultsStatus``, 0 to 63.
    code
        Its code in the observatory's event ``errorCode``.
    severity
        Fault or warning.
    name
        A few words for a log line or a status display.
    meaning
        One sentence that says what has happened.
    advice
        Advice for a person.
    """

    bit: int
    code: int
    severity: Severity
    name: str
    meaning: str = ""
    advice: str = ""

    @property
    def mask(self) -> int:
        """The value of its bit."""
        return 1 << self.bit
