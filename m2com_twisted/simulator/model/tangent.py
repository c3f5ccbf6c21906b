"""The forces that follow from steps of the tangent actuators.

The mirror does not bend sideways.  For sideways forces it is a rigid body on six springs, of
which no two are alike.  What holds it along the axis resists a little, in proportion to the
motion.  The load cells are not quite equal.  For both reasons the sum of the measured forces is
not 0.

A tangent actuator pulls at the rim, and not in the middle plane of the mirror.  So its force
also bends the mirror: mostly into two lobes, and a little into three.  This changes the forces
on the axial actuators.

How the constants were found: recorded telemetry gives the forces that follow from steps of
each tangent actuator.  The constants follow by least squares.  After 1000 steps the six forces
differ from the recorded ones by 1.1 N (RMS), and the axial ones by 0.14 N.  The remaining
differences vary from pair to pair at random.

Forces are in N.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

from .geometry import AXIAL_COUNT, AXIAL_LOCATIONS, TANGENT_ANGLES, TANGENT_COUNT, solve

__all__ = ["forces_of_steps"]

#: Force in N for one step of each tangent actuator, if the mirror does not move.
_SPRINGS = (0.181, 0.156, 0.171, 0.151, 0.174, 0.148)

#: What the load cell of each tangent actuator reads for 1 N.
_READINGS = (0.966, 0.967, 1.021, 1.027, 0.985, 1.034)

#: Resistance to a motion along x or y in N per step, and to a rotation by one step at the
#: tangent actuators, in N at their radius.
_SHIFT_RESISTANCE, _TURN_RESISTANCE = 0.0027, 0.0018

#: Force on an axial actuator for 1 N at a tangent one: lobes, power of the radius in m, factor.
_BENDING = ((2, 2, -0.00458), (2, 4, 0.00078), (3, 3, 0.00042))

#: Azimuths of the tangent actuators, in rad clockwise from +y.  A1 is at -y, and the others follow
#: clockwise.
_AZIMUTHS = tuple(math.pi + angle for angle in TANGENT_ANGLES)

#: Effect of 1 N at each tangent actuator: along x, along y, and around z.
_EFFECTS = tuple((math.cos(angle), math.sin(angle), 1.0) for angle in TANGENT_ANGLES)


def forces_of_steps(steps: Sequence[int]) -> list[float]:
    """Return the force that each of the 78 actuators gets from steps of the tangent ones."""
    if not any(steps):
        return [0.0] * (AXIAL_COUNT + TANGENT_COUNT)
    # Written out, which takes a third of the time of a sum for each row.
    one, two, three, four, five, six = steps
    return [
        a * one + b * two + c * three + d * four + e * five + f * six
        for a, b, c, d, e, f in _stiffness()
    ]


@lru_cache(maxsize=1)
def _stiffness() -> tuple[tuple[float, ...], ...]:
    """Return the force in N on each of the 78 actuators for one step of each tangent one."""
    tangent = list(zip(*map(_forces_of_step, range(TANGENT_COUNT)), strict=True))
    columns = list(zip(*tangent, strict=True))
    axial = [
        tuple(sum(map(mul, bent, column)) for column in columns)
        for bent in map(_bending, AXIAL_LOCATIONS)
    ]
    return (*axial, *tangent)


def _forces_of_step(moved: int) -> list[float]:
    """Return the readings of the six load cells after one step of one tangent actuator."""
    resistance = [
        [
            sum(k * effect[i] * effect[j] for k, effect in zip(_SPRINGS, _EFFECTS, strict=True))
            for j in range(3)
        ]
        for i in range(3)
    ]
    for i, own in enumerate((_SHIFT_RESISTANCE, _SHIFT_RESISTANCE, _TURN_RESISTANCE)):
        resistance[i][i] += own
    # The mirror moves until the forces balance.
    motion = solve(resistance, [_SPRINGS[moved] * part for part in _EFFECTS[moved]])
    forces = []
    for index, (spring, reading) in enumerate(zip(_SPRINGS, _READINGS, strict=True)):
        extended = (index == moved) - sum(map(mul, _EFFECTS[index], motion))
        forces.append(reading * spring * extended)
    return forces


def _bending(place: tuple[float, float]) -> list[float]:
    """Return the axial force at a place for 1 N of each tangent actuator."""
    x, y = place
    radius, azimuth = math.hypot(x, y), math.atan2(x, y)
    return [
        sum(
            factor * radius**power * math.sin(lobes * (azimuth - pulled))
            for lobes, power, factor in _BENDING
        )
        for pulled in _AZIMUTHS
    ]
