"""The mirror as a thin plate on springs: how steps of the actuators become forces.

Each axial actuator is a spring between the cell and the mirror.  The mirror is a
thin plate whose edge is free: it can bend, and it can move as a whole without a
force.  A set of forces f, in balance, that bends it takes displacements

    d = (softness of the springs + bending of the plate) f

up to a motion of the whole.  The bending between two points of a thin plate at a
distance r is that of a point load on an unbounded plate, r^2 log r.  Because the
real plate ends, its three softest shapes differ: focus, astigmatism (two lobes) and
trefoil (three).  The mirror is not the same in all directions, so a force of focus
also makes some astigmatism.  The springs of the outer ring, where the plate ends,
vary smoothly around it.  The stiffness is the inverse of that matrix among forces in
balance.

The module `tangent` has the six tangent actuators, which hold the mirror sideways.

How the constants were found: in recorded telemetry with the loop closed and the
hardpoints in place, what the tangent actuators do was subtracted from the forces.  The
steps were compared with those that the matrix gives for the rest.  The constants follow by
least squares, so that also 1000 steps of actuators B11 and B16 in open loop take from them
what they take in the original, 54.5 and 56.3 N.
The difference that is left varies from actuator to actuator at random.

Steps and forces have opposite signs at axial actuators, the same at tangent ones.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import dist
from operator import add, mul

from .geometry import AXIAL_COUNT, AXIAL_LOCATIONS, RING_AZIMUTHS
from .tangent import forces_of_steps

__all__ = ["bending", "prepare", "spring_forces"]

_Rows = list[list[float]]

#: The soft shapes at a place.
_Shape = tuple[float, float, float, float, float]

_X, _Y = zip(*AXIAL_LOCATIONS, strict=True)

#: The sum of x^2, and as much of y^2, over rings of actuators at equal distances, in m^2.
_SPREAD = sum(map(mul, _X, _X))

#: Steps an actuator takes for 1 N, where the mirror stays in place: 0.32 um.
_SPRING = 16.0685

#: What the springs of the outer ring have beside that: periods around the ring, cosine, sine.
_OUTER_SPRINGS = (
    (2, -0.023, -0.2127),
    (3, 0.008, 0.0673),
    (4, -0.0795, 0.2921),
    (5, -0.0318, 0.0332),
    (6, -0.2886, -0.1677),
)

#: Steps per N and m^2: the bending of an unbounded plate, under r^2 log r.
_BENDING = 0.66347

#: Steps per N and m^4: what the free edge changes in focus and in astigmatism.
_FOCUS, _ASTIGMATISM = -0.05843, 0.17335

#: Steps per N and m^4: how focus and the two astigmatisms go together.
_FOCUS_TO_ASTIGMATISM = (0.00276, -0.00100)

#: Steps per N and m^6: what the free edge changes in trefoil.
_TREFOIL = 0.01517


def prepare() -> None:
    """Compute the matrices, which are kept.  It takes about 20 ms, once in a process."""
    _stiffness()


def spring_forces(steps: Sequence[int]) -> list[float]:
    """Return the force that each of the 78 actuators gets from steps of all of them, in N."""
    forces = forces_of_steps(steps[AXIAL_COUNT:])
    axial = map(add, forces, _stiffness().times(steps[:AXIAL_COUNT]))
    return [*axial, *forces[AXIAL_COUNT:]]


def bending(forces: Sequence[float]) -> list[float]:
    """Return steps of the axial actuators that bend the mirror to forces on them.

    The forces need not be in balance: what of them would move the whole is left out.
    The steps are determined up to a motion of the whole.
    """
    mean = sum(forces) / AXIAL_COUNT
    tilts = [sum(map(mul, forces, places)) / _SPREAD for places in (_X, _Y)]
    balanced = [
        force - mean - tilts[0] * x - tilts[1] * y
        for force, (x, y) in zip(forces, AXIAL_LOCATIONS, strict=True)
    ]
    return [-steps for steps in _compliance().times(balanced)]


class _Matrix:
    """A symmetric matrix that is multiplied by many vectors.

    Parameters
    ----------
    rows
        Its rows.
    """

    def __init__(self, rows: Iterable[Sequence[float]]) -> None:
        self.rows = [tuple(row) for row in rows]
        self._squares = [sum(map(mul, row, row)) for row in self.rows]

    def times(self, vector: Sequence[float]) -> list[float]:
        """Return the product with a vector, most of which may be 0.

        The product of a row and a full vector follows from the distance d between the two:
        2 row * vector = row * row + vector * vector - d^2.  `math.dist` goes through
        them in a third of the time of ``sum(map(mul, row, vector))``, and the result
        is as exact as 1e-15 of the squares.
        """
        moving = [(index, value) for index, value in enumerate(vector) if value]
        if len(moving) > len(vector) // 6:
            square = sum(map(mul, vector, vector))
            return [
                (own + square - dist(row, vector) ** 2) / 2
                for row, own in zip(self.rows, self._squares, strict=True)
            ]
        result = [0.0] * len(vector)
        for index, value in moving:
            row = self.rows[index]
            result = [total + entry * value for total, entry in zip(result, row, strict=True)]
        return result


@lru_cache(maxsize=1)
def _compliance() -> _Matrix:
    """Return the steps that each axial actuator takes for 1 N at each."""
    shapes = _soft_shapes()
    springs = _springs()
    rows = []
    for i, (one, (x, y)) in enumerate(zip(shapes, AXIAL_LOCATIONS, strict=True)):
        row = []
        for j, (other, (u, v)) in enumerate(zip(shapes, AXIAL_LOCATIONS, strict=True)):
            square = (x - u) ** 2 + (y - v) ** 2
            local = springs[i] if i == j else _BENDING * square * math.log(square) / 2
            row.append(local + _soft_entry(one, other))
        rows.append(row)
    return _Matrix(rows)


def _springs() -> list[float]:
    """Return the steps that each axial actuator takes for 1 N where the mirror stays."""
    outer = [
        _SPRING
        + sum(a * math.cos(m * azimuth) + b * math.sin(m * azimuth) for m, a, b in _OUTER_SPRINGS)
        for azimuth in RING_AZIMUTHS[0]
    ]
    return outer + [_SPRING] * (AXIAL_COUNT - len(outer))


def _soft_entry(one: _Shape, other: _Shape) -> float:
    """Return what the free edge adds between two places."""
    entry = _FOCUS * one[0] * other[0]
    entry += _ASTIGMATISM * (one[1] * other[1] + one[2] * other[2])
    for mode, coupling in enumerate(_FOCUS_TO_ASTIGMATISM, start=1):
        entry += coupling * (one[0] * other[mode] + one[mode] * other[0])
    return entry + _TREFOIL * (one[3] * other[3] + one[4] * other[4])


def _soft_shapes() -> list[_Shape]:
    """Return focus, the two astigmatisms and the two trefoils at each axial actuator."""
    mean = sum(x * x + y * y for x, y in AXIAL_LOCATIONS) / AXIAL_COUNT
    return [
        (
            x * x + y * y - mean,
            x * x - y * y,
            2 * x * y,
            x * (x * x - 3 * y * y),
            y * (3 * x * x - y * y),
        )
        for x, y in AXIAL_LOCATIONS
    ]


@lru_cache(maxsize=1)
def _stiffness() -> _Matrix:
    """Return the N at each axial actuator for one step of each.

    The inverse of the compliance among the forces in balance is the upper left
    part of the inverse of the compliance bordered by the three motions of the whole.
    """
    motions = [(1.0, x, y) for x, y in AXIAL_LOCATIONS]
    rows: _Rows = [list(row[: i + 1]) for i, row in enumerate(_compliance().rows)]
    rows += [[motion[axis] for motion in motions] + [0.0] * (axis + 1) for axis in range(3)]
    inverse = _inverse(rows)
    return _Matrix([-entry for entry in row[:AXIAL_COUNT]] for row in inverse[:AXIAL_COUNT])


def _inverse(lower: _Rows) -> _Rows:
    """Invert a symmetric matrix, given by the lower triangle of its rows.

    One row and column after the other is exchanged for its inverse, which keeps the
    matrix symmetric.  No pivot comes near 0 here: the springs make those of the
    actuators large, and those of the motions of the whole follow from them.
    """
    size = len(lower)
    work = [list(row) for row in lower]
    for pivot in range(size):
        column = [work[max(i, pivot)][min(i, pivot)] for i in range(size)]
        lead = column[pivot]
        for i, row in enumerate(work):
            factor = column[i] / lead
            work[i] = [entry - factor * other for entry, other in zip(row, column, strict=False)]
            if i >= pivot:
                work[i][pivot] = factor
        work[pivot] = [entry / lead for entry in column[:pivot]] + [-1 / lead]
    return [[-work[max(i, j)][min(i, j)] for j in range(size)] for i in range(size)]
