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
and within 3 % + 1 N near the zenith, where most recordings were made; the sum of all is
within 4 N, their moments are within 4 N*m.

The table of temperatures is proportional to how much warmer the mirror is than its
reference, on the average of its ring; its shape repeats itself three times around.

Forces in N, angles in degrees, temperatures in degC.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from .geometry import AXIAL_COUNT, RINGS, ring_azimuths

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Weight of the mirror, 1588.65 kg, in N (:ref:`protocol-figures`).
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
        {0: -53.93, 6: -45.71, 8: -1.26, 12: -37.25, 13: -3.2},
        {0: 24.06, 1: 3.97, 6: 27.23, 8: 1.48},
        {0: 60.19, 1: -4.74, 4: 2.96, 6: -11.16},
    ),
    (
        {
            3: 1.46,
            5: -2.23,
            6: -0.81,
            7: -1.25,
            8: -2.24,
            9: -1.76,
            10: -1.57,
            11: -1.3,
            12: -1.69,
            13: -0.8,
        },
        {3: 1.08, 4: 0.81, 10: 1.44},
        {1: -0.71},
    ),
)
_SINE = _series(
    (
        {0: 246.35, 6: 46.45, 12: 37.27},
        {0: 208.46, 6: -29.23},
        {0: 196.93, 6: 10.54},
    )
)
_COSINE = _series(
    (
        {1: 15.78, 5: -5.0, 7: -41.53, 11: 80.04, 13: -80.38},
        {1: 38.39, 5: -44.32, 7: 48.71, 11: -10.96},
        {1: 29.61, 5: 23.47, 7: -18.09},
    )
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
