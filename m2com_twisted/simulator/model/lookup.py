"""The look-up tables: the forces that the actuators should have.

The tables of gravity are smooth functions of the elevation and of the position of an
actuator.  The force on an axial actuator is

    constant + sine * sin(elevation) + cosine * cos(elevation)

at every multiple of 5 degrees.  Between two of these the table is a straight line.  Each of the
three coefficients is a Fourier series in the azimuth, one series for each of the three rings.
The azimuth counts from +y.  The support of the mirror has a sixfold symmetry.  So gravity along
the axis gives terms whose order is a multiple of six.  Gravity across the axis gives these orders
plus and minus one.  The other terms are small.  They describe where the mirror is not symmetric.

How the coefficients were found: the three numbers of each actuator follow from recorded
telemetry by least squares.  The series follow from these numbers, again by least squares of
three things: the forces, the steps that the actuators need to bear them (see `plate`), and the
sums that the hardpoints bear.  The terms of the symmetry and those of the orders 0 and 1 came
first, then the others one by one, the most useful ones first, until the forces agreed within
1.5 N and the steps within 26.

The table of temperatures is proportional to the average temperature of the ring above its
reference.  Its shape has a threefold symmetry.

Forces are in N, angles in degrees, temperatures in degC.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from .geometry import AXIAL_COUNT, RING_AZIMUTHS

__all__ = ["WEIGHT", "gravity_table", "temperature_table", "weight_on_actuators"]

#: Weight of the mirror, 1588.65 kg, in N (:ref:`protocol-figures`).
WEIGHT = 1588.65 * 9.8

#: Degrees from one entry of the table to the next.
_TABLE_STEP = 5.0

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
            0: -54.50,
            1: -0.12,
            2: 1.44,
            5: 0.61,
            6: -45.74,
            8: -0.39,
            9: -0.36,
            11: -0.34,
            12: -36.43,
            13: -0.77,
            15: 0.32,
        },
        {0: 24.26, 1: 0.60, 3: 0.76, 4: 0.49, 6: 26.66, 7: 0.50, 8: 0.51, 10: -0.72},
        {0: 60.65, 1: 0.67, 3: -1.28, 4: 3.41, 5: 1.10, 6: -10.81, 7: -0.62, 8: -0.75, 9: -0.19},
    ),
    (
        {
            1: 0.42,
            2: -0.64,
            3: 1.18,
            4: -0.33,
            5: -2.10,
            8: -1.32,
            9: -1.21,
            11: -0.96,
            13: -0.75,
            14: -0.50,
        },
        {1: -0.99, 2: -0.39, 3: 0.96, 4: 1.56, 5: 1.53, 7: 0.65, 8: -0.28, 10: 1.47, 11: 0.60},
        {1: -0.84, 2: 1.10, 3: 0.39, 4: 1.96, 6: -0.46},
    ),
)
_SINE = _series(
    (
        {0: 247.07, 1: 0.14, 2: 0.55, 6: 46.60, 12: 36.16},
        {0: 208.75, 1: -0.11, 2: -1.50, 6: -26.52},
        {0: 196.06, 1: 0.05, 6: 10.37},
    ),
    (
        {6: 0.31},
        {},
        {},
    ),
)
_COSINE = _series(
    (
        {
            1: 15.77,
            2: -0.79,
            4: -0.66,
            5: -6.10,
            7: -41.17,
            8: -1.36,
            10: -0.55,
            11: 80.13,
            13: -82.97,
            14: -0.95,
        },
        {1: 41.37, 4: 0.77, 5: -43.92, 7: 48.60, 8: 0.79, 11: -11.48},
        {1: 24.82, 5: 22.42, 7: -18.77},
    ),
    (
        {1: -0.42, 4: -0.82, 6: -1.15, 7: -1.46, 10: -1.57, 11: -0.65, 12: -1.67, 13: -0.84},
        {1: 0.53},
        {},
    ),
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
    sine, cosine = _interpolated(math.sin, elevation), _interpolated(math.cos, elevation)
    axial = [
        constant + sine * along + cosine * across
        for constant, along, across in zip(_CONSTANT, _SINE, _COSINE, strict=True)
    ]
    weight = _weight_on_tangents(tangent_elevation)
    return (*axial, *(part + own for part, own in zip(weight, _TANGENT, strict=True)))


def _interpolated(function: Callable[[float], float], elevation: float) -> float:
    """Return a function of the elevation, on straight lines between the entries of the table."""
    entry = math.floor(elevation / _TABLE_STEP)
    below, above = (function(math.radians(_TABLE_STEP * number)) for number in (entry, entry + 1))
    return below + (elevation / _TABLE_STEP - entry) * (above - below)


def temperature_table(warmer: float) -> list[float]:
    """Return the table's force for each of the 72 axial actuators.

    Parameters
    ----------
    warmer
        Average temperature of the ring above its reference, in degC.
    """
    return [warmer * each for each in _TEMPERATURE]
