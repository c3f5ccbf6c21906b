"""The sums of the forces of the 78 actuators, and of their moments.

Forces are in N, moments in N*m.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from .geometry import (
    AXIAL,
    AXIAL_LOCATIONS,
    TANGENT,
    TANGENT_ANGLES,
    TANGENT_RADIUS,
)

__all__ = ["net"]

#: The three sums to which a force adds.
Triple = tuple[float, float, float]

# Effect of one newton at each actuator.  An axial one adds to fz, mx and my.  A tangent one
# adds to fx, fy and the moment mz per metre of arm.
_EFFECTS: tuple[Triple, ...] = tuple((1.0, y, x) for x, y in AXIAL_LOCATIONS) + tuple(
    (math.cos(angle), math.sin(angle), 1.0) for angle in TANGENT_ANGLES
)


def net(forces: Sequence[float]) -> tuple[float, float, float, float, float, float]:
    """Return fx, fy, fz, mx, my, mz of all 78 forces."""
    return _net(tuple(forces))


# Cached, because two topics of telemetry need the same sums in every cycle.
@lru_cache(maxsize=8)
def _net(forces: tuple[float, ...]) -> tuple[float, float, float, float, float, float]:
    fz, mx, my = _effect(AXIAL, forces)
    fx, fy, turn = _effect(TANGENT, forces)
    return fx, fy, fz, mx, my, turn * TANGENT_RADIUS


def _effect(actuators: Iterable[int], forces: Sequence[float]) -> Triple:
    """Return the three sums for some of the 78 forces.  All must be axial, or all tangent."""
    first = second = third = 0.0
    for actuator in actuators:
        force, (a, b, c) = forces[actuator], _EFFECTS[actuator]
        first += force * a
        second += force * b
        third += force * c
    return first, second, third
