"""The limits of the forces at which the controller reports a fault.

Forces are in N.  Lists contain one value per actuator, axial before tangent.
Source: :ref:`protocol-faults`.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import ge, le, neg

from .geometry import AXIAL_COUNT, TANGENT_COUNT

__all__ = [
    "CLOSED_LOOP_LIMITS",
    "OPEN_LOOP_LIMITS",
    "OPEN_LOOP_MAX_LIMITS",
    "at_limit",
    "tangent_errors",
    "tangents_at_limit",
]

#: Magnitude of the force on each actuator from which it is a fault.
CLOSED_LOOP_LIMITS = (444.82,) * AXIAL_COUNT + (5800.0,) * TANGENT_COUNT
OPEN_LOOP_LIMITS = (489.3,) * AXIAL_COUNT + (6005.1,) * TANGENT_COUNT
OPEN_LOOP_MAX_LIMITS = (622.75,) * AXIAL_COUNT + (6227.51,) * TANGENT_COUNT

#: Magnitude of the errors of the tangent load cells from which they are a fault.
_TANGENT_WEIGHT, _TANGENT_SUM, _TANGENT_FORCE = 5000.0, 1000.0, 2000.0

_COSINE = math.cos(math.radians(30))


def at_limit(forces: Sequence[float], limits: Sequence[float]) -> tuple[list[int], list[int]]:
    """Return the actuators at their limits that must retract, and those that must extend."""
    # In most cycles no force is at its limit.
    if not any(map(ge, map(abs, forces), limits)):
        return [], []
    retract = [index for index, there in enumerate(map(ge, forces, limits)) if there]
    extend = [index for index, there in enumerate(map(le, forces, map(neg, limits))) if there]
    return retract, extend


# Cached, because the forces change rarely.
@lru_cache(maxsize=8)
def tangent_errors(
    forces: tuple[float, ...], quarter: float
) -> tuple[tuple[float, ...], float, float]:
    """Return the errors of the six tangent load cells, of the weight and of the sum.

    Parameters
    ----------
    forces
        The force on each tangent actuator.
    quarter
        A quarter of the weight along +y, which each of four actuators should bear.
    """
    first, second, third, fourth, fifth, sixth = forces
    errors = (
        first,
        second * _COSINE + quarter,
        third * _COSINE + quarter,
        fourth,
        fifth * _COSINE - quarter,
        sixth * _COSINE - quarter,
    )
    weight = _COSINE * (fifth + sixth - second - third) - 4 * quarter
    return errors, weight, sum(forces)


def tangents_at_limit(errors: Sequence[float], weight: float, total: float) -> bool:
    """Return whether the errors of the tangent load cells are a fault."""
    return (
        abs(weight) >= _TANGENT_WEIGHT
        or abs(total) >= _TANGENT_SUM
        or any(abs(error) >= _TANGENT_FORCE for error in errors)
    )
