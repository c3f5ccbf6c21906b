"""The look-up tables: the forces that the controller asks of the actuators.

The tables of gravity are smooth functions of the elevation and of an actuator's
place.  The force on an axial actuator is

    constant + sine * sin(elevation) + cosine * cos(elevation)

and each of the three is a Fourier series in the azimuth on each of the three rings,
counted from +y.  The mirror's support repeats itself six times around: gravity along
the axis excites multiples of six, gravity across it those numbers plus and minus one.
The small other terms of the constant follow what differs between single actuators.

How the coefficients were found: the three numbers of each actuator by least squares
from recorded telemetry at 179 elevations; then the series by linear programming, with
terms added until every force was within 3 % + 2 N of the recorded at every elevation,
and within 3 % + 1 N near the zenith, where most recordings were made.

The table of temperatures is proportional to how much warmer the mirror is than its
reference, on the average of its ring; its shape repeats itself three times around.

Forces in N, angles in degrees, temperatures in degC.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from .geometry import AXIAL_COUNT, RINGS, ring_azimuths

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Of the mirror, 1588.65 kg, in N (:ref:`protocol-figures`).
WEIGHT = 1588.65 * 9.8

#: A series in the azimuth: number of periods around and coefficient.
_Series = dict[int, float]


def _series(cosines: Sequence[_Series], sines: Sequence[_Series] = ({}, {}, {})) -> list[float]:
    """Return the values of one series a ring at the 72 axial actuators."""
    values = []
    for ring, even, odd in zip(RINGS, cosines, sines, strict=True):
        for azimuth in ring_azimuths(ring):
            value = sum(part * math.cos(order * azimuth) for order, part in even.items())
            value += sum(part * math.sin(order * azimuth) for order, part in odd.items())
            values.append(value)
    return values


_CONSTANT = _series(
    (
        {0: -54.45, 6: -45.83, 8: -1.35, 12: -37.26, 13: -3.36},
        {0: 24.24, 6: 26.8, 8: 1.39},
        {0: 60.84, 4: 3.24, 6: -10.3},
    ),
    (
        {
            3: 1.48,
            5: -2.35,
            6: -1.41,
            7: -1.49,
            8: -1.8,
            9: -1.74,
            10: -1.76,
            11: -1.03,
            12: -1.63,
            13: -0.96,
        },
        {3: 0.9, 4: 1.23, 10: 1.46},
        {},
    ),
)
_SINE = _series(
    (
        {0: 246.9, 6: 46.26, 12: 37.46},
        {0: 208.56, 6: -26.07},
        {0: 195.91, 6: 5.99},
    )
)
_COSINE = _series(
    (
        {1: 15.91, 5: -4.68, 7: -41.69, 11: 80.72, 13: -80.46},
        {1: 42.29, 5: -43.82, 7: 48.63, 11: -11.29},
        {1: 24.64, 5: 22.8, 7: -18.82},
    )
)

#: What the table has on each tangent actuator beside the weight, at any elevation.
_TANGENT = (16.1, -67.9, 59.8, -30.4, -72.9, -92.8)

#: N per degC.
_TEMPERATURE = _series(
    (
        {0: -0.43, 3: 0.3, 6: -0.07, 9: 0.3, 12: 0.72, 15: 0.15},
        {0: 0.58, 6: -1.04},
        {0: -0.41, 6: 0.47},
    )
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
        Of the axial actuators' table.
    tangent_elevation
        Of the tangent actuators' table.
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
