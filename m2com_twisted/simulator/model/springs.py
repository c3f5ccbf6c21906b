"""The springs of the axial actuators: no two are alike.

Each axial actuator is a spring between the cell and the mirror.  Its compliance is the number of
steps that it needs for 1 N if the mirror does not move.  The real compliances differ by up to 8 %
from their mean.  The controller computes its steps with compliances of its own.  They differ from
the real ones, so the first steps of the force loop are not exactly right, and the loop corrects
them later.

How the constants were found: the telemetry has the steps and the forces at the same moment.  The
real compliances follow by least squares from all these pairs.  Those of the controller follow by
least squares from the steps that the force loop made for known errors.  Such a fit predicts the
steps of conversations that it did not see: at an elevation of 0 degrees, the difference is a
third of that with equal springs.  The inner ring makes no difference for the controller.
"""

from .geometry import AXIAL_COUNT

__all__ = ["ASSUMED_COMPLIANCES", "COMPLIANCES"]

#: Mean of the real compliances in steps per N: 0.33 um.
_MEAN = 16.365

#: Mean of the compliances with which the controller computes, in steps per N.
_ASSUMED_MEAN = 15.71

# Differences of single actuators from the mean, in percent, one line or two for each ring.  Finer
# steps than 1 % would not be known: the forces of pairs of actuators differ by as much at random.
# fmt: off
_DIFFERENCES = (
    -5, 1, -2, -1, 2, -7, 0, 3, -2, -4, 0, -3, -3, 0, 4,
    -4, -1, 0, -1, -8, -5, -7, -3, -2, 4, 2, -3, 2, 2, -6,
    6, 4, -2, 3, 2, 4, -3, 1, 3, 1, 1, 1, -3, 6, 8, -2, -5, -5, 0, 4, -2, -1, -2, -5,
    -3, 3, 1, 2, 6, -1, 4, 0, 5, 3, 1, 6, 2, 5, 0, 2, -3, 1,
)
_ASSUMED_OUTER = (
    -5, -1, -3, -6, -1, -3, 0, 4, 2, -2, -1, 1, 1, 3, 1,
    -8, -5, -2, -1, -3, 0, -5, -1, -3, 8, -2, 4, 5, 4, 0,
)
_ASSUMED_MIDDLE = (
    0, 0, -1, -1, 2, 2, 0, 0, 4, 0, 0, -1, -2, 0, 2, -4, -3, 0, 4, 4, 0, 0, 0, -2,
)
# fmt: on
_ASSUMED_INNER = (1,) * (AXIAL_COUNT - len(_ASSUMED_OUTER) - len(_ASSUMED_MIDDLE))

#: Steps per N of each axial actuator.
COMPLIANCES = tuple(_MEAN * (1 + percent / 100) for percent in _DIFFERENCES)

#: Steps per N of each axial actuator, as the controller computes with them.
ASSUMED_COMPLIANCES = tuple(
    _ASSUMED_MEAN * (1 + percent / 100)
    for percent in (*_ASSUMED_OUTER, *_ASSUMED_MIDDLE, *_ASSUMED_INNER)
)
