"""The faults and warnings that the cell controller reports.

Each is one bit of the event ``summaryFaultsStatus`` and of the mask set with
``setEnabledFaultsMask``.  Each has a code, which operators use.  Of the 64 bits, 37 are
faults and warnings, and 27 are reserved.  Only older controllers also send the codes, in
the event ``errorCode``.

Source: :ref:`protocol-faults`.
"""

from .fault import Fault, Severity
from .fault_table import FAULTS

__all__ = [
    "BITS",
    "DEFAULT_ENABLED_FAULTS_MASK",
    "FAULTS",
    "Fault",
    "Severity",
    "bits_in",
    "fault_by_code",
    "faults_in",
]

#: The mask a controller starts with: everything but the reserved bits 35-54.
DEFAULT_ENABLED_FAULTS_MASK = 0xFF80_0007_FFFF_FFFF

_BY_BIT = {fault.bit: fault for fault in FAULTS}
_BY_CODE = {fault.code: fault for fault in FAULTS}

#: All 64 bits.  A reserved bit has the code that older tables gave it: 1000 plus the bit.
BITS = tuple(
    _BY_BIT.get(bit)
    or Fault(bit, 1000 + bit, Severity.RESERVED, "reserved", "It has no meaning yet.", "Report it.")
    for bit in range(64)
)


def fault_by_code(code: int) -> Fault:
    """Return the fault with a code.

    Raises
    ------
    KeyError
        If there is no such fault.
    """
    return _BY_CODE[code]


def faults_in(status: int) -> list[Fault]:
    """Return the faults whose bits are set in a ``summaryFaultsStatus``, by bit."""
    return [fault for fault in FAULTS if status & fault.mask]


def bits_in(status: int) -> list[Fault]:
    """Return the same faults, and also the reserved bits that are set, by bit."""
    return [fault for fault in BITS if status & fault.mask]
