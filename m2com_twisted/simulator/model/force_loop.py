"""The force loop: how the controller moves the actuators so that they bear their forces.

The active actuators are all actuators except the hardpoints.  In each update the loop compares
the force on each of them with its demand.  The demand is the sum of the tables, the offsets
and the correction.  The hardpoints may bear too much or too little.  The correction lets the
active actuators take over the difference.  Each force must change by the sum of

- feedback: a part of the error;
- feed-forward: a change of the tables or offsets.  It is somewhat amplified, and acts at once.

The axial actuators then move so that the mirror bends by the right amount, while its
hardpoints stay in place.  A tangent actuator moves only for its own force.  The part of a
change that the tangent hardpoints share is not fed forward, because the correction takes it
back.

How the constants were found: the steps of each update were computed from forces that had
been recorded at 5 Hz, and the constants were fitted to the steps by least squares.  The tangent
actuators make whole steps, so their factor is known to 0.3 %.  At the end of recorded
conversations the axial forces agree within 2.1 N, and within 11 N where the loop was still far from
the end, at a low elevation.  The times until the mirror is in position agree within 3 %.

Forces are in N.  Lists contain one value per actuator, axial before tangent.
"""

from collections import deque
from collections.abc import Sequence
from operator import add, le, mul, sub

from .geometry import AXIAL_COUNT, TANGENT_COUNT, interpolation
from .plate import bending

__all__ = ["ForceLoop"]

_COUNT = AXIAL_COUNT + TANGENT_COUNT

#: Largest number of steps of an actuator in one update (:ref:`protocol-motion`).
_MAX_STEPS = 75

#: The part of the error of an axial actuator that one update corrects.
_FEEDBACK = 0.353

#: Steps of a tangent actuator per N of its error.  One step changes its force by 0.082 N, and
#: the correction by the same amount in the other direction.
_TANGENT_FEEDBACK = 2.09

#: The part of a change of the demand that is fed forward in the first update, and the part in
#: the second.
_FEED_FORWARD, _TAKEN_BACK = 1.27, -0.0635

#: The feedback sees this part of a new demand after two updates, and the rest after three.
#: Otherwise it would correct an error that the feed-forward already corrects.
_FIRST_PART = 0.968

#: Number of updates for which the error must be small to be in position: about 8 s.
_WINDOW = 20

#: RMS error within which an actuator is in position.  The original has 0.2 N for axial
#: actuators.  Here an error of up to 0.22 N remains, because actuators make whole steps.
_IN_POSITION = (0.23,) * AXIAL_COUNT + (1.1,) * TANGENT_COUNT

#: Largest sum of the squared errors in the window for an actuator in position.
_MAX_SQUARES = [_WINDOW * limit * limit for limit in _IN_POSITION]


#: Number of updates after which a change has no effect any more: the delays of the demand and
#: of the feed-forward, and then the window.
_SETTLING = _WINDOW + 10


