"""The present faults, and the faults that were not reported yet.

Source: :ref:`protocol-faults`.
"""

from collections.abc import Iterable

from ...catalogue.faults import DEFAULT_ENABLED_FAULTS_MASK, Fault, Severity
from ...wire.codec import Message
from . import events

__all__ = ["FaultState"]

#: The table calls it a warning.  The controller treats it as a fault.
_ALSO_OPENS_LOOP = 6057


class FaultState:
    """The faults since the last ``clearErrors``.

    Attributes
    ----------
    enabled
        The mask.  A fault whose bit is 0 is ignored completely.
    status
        The bits of all faults and warnings.
    faulted
        Whether a fault is present that opens the loop.
    """

    def __init__(self) -> None:
        self.enabled = DEFAULT_ENABLED_FAULTS_MASK
        self.clear()

    def clear(self) -> None:
        """Clear everything except the mask."""
        self.status = 0
        self.faulted = False
        self._retracted: set[int] = set()
        self._extended: set[int] = set()
        self._tell_fault = False
        self._tell_status = False
        self._new_retracted: set[int] = set()
        self._new_extended: set[int] = set()

    def add(self, fault: Fault) -> bool:
        """Add a fault.  Return whether it must open the loop.

        A fault that is already present or masked has no effect.
        """
        if not fault.mask & self.enabled or fault.mask & self.status:
            return False
        self.status |= fault.mask
        self._tell_status = True
        opens_loop = fault.severity is Severity.FAULT or fault.code == _ALSO_OPENS_LOOP
        self._tell_fault |= opens_loop
        self.faulted |= opens_loop
        return opens_loop

    def trigger_limit_switches(self, retracted: Iterable[int], extended: Iterable[int]) -> None:
        """Add actuators at their limit switches."""
        self._new_retracted |= set(retracted) - self._retracted
        self._new_extended |= set(extended) - self._extended
        self._retracted |= self._new_retracted
        self._extended |= self._new_extended

    def report_again(self) -> None:
        """Report the present state and limit switches again, for a new client."""
        self._tell_fault = self._tell_status = True
        self._new_retracted, self._new_extended = set(self._retracted), set(self._extended)

    def report(self, loop_closed: bool) -> list[Message]:
        """Return the events that were not sent yet."""
        due = []
        if self._tell_fault:
            due.append(events.force_balance_system_status(loop_closed))
        if self._tell_status:
            due.append(events.summary_faults_status(self.status))
        if self._new_retracted or self._new_extended:
            due.append(events.limit_switch_status(self._new_retracted, self._new_extended))
        self._tell_fault = self._tell_status = False
        self._new_retracted, self._new_extended = set(), set()
        return due
