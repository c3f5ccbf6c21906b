"""The positions of the actuators, and the motion of the mirror by their steps.

The mirror is a rigid body on six hardpoints.  Three of the axial actuators determine z and the
two tilts.  Three of the tangent ones determine x, y and the rotation about z.  Angles are
small, so every relation is linear.  Lengths are in um unless said otherwise, angles in arcsec.

The positions of the actuators come from `m2com_twisted.catalogue.actuators`.  Source of the
other figures: :ref:`protocol-figures`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from ...catalogue.actuators import ACTUATORS, AXIAL_COUNT, TANGENT_COUNT

__all__ = [
    "AXIAL",
    "AXIAL_COUNT",
    "AXIAL_LOCATIONS",
    "DEFAULT_HARDPOINTS",
    "RING_AZIMUTHS",
    "TANGENT",
    "TANGENT_ANGLES",
    "TANGENT_COUNT",
    "TANGENT_RADIUS",
    "UM_PER_M_ARCSEC",
    "UM_PER_STEP",
    "Pose",
    "extensions",
    "interpolation",
    "pose_from_extensions",
    "solve",
]

#: The actuators are numbered from 0, the axial ones first.
AXIAL = range(AXIAL_COUNT)
TANGENT = range(AXIAL_COUNT, AXIAL_COUNT + TANGENT_COUNT)

#: The actuators that hold the mirror.
DEFAULT_HARDPOINTS = (5, 15, 25, 73, 75, 77)

#: Extension of an actuator by one motor step, in um.
UM_PER_STEP = 0.019967536601

_AXIAL_ACTUATORS, _TANGENT_ACTUATORS = ACTUATORS[:AXIAL_COUNT], ACTUATORS[AXIAL_COUNT:]

#: x and y of each axial actuator, in m.
AXIAL_LOCATIONS = tuple((actuator.x, actuator.y) for actuator in _AXIAL_ACTUATORS)

#: Azimuth of each actuator of the rings B, C and D, in rad clockwise from +y.
RING_AZIMUTHS = tuple(
    tuple(
        math.atan2(actuator.x, actuator.y)
        for actuator in _AXIAL_ACTUATORS
        if actuator.name.startswith(letter)
    )
    for letter in "BCD"
)

#: Distance of the tangent actuators from the axis of the mirror, in m.
TANGENT_RADIUS = math.hypot(_TANGENT_ACTUATORS[0].x, _TANGENT_ACTUATORS[0].y)

#: Angles of the actuators A1 to A6, in rad from +x towards +y.
TANGENT_ANGLES = tuple(math.atan2(actuator.y, actuator.x) for actuator in _TANGENT_ACTUATORS)

#: Motion in um by a rotation of one arcsec, at a distance of one metre from the axis.
UM_PER_M_ARCSEC = 1e6 * math.radians(1 / 3600)


@dataclass(frozen=True)
class Pose:
    """Position of the mirror: x, y, z in um, rotations in arcsec."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    x_rot: float = 0.0
    y_rot: float = 0.0
    z_rot: float = 0.0

    def __add__(self, other: "Pose") -> "Pose":
        # Not with astuple, because it makes deep copies and takes ten times as long.
        return Pose(
            self.x + other.x,
            self.y + other.y,
            self.z + other.z,
            self.x_rot + other.x_rot,
            self.y_rot + other.y_rot,
            self.z_rot + other.z_rot,
        )


def _axial_row(actuator: int) -> tuple[float, float, float]:
    """Extension per unit of z, x_rot and y_rot."""
    x, y = AXIAL_LOCATIONS[actuator]
    return -1.0, -y * UM_PER_M_ARCSEC, x * UM_PER_M_ARCSEC


def _tangent_row(actuator: int) -> tuple[float, float, float]:
    """Extension per unit of x, y and z_rot."""
    angle = TANGENT_ANGLES[actuator - AXIAL_COUNT]
    return math.cos(angle), -math.sin(angle), -TANGENT_RADIUS * UM_PER_M_ARCSEC


_ROWS = tuple(
    _axial_row(actuator) if actuator < AXIAL_COUNT else _tangent_row(actuator)
    for actuator in range(AXIAL_COUNT + TANGENT_COUNT)
)


def extensions(pose: Pose) -> list[float]:
    """Return the extension of each of the 78 actuators at a pose, in um."""
    axial, tangent = (pose.z, pose.x_rot, pose.y_rot), (pose.x, pose.y, pose.z_rot)
    values = []
    for actuator, (a, b, c) in enumerate(_ROWS):
        first, second, third = axial if actuator < AXIAL_COUNT else tangent
        values.append(a * first + b * second + c * third)
    return values


def pose_from_extensions(hardpoints: Sequence[int], extended: Sequence[float]) -> Pose:
    """Return the pose for the extensions of the six hardpoints, in um.

    Raises
    ------
    ValueError
        If the hardpoints do not determine it: three axial ones on a line.
    """
    z, x_rot, y_rot = solve([_ROWS[index] for index in hardpoints[:3]], extended[:3])
    x, y, z_rot = solve([_ROWS[index] for index in hardpoints[3:]], extended[3:])
    return Pose(x, y, z, x_rot, y_rot, z_rot)


def interpolation(hardpoints: Sequence[int]) -> list[tuple[float, float, float]]:
    """Return the weights for computing the motion of each actuator from those of the hardpoints.

    The motion of the mirror at an axial actuator is a weighted sum of its motions at the
    three axial hardpoints.  The same holds for the tangent actuators.

    Returns
    -------
    weights
        The three weights of each of the 78 actuators.

    Raises
    ------
    ValueError
        If the hardpoints do not determine it: three axial ones on a line.
    """
    weights = []
    for group, actuators in ((hardpoints[:3], AXIAL), (hardpoints[3:], TANGENT)):
        rows = [_ROWS[index] for index in group]
        units = [solve(rows, [float(index == other) for other in group]) for index in group]
        for actuator in actuators:
            row = _ROWS[actuator]
            first, second, third = (sum(map(mul, row, unit)) for unit in units)
            weights.append((first, second, third))
    return weights


def solve(rows: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[float, float, float]:
    """Solve three linear equations by Cramer's rule.

    Raises
    ------
    ValueError
        If the equations do not have exactly one solution.
    """
    (a, b, c), (d, e, f), (g, h, i) = rows
    p, q, r = values
    whole = _determinant(a, b, c, d, e, f, g, h, i)
    # The determinant of three actuators that are not on a line is of the order of 1, because
    # its entries are in m and um per arcsec.  1e-9 is far below that, and far above rounding
    # errors.
    if abs(whole) < 1e-9:
        raise ValueError("the equations have no single solution")
    return (
        _determinant(p, b, c, q, e, f, r, h, i) / whole,
        _determinant(a, p, c, d, q, f, g, r, i) / whole,
        _determinant(a, b, p, d, e, q, g, h, r) / whole,
    )


def _determinant(
    a: float,
    b: float,
    c: float,
    d: float,
    e: float,
    f: float,
    g: float,
    h: float,
    i: float,
) -> float:
    """Return the determinant of three rows of three numbers."""
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
