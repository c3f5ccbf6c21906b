"""The look-up tables: the forces that the actuators should have.

The tables of gravity are smooth functions of the elevation and of the position of an
actuator.  The force on an axial actuator is

    constant + sine * sin(elevation) + cosine * cos(elevation)

Each of the three coefficients is a Fourier series in the azimuth, one series for each of the
three rings.  The azimuth counts from +y.  The support of the mirror has a sixfold symmetry.
So gravity along the axis gives terms whose order is a multiple of six.  Gravity across the axis
gives these orders plus and minus one.  The other terms are small.  They describe where the
mirror is not symmetric.

How the coefficients were found: the three numbers of each actuator follow from recorded
telemetry by least squares.  The series follow from these numbers, again by least squares of
three things: the forces, the steps that the actuators need to bear them (see `plate`), and the
sums that the hardpoints bear.  Most terms were added one by one, the most useful ones first.
The last ones were chosen by hand, because an error of 1 N costs 16 steps.

The table of temperatures is proportional to the average temperature of the ring above its
reference.  Its shape has a threefold symmetry.

Forces are in N, angles in degrees, temperatures in degC.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from .geometry import AXIAL_COUNT, RING_AZIMUTHS

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Weight of the mirror, 1588.65 kg, in N (:ref:`protocol-figures`).
WEIGHT = 1588.65 * 9.8

#: A series in the azimuth: the coefficient by the number of periods in a full circle.
_Series = dict[int, float]


def _series(cosines: Sequence[_Series], sines: Sequence[_Series] = ({}, {}, {})) -> list[float]:
    """Return the values at the 72 axial actuators of three series, one for each ring."""
    values = []
    for ring, even, odd in zip(RING_AZIMUTHS, cosines, sines, strict=True):
        for azimuth in ring:
            value = sum(part * math.cos(order * azimuth) for order, part in even.items())
            value += sum(part * math.sin(order * azimuth) for order, part in odd.items())
            values.append(value)
    return values


_CONSTANT = _series(
    (
        {
            0: -54.71,
            1: 0.02,
            2: 0.79,
            3: -0.04,
            4: -0.51,
            5: 0.33,
            6: -45.47,
            12: -36.53,
            13: -1.32,
        },
        {0: 24.43, 1: 0.67, 2: -0.37, 3: 1.05, 4: 0.36, 5: 0.72, 6: 26.78, 10: -0.74},
        {0: 61.01, 2: -0.16, 3: -1.09, 4: 3.74, 5: 1.04, 6: -10.89, 8: -0.86},
    ),
    (
        {
            1: 0.52,
            2: -0.81,
            3: 1.03,
            4: -0.44,
            5: -2.29,
            6: -0.52,
            7: 0.26,
            8: -1.18,
            9: -1.77,
            11: -1.22,
            13: -1.18,
            14: -0.87,
        },
        {1: -0.4, 2: -0.09, 3: 0.79, 4: 1.34, 5: 1.42, 7: 0.86, 10: 1.38},
        {1: -0.45, 2: 1.52, 3: 0.54, 4: 1.73, 5: -0.07},
    ),
)
_SINE = _series(
    (
        {0: 247.11, 2: 0.87, 6: 45.76, 9: -0.89, 12: 36.57},
        {0: 208.48, 2: -0.74, 6: -26.41},
        {0: 196.10, 6: 10.73},
    ),
)
_COSINE = _series(
    (
        {1: 15.95, 5: -5.53, 7: -40.59, 8: -1.72, 11: 79.76, 13: -82.45, 14: -1.08},
        {1: 41.6, 4: 0.98, 5: -44.6, 7: 49.26, 8: 1.28, 11: -11.72},
        {1: 25.97, 5: 22.69, 7: -19.68},
    ),
    ({4: -0.15, 7: -2.41, 10: -2.96, 12: -0.69}, {}, {}),
)

#: Constant part of the table for each tangent actuator, in addition to the weight.
_TANGENT = (16.1, -67.9, 59.8, -30.4, -72.9, -92.8)

#: The table of temperatures, in N per degC.
_TEMPERATURE = _series(
    (
        {0: -0.43, 3: 0.304, 6: -0.068, 9: 0.304, 12: 0.719, 15: 0.15},
        {0: 0.58, 6: -1.045},
        {0: -0.405, 6: 0.471},
    ),
    ({6: -0.116, 12: -0.16}, {6: 0.046}, {6: -0.018}),
)


def weight_on_actuators(elevation: float) -> list[float]:
    """Return the part of the weight on each of the 78 actuators, as if they were equal springs."""
    axial = WEIGHT * math.sin(math.radians(elevation)) / AXIAL_COUNT
    return [axial] * AXIAL_COUNT + _weight_on_tangents(elevation)


def _weight_on_tangents(elevation: float) -> list[float]:
    quarter = WEIGHT * math.cos(math.radians(elevation)) / 4
    return [0.0, -quarter, -quarter, 0.0, quarter, quarter]


# Cached, because in most cycles the telescope does not move.  There are several entries for
# several simulators in one process.
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
        Average temperature of the ring above its reference, in degC.
    """
    return [warmer * each for each in _TEMPERATURE]