class ForceLoop:
    """Computes corrections and errors from demands, and the steps from the errors.

    Attributes
    ----------
    correction
        Forces that the active actuators take over from the hardpoints.  0 for hardpoints.
    in_position
        Whether the errors have been small for long enough.  The loop need not be closed.
    """

    def __init__(self) -> None:
        self.correction = [0.0] * _COUNT
        self.in_position = False
        self._hardpoints: tuple[int, ...] = ()
        self._weights: list[tuple[float, float, float]] = []
        self._demands: deque[list[float]] = deque([[0.0] * _COUNT] * 4, maxlen=4)
        self._squares: deque[list[float]] = deque([[0.0] * _COUNT] * _WINDOW, maxlen=_WINDOW)
        self._sums = [0.0] * _COUNT
        self._started = False
        self._unsettled = _SETTLING

    def disturb(self) -> None:
        """Remember that forces, demands or the loop have changed."""
        self._unsettled = _SETTLING

    @property
    def settled(self) -> bool:
        """Whether further updates would change nothing, as long as nothing else changes."""
        return not self._unsettled

    def set_hardpoints(self, hardpoints: Sequence[int]) -> None:
        """Choose the actuators that hold the mirror.

        Raises
        ------
        ValueError
            If three of them are on one line.
        """
        self._weights = interpolation(hardpoints)
        self._hardpoints = tuple(hardpoints)
        self.disturb()

    def update(self, demand: list[float], measured: list[float], closed: bool) -> list[int]:
        """Compare forces with their demand.  Return the steps to make: 0 if the loop is open."""
        self._unsettled = max(0, self._unsettled - 1)
        self._demands.appendleft(demand)
        if not self._started:
            # The original has no forces yet in its first update, so it knows no errors.  But it
            # feeds the whole demand forward.
            self._started = self.in_position = True
            return self._steps([0.0] * _COUNT) if closed else [0] * _COUNT
        seen = self._seen_demand()
        self.correction = self._share(list(map(sub, measured, seen)))
        errors = list(map(sub, map(add, seen, self.correction), measured))
        for index in self._hardpoints:
            errors[index] = 0.0
        self._judge(errors)
        return self._steps(errors) if closed else [0] * _COUNT

    def _seen_demand(self) -> list[float]:
        _, _, late, later = self._demands
        if late == later:
            return late
        return [a * _FIRST_PART + b * (1 - _FIRST_PART) for a, b in zip(late, later, strict=True)]

    def _share(self, surplus: list[float]) -> list[float]:
        """Return the forces by which active actuators reduce a surplus at the hardpoints."""
        shares = self._spread(surplus, self._hardpoints[:3], self._weights[:AXIAL_COUNT])
        shares += self._spread(surplus, self._hardpoints[3:], self._weights[AXIAL_COUNT:])
        for index in self._hardpoints:
            shares[index] = 0.0
        return shares

    @staticmethod
    def _spread(
        values: list[float], hardpoints: Sequence[int], weights: list[tuple[float, float, float]]
    ) -> list[float]:
        first, second, third = (values[index] for index in hardpoints)
        return [first * a + second * b + third * c for a, b, c in weights]

    def _steps(self, errors: list[float]) -> list[int]:
        """Return the steps of an update in closed loop."""
        forces = list(map(add, self._feed_forward(), errors))
        wanted = self._bend(forces[:AXIAL_COUNT])
        wanted += [force * _TANGENT_FEEDBACK for force in forces[AXIAL_COUNT:]]
        # Comparisons take a third of the time of `min` and `max`.
        steps = [
            int(value)
            if -_MAX_STEPS < value < _MAX_STEPS
            else (_MAX_STEPS if value > 0 else -_MAX_STEPS)
            for value in wanted
        ]
        for index in self._hardpoints:
            steps[index] = 0
        return steps

    def _feed_forward(self) -> list[float]:
        """Return what a change of the demand adds to the errors."""
        now, before, earlier, _ = self._demands
        if now is earlier:
            return [0.0] * _COUNT
        first, second = _FEED_FORWARD / _FEEDBACK, _TAKEN_BACK / _FEEDBACK
        changes = [(a - b) * first for a, b in zip(now, before, strict=True)]
        # The correction takes back the part that the tangent hardpoints share.
        tangent = self._spread(changes, self._hardpoints[3:], self._weights[AXIAL_COUNT:])
        taken_back = [(b - c) * second for b, c in zip(before[:AXIAL_COUNT], earlier, strict=False)]
        return [*map(add, changes, taken_back), *map(sub, changes[AXIAL_COUNT:], tangent)]

    def _bend(self, errors: list[float]) -> list[float]:
        """Return the steps that correct a part of the errors and keep the hardpoints in place."""
        bent = bending([error * _FEEDBACK for error in errors])
        moved = self._spread(bent, self._hardpoints[:3], self._weights[:AXIAL_COUNT])
        return list(map(sub, bent, moved))

    def _judge(self, errors: list[float]) -> None:
        squares = list(map(mul, errors, errors))
        oldest = self._squares[0]
        self._squares.append(squares)
        self._sums = list(map(sub, map(add, self._sums, squares), oldest))
        self.in_position = all(map(le, self._sums, _MAX_SQUARES))
