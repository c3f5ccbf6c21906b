"""The table of faults and warnings the cell controller reports.

Each is one bit of the event ``summaryFaultsStatus`` and of the mask set with
``setEnabledFaultsMask``, and has a code under which operators know it
(:ref:`protocol-faults`).
"""

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "DEFAULT_ENABLED_FAULTS_MASK",
    "FAULTS",
    "Fault",
    "Severity",
    "fault_by_code",
    "faults_in",
]

#: The mask a controller starts with: everything but the reserved bits 35-54.
DEFAULT_ENABLED_FAULTS_MASK = 0xFF80_0007_FFFF_FFFF


class Severity(Enum):
    """What the controller does about a fault."""

    FAULT = "fault"  #: it opens the control loop
    WARNING = "warning"  #: it only reports


@dataclass(frozen=True)
class Fault:
    """One row of the table.

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
    """

    bit: int
    code: int
    severity: Severity
    name: str

    @property
    def mask(self) -> int:
        """The value of its bit."""
        return 1 << self.bit


_F = Severity.FAULT
_W = Severity.WARNING

#: All faults, by bit.  The bits not listed are reserved.
FAULTS = (
    Fault(3, 6051, _F, "actuator ILC read"),
    Fault(4, 6055, _F, "excessive force"),
    Fault(5, 6057, _W, "limit switch in open loop"),
    Fault(6, 6056, _F, "limit switch in closed loop"),
    Fault(7, 6058, _F, "inclinometer"),
    Fault(8, 6059, _W, "inclinometer"),
    Fault(9, 6061, _F, "motor voltage"),
    Fault(10, 6062, _W, "motor voltage"),
    Fault(11, 6063, _F, "communication voltage"),
    Fault(12, 6064, _W, "communication voltage"),
    Fault(13, 6065, _F, "motor current"),
    Fault(14, 6066, _F, "communication current"),
    Fault(15, 6067, _F, "power relay"),
    Fault(16, 6068, _F, "power supply health"),
    Fault(17, 6069, _F, "several communication breakers"),
    Fault(18, 6070, _F, "several motor breakers"),
    Fault(19, 6071, _W, "one breaker"),
    Fault(20, 6072, _F, "load sharing of the power supplies"),
    Fault(21, 6078, _W, "displacement sensor range"),
    Fault(22, 6079, _F, "inclinometer range"),
    Fault(23, 6080, _F, "mirror temperature range"),
    Fault(24, 6081, _W, "mirror temperature range"),
    Fault(25, 6082, _W, "airflow temperature"),
    Fault(26, 6083, _F, "axial actuator encoder range"),
    Fault(27, 6084, _F, "tangent actuator encoder range"),
    Fault(32, 6088, _F, "tangent load cell"),
    Fault(33, 6060, _F, "inclinometer difference"),
    Fault(34, 6052, _W, "monitoring ILC read"),
    Fault(55, 6077, _F, "configuration file"),
    Fault(56, 6054, _F, "ILC state transition"),
    Fault(57, 6053, _F, "controller communication"),
    Fault(58, 6086, _W, "telescope mount communication"),
    Fault(59, 6085, _F, "telescope mount communication"),
    Fault(60, 6075, _W, "cell temperature"),
    Fault(61, 6073, _F, "50 ms cycle overrun"),
    Fault(62, 6074, _W, "50 ms cycle overrun"),
    Fault(63, 6087, _F, "user emergency stop"),
)

_BY_CODE = {fault.code: fault for fault in FAULTS}


def fault_by_code(code: int) -> Fault:
    """Return the fault with a code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return _BY_CODE[code]


def faults_in(status: int) -> list[Fault]:
    """Return the faults whose bits are set in a ``summaryFaultsStatus``, by bit."""
    return [fault for fault in FAULTS if status & fault.mask]
