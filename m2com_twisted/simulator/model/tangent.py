"""The forces that follow from steps of the tangent actuators.

The mirror does not bend sideways.  For sideways forces it is a rigid body on six nearly equal
springs.  The forces of the springs are in balance.  But the load cells are not quite equal, so
the sum of the measured forces is not 0.

A tangent actuator pulls at the rim, and not in the middle plane of the mirror.  So its force
also bends the mirror: mostly into two lobes, and a little into three.  This changes the forces
on the axial actuators.

How the constants were found: recorded telemetry gives the forces that follow from steps of
each tangent actuator.  The constants follow by least squares.  After 1000 steps the six forces
differ from the recorded ones by 1.3 N (RMS), and the axial ones by 0.14 N.  The remaining
differences vary from pair to pair at random.

Forces are in N.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

from .geometry import AXIAL_COUNT, AXIAL_LOCATIONS, TANGENT_ANGLES, TANGENT_COUNT, solve

__all__ = ["forces_of_steps"]

#: Force in N for one step of a tangent actuator, if the mirror does not move.
_SPRING = 0.16316

#: Variation of that force around the mirror: cosine and sine of twice the angle.
_SPRING_LOBES = (0.00302, 0.00406)

#: Error of the load cells as a part of the force: cosine and sine of twice the angle.
_READING_LOBES = (-0.0096, -0.0317)

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
    springs = [_SPRING + _lobes(_SPRING_LOBES, angle) for angle in TANGENT_ANGLES]
    resistance = [
        [
            sum(k * effect[i] * effect[j] for k, effect in zip(springs, _EFFECTS, strict=True))
            for j in range(3)
        ]
        for i in range(3)
    ]
    # The mirror moves until the forces balance.
    motion = solve(resistance, [springs[moved] * part for part in _EFFECTS[moved]])
    forces = []
    for index, (spring, effect) in enumerate(zip(springs, _EFFECTS, strict=True)):
        extended = (index == moved) - sum(map(mul, effect, motion))
        reading = 1 + _lobes(_READING_LOBES, TANGENT_ANGLES[index])
        forces.append(reading * spring * extended)
    return forces


def _lobes(factors: tuple[float, float], angle: float) -> float:
    cosine, sine = factors
    return cosine * math.cos(2 * angle) + sine * math.sin(2 * angle)


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
