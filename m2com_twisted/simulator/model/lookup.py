"""The look-up tables: the forces that the controller asks of the actuators.

The tables of gravity are smooth functions of the elevation and of an actuator's
place.  The force on an axial actuator is

    constant + sine * sin(elevation) + cosine * cos(elevation)

and each of the three is a Fourier series in the azimuth on each of the three rings,
counted from +y.  The mirror's support repeats itself six times around: gravity along
the axis excites multiples of six, gravity across it those numbers plus and minus one.
The other terms are small: they follow what the mirror is not symmetric in.

How the coefficients were found: the three numbers of each actuator by least squares
from recorded telemetry; then the series, again by least squares, both of the forces
and of the steps that the actuators need to bear them (see `plate`).  Most terms were
added by their use, one by one; the last ones were chosen by hand, because a force that
is 1 N wrong is 16 steps.

The table of temperatures is proportional to how much warmer the mirror is than its
reference, on the average of its ring; its shape repeats itself three times around.

Forces in N, angles in degrees, temperatures in degC.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from .geometry import AXIAL_COUNT, RING_AZIMUTHS

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Weight of the mirror, 1588.65 kg, in N (:ref:`protocol-figures`).
WEIGHT = 1588.65 * 9.8

#: A series in the azimuth: number of periods around and coefficient.
_Series = dict[int, float]


def _series(cosines: Sequence[_Series], sines: Sequence[_Series] = ({}, {}, {})) -> list[float]:
    """Return the values of one series a ring at the 72 axial actuators."""
    values = []
    for ring, even, odd in zip(RING_AZIMUTHS, cosines, sines, strict=True):
        for azimuth in ring:
            value = sum(part * math.cos(order * azimuth) for order, part in even.items())
            value += sum(part * math.sin(order * azimuth) for order, part in odd.items())
            values.append(value)
    return values


_CONSTANT = _series(
    (
        {0: -54.38, 1: -0.0, 2: 0.72, 3: -0.14, 4: -0.1, 5: 0.48, 6: -45.79, 12: -35.99, 13: -0.89},
        {0: 24.14, 1: 0.89, 2: -0.62, 3: 0.74, 4: 0.45, 5: 0.94, 6: 26.51, 10: -0.55},
        {0: 60.54, 2: -0.3, 3: -1.41, 4: 3.7, 5: 1.55, 6: -10.63, 8: -0.76},
    ),
    (
        {
            1: 0.86,
            2: -0.24,
            3: 1.31,
            4: 0.2,
            5: -2.01,
            6: -0.62,
            7: 0.22,
            8: -1.54,
            9: -1.65,
            11: -1.49,
            13: -1.19,
            14: -0.71,
        },
        {1: -1.16, 2: -0.85, 3: 0.85, 4: 1.18, 5: 1.57, 7: 0.76, 10: 1.34},
        {1: -1.72, 2: 0.34, 3: 0.77, 4: 2.47, 5: -0.08},
    ),
)
_SINE = _series(
    (
        {0: 246.6, 2: 1.07, 6: 46.5, 9: -0.67, 12: 35.45},
        {0: 208.42, 2: -0.7, 6: -25.58},
        {0: 196.79, 6: 10.34},
    )
)
_COSINE = _series(
    (
        {1: 15.78, 5: -5.65, 7: -41.04, 8: -1.99, 11: 79.36, 13: -82.12, 14: -1.12},
        {1: 40.97, 4: 0.84, 5: -44.81, 7: 48.99, 8: 1.32, 11: -11.5},
        {1: 25.39, 5: 21.94, 7: -19.31},
    ),
    ({4: -0.72, 7: -1.95, 10: -1.71, 12: -1.44}, {}, {}),
)

#: Constant part of the table for each tangent actuator, in addition to the weight.
_TANGENT = (16.1, -67.9, 59.8, -30.4, -72.9, -92.8)

#: N per degC.
_TEMPERATURE = _series(
    (
        {0: -0.43, 3: 0.304, 6: -0.068, 9: 0.304, 12: 0.719, 15: 0.15},
        {0: 0.58, 6: -1.045},
        {0: -0.405, 6: 0.471},
    ),
    ({6: -0.116, 12: -0.16}, {6: 0.046}, {6: -0.018}),
)


def weight_on_actuators(elevation: float) -> list[float]:
    """Return the part of the weight on each of the 78 actuators, as on equal springs."""
    axial = WEIGHT * math.sin(math.radians(elevation)) / AXIAL_COUNT
    return [axial] * AXIAL_COUNT + _weight_on_tangents(elevation)


def _weight_on_tangents(elevation: float) -> list[float]:
    quarter = WEIGHT * math.cos(math.radians(elevation)) / 4
    return [0.0, -quarter, -quarter, 0.0, quarter, quarter]


# Kept, because in most cycles the telescope does not move.  Two, for a simulator whose
# axial and tangent tables are for different elevations.
@lru_cache(maxsize=8)
def gravity_table(elevation: float, tangent_elevation: float) -> tuple[float, ...]:
    """Return the table's force for each of the 78 actuators.

    Parameters
    ----------
    elevation
        Elevation for the table of the axial actuators.
    tangent_elevation
        Elevation for the table of the tangent actuators.
    """
    sine, cosine = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    axial = [
        constant + sine * along + cosine * across
        for constant, along, across in zip(_CONSTANT, _SINE, _COSINE, strict=True)
    ]
    weight = _weight_on_tangents(tangent_elevation)
    return (*axial, *(part + own for part, own in zip(weight, _TANGENT, strict=True)))


def temperature_table(warmer: float) -> list[float]:
    """Return the table's force for each of the 72 axial actuators.

    Parameters
    ----------
    warmer
        How much warmer the mirror is than its reference, on average.
    """
    return [warmer * each for each in _TEMPERATURE]
