"""The protection of the mirror: faults, and the limits that raise them.

Source: :ref:`protocol-faults`.
"""

from collections.abc import Callable
from functools import lru_cache

from ...catalogue.faults import fault_by_code
from .fault_state import FaultState
from .geometry import AXIAL_COUNT
from .limits import (
    CLOSED_LOOP_LIMITS,
    OPEN_LOOP_LIMITS,
    OPEN_LOOP_MAX_LIMITS,
    at_limit,
    tangent_errors,
    tangents_at_limit,
)
from .lookup import weight_on_actuators
from .mirror import Mirror

__all__ = ["Protection"]


# Cached, because in most cycles the telescope does not move.
@lru_cache(maxsize=8)
def _quarter(elevation: float) -> float:
    """Return a quarter of the weight along +y, which each of four tangent actuators bears."""
    return -weight_on_actuators(elevation)[AXIAL_COUNT + 1]


class Protection:
    """Checks forces and angles in each cycle, and reacts to faults.

    Parameters
    ----------
    faults
        The present faults.
    mirror
        Mirror to be protected.
    act
        Called for each fault that opens the loop.
    hold
        None: ``act`` is called once for each fault.  Otherwise this is called in each
        cycle in which the cause of a fault is present, even if the fault is masked, and
        then ``act`` is called again if any fault is known.  The original does this.
    """

    def __init__(
        self,
        faults: FaultState,
        mirror: Mirror,
        act: Callable[[], None],
        hold: Callable[[], None] | None = None,
    ) -> None:
        self._faults = faults
        self._mirror = mirror
        self._act = act
        self._hold = hold
        self._tangents_judged = False

    def raise_fault(self, code: int) -> None:
        """Report a fault and react as the controller does.

        Raises
        ------
        KeyError
            If there is no fault of this code.
        """
        if self._faults.add(fault_by_code(code)):
            self._act()

    def check_forces(self, elevation: float, max_limit: bool) -> None:
        """Check the forces on all actuators.

        Parameters
        ----------
        elevation
            Elevation at which the mirror hangs, in degrees.
        max_limit
            Whether the wider limits of the open loop apply.
        """
        if self._mirror.loop_closed:
            limits, code = CLOSED_LOOP_LIMITS, 6056
        else:
            limits = OPEN_LOOP_MAX_LIMITS if max_limit else OPEN_LOOP_LIMITS
            code = 6057
        retracted, extended = at_limit(self._mirror.measured, limits)
        if retracted or extended:
            if max_limit:
                self._faults.trigger_limit_switches(retracted, extended)
            self._cause_holds(code)
        # The controller takes the errors of the tangent load cells from its telemetry, so it
        # sees them one cycle later.
        late, self._tangents_judged = (
            self._tangents_judged,
            tangents_at_limit(*self.tangent_errors(elevation)),
        )
        if late:
            self._cause_holds(6088)

    def tangent_errors(self, elevation: float) -> tuple[tuple[float, ...], float, float]:
        """Return the errors of the six tangent load cells, of the weight and of the sum, in N."""
        return tangent_errors(tuple(self._mirror.measured[AXIAL_COUNT:]), _quarter(elevation))

    def check_angles(self, difference: float, maximum: float) -> None:
        """Check the difference of two elevations, in degrees."""
        if abs(difference) > maximum:
            self._cause_holds(6060)

    def _cause_holds(self, code: int) -> None:
        """React to a fault whose cause is present in this cycle."""
        self.raise_fault(code)
        if self._hold is not None:
            self._hold()
            if self._faults.faulted:
                self._act()
