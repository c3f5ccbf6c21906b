"""The weight on the actuators, and the look-up table of what they should bear.

The table is smooth and synthetic: only its sums are those of the real one.
Forces in N, angles in degrees, temperatures in degC.

Source of the figures: :ref:`protocol-figures`.
"""

import math
from functools import lru_cache
from operator import mul

from .geometry import AXIAL_COUNT, AXIAL_LOCATIONS

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Of the mirror, 1588.65 kg, in N.
WEIGHT = 1588.65 * 9.8


def weight_on_actuators(elevation: float) -> list[float]:
    """Return the force on each of the 78 actuators if all bear alike."""
    axial = WEIGHT * math.sin(math.radians(elevation)) / AXIAL_COUNT
    tangent = WEIGHT * math.cos(math.radians(elevation)) / 4
    return [axial] * AXIAL_COUNT + [0.0, -tangent, -tangent, 0.0, tangent, tangent]


# The table differs from the even weight by shapes without a net force or
# moment, so that it carries the whole mirror at every elevation: the inner
# rings bear more, and the load leans towards the lower edge.
_ANGLES = [math.atan2(y, x) for x, y in AXIAL_LOCATIONS]
_MEAN_SQUARE = sum(x * x + y * y for x, y in AXIAL_LOCATIONS) / AXIAL_COUNT
_SAG = [0.1 * (_MEAN_SQUARE - x * x - y * y) for x, y in AXIAL_LOCATIONS]
_LEAN = [0.02 * math.sin(3 * angle) for angle in _ANGLES]
_TANGENT = (0.02, -0.01, -0.01, 0.02, -0.01, -0.01)


# Kept, like the other table, because in most cycles the telescope does not
# move.  A few, for as many simulators in one process.
@lru_cache(maxsize=8)
def gravity_table(elevation: float) -> tuple[float, ...]:
    """Return the table's force for each of the 78 actuators."""
    each = WEIGHT / AXIAL_COUNT
    sine, cosine = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    shape = [each * (sine * sag + cosine * lean) for sag, lean in zip(_SAG, _LEAN, strict=True)]
    shape += [WEIGHT * cosine * part for part in _TANGENT]
    pairs = zip(weight_on_actuators(elevation), shape, strict=True)
    return tuple(even + part for even, part in pairs)


_RING_COSINES = [math.cos(math.radians(30 * sensor)) / 6 for sensor in range(12)]
_RING_SINES = [math.sin(math.radians(30 * sensor)) / 6 for sensor in range(12)]

# N per degC, for the mean of the ring and for its first harmonic.
_SHAPES = [
    (0.4 * math.cos(3 * angle), 0.3 * math.cos(2 * angle), 0.3 * math.sin(2 * angle))
    for angle in _ANGLES
]


@lru_cache(maxsize=8)
def temperature_table(difference: tuple[float, ...]) -> tuple[float, ...]:
    """Return the table's force for each of the 72 axial actuators.

    Parameters
    ----------
    difference
        Of the 12 ring temperatures to their reference.
    """
    mean = sum(difference) / len(difference)
    x = sum(map(mul, difference, _RING_COSINES))
    y = sum(map(mul, difference, _RING_SINES))
    return tuple([mean * bend + x * c + y * s for bend, c, s in _SHAPES])
