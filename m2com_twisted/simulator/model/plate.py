"""The forces that follow from steps of the actuators: the mirror is a thin plate on springs.

Each axial actuator is a spring between the cell and the mirror (see `springs`).  The mirror is a
thin plate with a free edge.  It can bend.  To bend it by forces f in balance, the actuators must
make the displacements

    d = (compliance of the springs + compliance of the plate) f

These are determined except for a rigid motion.  The compliance of the plate between two points
at a distance r is that of an unbounded plate under a point load, r^2 log r.  The real plate has
an edge, so its three softest shapes differ: focus, astigmatism (two lobes) and trefoil (three
lobes).  The stiffness is the inverse of the compliance for forces in balance.

The mirror can also move as a rigid body, almost without a force.  What holds it sideways
resists a little, in proportion to the motion.

The controller uses the same plate and springs of its own, and no resistance.

The module `tangent` describes the six tangent actuators, which hold the mirror sideways.

How the constants were found: the telemetry has steps and forces at the same moment.  The forces
that a step of each actuator causes follow from all these pairs.  The constants follow from these
forces by least squares.  After 1000 steps of one actuator, the forces differ from the recorded
ones by 0.10 N (RMS).  This remaining difference varies from pair to pair at random.

Steps and forces have opposite signs at axial actuators, and the same sign at tangent ones.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import dist
from operator import add, mul

from .geometry import AXIAL_COUNT, AXIAL_LOCATIONS, TANGENT_COUNT
from .springs import ASSUMED_COMPLIANCES, COMPLIANCES
from .tangent import forces_of_steps

__all__ = ["bending", "prepare", "spring_forces"]

_Rows = list[list[float]]

#: The values of the soft shapes at a place.
_Shape = tuple[float, float, float, float, float]

#: 1, x and y of a place, in m.
_Place = tuple[float, float, float]

_X, _Y = zip(*AXIAL_LOCATIONS, strict=True)

#: The sum of x^2 over all axial actuators, in m^2.  The sum of y^2 is the same, because the
#: actuators of a ring are at equal distances.
_SPREAD: float = sum(map(mul, _X, _X))

#: Steps per N and m^2: factor of r^2 log r for the unbounded plate.
_BENDING = 0.701

#: Steps per N and m^4: effect of the free edge on focus and on astigmatism.
_FOCUS, _ASTIGMATISM = -0.0755, 0.1822

#: Steps per N and m^6: effect of the free edge on trefoil.
_TREFOIL = 0.00684

#: Resistance to rigid motions: N per step of all actuators together, and N*m for a tilt of one
#: step per m.
_LIFT_RESISTANCE, _TILT_RESISTANCE = 0.0076, 0.0104


def prepare() -> None:
    """Compute the matrices and store them.  This takes about 40 ms, once in a process."""
    # That of the tangent actuators, and the stiffness of the plate.
    spring_forces([1] * (AXIAL_COUNT + TANGENT_COUNT))
    _compliance()


def spring_forces(steps: Sequence[int]) -> list[float]:
    """Return the force that each of the 78 actuators gets from steps of all of them, in N."""
    forces = forces_of_steps(steps[AXIAL_COUNT:])
    axial = map(add, forces, _stiffness().times(steps[:AXIAL_COUNT]))
    return [*axial, *forces[AXIAL_COUNT:]]


def bending(forces: Sequence[float]) -> list[float]:
    """Return the steps of the axial actuators that change the forces on them by these forces.

    The forces need not be in balance.  The part that would move the mirror as a rigid body is
    ignored.  The steps are determined except for a rigid motion.
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
        The rows of the matrix.
    """

    def __init__(self, rows: Iterable[Sequence[float]]) -> None:
        self.rows = [tuple(row) for row in rows]
        self._squares = [sum(map(mul, row, row)) for row in self.rows]

    def times(self, vector: Sequence[float]) -> list[float]:
        """Return the product with a vector, most of which may be 0.

        The product of a row and a full vector follows from the distance d between the two:
        2 row * vector = row * row + vector * vector - d^2.  `math.dist` takes a third of the
        time of ``sum(map(mul, row, vector))``.  The error is about 1e-15 of the squares.
        """
        if len(vector) - vector.count(0) > len(vector) // 6:
            # `math.dist` would convert anything else for each row.
            point = tuple(map(float, vector))
            square = sum(map(mul, point, point))
            return [
                (own + square - dist(row, point) ** 2) / 2
                for row, own in zip(self.rows, self._squares, strict=True)
            ]
        result = [0.0] * len(vector)
        moving = [(value, row) for value, row in zip(vector, self.rows, strict=True) if value]
        for value, row in moving:
            result = [total + entry * value for total, entry in zip(result, row, strict=True)]
        return result


@lru_cache(maxsize=1)
def _compliance() -> _Matrix:
    """Return the steps that the controller makes with each axial actuator for 1 N at each."""
    return _Matrix(_compliance_with(ASSUMED_COMPLIANCES))


def _compliance_with(springs: Sequence[float]) -> _Rows:
    """Return the steps that each axial actuator needs for 1 N at each.

    Parameters
    ----------
    springs
        The steps that each needs for 1 N if the mirror does not move.
    """
    rows = [list(row) for row in _plate()]
    for index, spring in enumerate(springs):
        rows[index][index] += spring
    return rows


@lru_cache(maxsize=1)
def _plate() -> _Rows:
    """Return the steps by which the mirror bends at each axial actuator for 1 N at each."""
    shapes = _soft_shapes()
    rows: _Rows = []
    for i, (one, (x, y)) in enumerate(zip(shapes, AXIAL_LOCATIONS, strict=True)):
        row = [above[i] for above in rows]
        for other, (u, v) in zip(shapes[i:], AXIAL_LOCATIONS[i:], strict=True):
            square = (x - u) ** 2 + (y - v) ** 2
            bent = _BENDING * square * math.log(square) / 2 if square else 0.0
            row.append(bent + _soft_entry(one, other))
        rows.append(row)
    return rows


def _soft_entry(one: _Shape, other: _Shape) -> float:
    """Return the compliance that the free edge adds between two places."""
    entry = _FOCUS * one[0] * other[0]
    entry += _ASTIGMATISM * (one[1] * other[1] + one[2] * other[2])
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
    """Return the force in N on each axial actuator for one step of each.

    The compliance gets three more rows and columns for the rigid motions.  The upper left part
    of the inverse of this matrix is the inverse of the compliance for forces in balance.
    """
    motions = [(1.0, x, y) for x, y in AXIAL_LOCATIONS]
    compliance = _compliance_with(COMPLIANCES)
    rows: _Rows = [row[: i + 1] for i, row in enumerate(compliance)]
    rows += [[motion[axis] for motion in motions] + [0.0] * (axis + 1) for axis in range(3)]
    inverse = _inverse(rows)
    return _Matrix(
        [-entry - _resistance(one, other) for entry, other in zip(row, motions, strict=False)]
        for row, one in zip(inverse, motions, strict=False)
    )


def _resistance(one: _Place, other: _Place) -> float:
    """Return the force at a place by which the mirror resists one step at another."""
    lift = _LIFT_RESISTANCE / (AXIAL_COUNT * AXIAL_COUNT)
    tilt = _TILT_RESISTANCE / (_SPREAD * _SPREAD)
    return lift + tilt * (one[1] * other[1] + one[2] * other[2])


def _inverse(lower: _Rows) -> _Rows:
    """Invert a symmetric matrix, given by the lower triangle of its rows.

    Each row is exchanged together with its column, one pair after the other.  So the matrix
    stays symmetric.  No pivot is near 0 here.  The springs make the pivots of the actuators
    large, and those of the rigid motions follow from them.
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
