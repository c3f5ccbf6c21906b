"""The mirror on its actuators: steps, position, forces, and the force loop.

A deliberately small model.  Six hardpoints hold the mirror where it is and
carry what weight the other 72, the active actuators, leave them.  An active
actuator is a spring: its force follows its own steps and the motion of the
mirror.  Forces in N.

Source of the figures: :ref:`protocol-motion`, :ref:`protocol-faults`, :ref:`protocol-figures`.
"""

import math
from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from .forces import distribute, effect
from .geometry import (
    AXIAL,
    AXIAL_COUNT,
    DEFAULT_HARDPOINTS,
    TANGENT,
    TANGENT_COUNT,
    UM_PER_STEP,
    Pose,
    extensions,
    pose_from_extensions,
)
from .lookup import gravity_table, weight_on_actuators

__all__ = [
    "CLOSED_LOOP_LIMITS",
    "COUNT",
    "MAX_STEP_COUNT",
    "OPEN_LOOP_LIMITS",
    "OPEN_LOOP_MAX_LIMITS",
    "Mirror",
]

COUNT = AXIAL_COUNT + TANGENT_COUNT

#: What a step counter of 32 bits can hold; it also keeps out infinity.
MAX_STEP_COUNT = 2**31 - 1

#: The most steps the force loop moves an actuator by in one update.
_MAX_STEPS = 75

#: The most steps a hardpoint moves by in one update: about 4.85 um/s.
_MAX_HARDPOINT_STEPS = 100

#: N per step.  Made up so that 75 steps are 2.5 N axial: a step of 20 N then
#: takes ten updates and, with the window below, stays out of position for over
#: 8 s, as measured on the original.  Tangent alike for the larger forces there.
_STIFFNESS = (0.0335,) * AXIAL_COUNT + (0.08,) * TANGENT_COUNT

#: The part of the error that one update corrects.  All of it would overshoot,
#: because the hardpoint correction moves along.
_GAIN = 0.5

#: How much of a motion of the mirror the active actuators are made to follow.
#: The loop makes good the rest, which is how a motion shows in the forces.
_FEED_FORWARD = 0.9

#: Updates over which the error must be small to be in position: about 8 s.
_WINDOW = 20

#: RMS error within which an actuator is in position.
_IN_POSITION = (0.2,) * AXIAL_COUNT + (1.1,) * TANGENT_COUNT

#: The magnitude at which the force on each actuator is a fault.
CLOSED_LOOP_LIMITS = (444.82,) * AXIAL_COUNT + (5800.0,) * TANGENT_COUNT
OPEN_LOOP_LIMITS = (489.3,) * AXIAL_COUNT + (6005.1,) * TANGENT_COUNT
OPEN_LOOP_MAX_LIMITS = (622.75,) * AXIAL_COUNT + (6227.51,) * TANGENT_COUNT

_NO_TEMPERATURE = [0.0] * AXIAL_COUNT


class Mirror:
    """The mirror, its 78 actuators and the force loop.

    Lists hold one value per actuator, axial before tangent, unless said
    otherwise.

    Attributes
    ----------
    steps
        Motor steps of each actuator.
    applied
        Offsets set by ``applyForces``, in N.
    lut_gravity
        The look-up table for the present elevation, in N.
    lut_temperature
        The same for the temperatures, in N; axial only.
    measured
        The force on each actuator, in N.
    correction
        What the active actuators take over from the hardpoints, in N.
    pose
        Where the mirror is, relative to its home.
    home
        Where its home is, relative to where it stood at start.
    loop_closed
        Whether the force balance system runs.
    in_position
        Whether the force errors have been small for long enough.  It keeps its
        value until there have been enough updates to tell.
    """

    def __init__(self, elevation: float) -> None:
        self.steps = [0] * COUNT
        self.applied = [0.0] * COUNT
        self.pose = Pose()
        self.home = Pose()
        self.loop_closed = False
        self.in_position = True
        self._square_errors: deque[list[float]] = deque(maxlen=_WINDOW)
        self._extensions = [0.0] * COUNT
        self.set_hardpoints(DEFAULT_HARDPOINTS)
        self.sense(elevation, _NO_TEMPERATURE)
        self._correct()

    def set_hardpoints(self, hardpoints: Sequence[int]) -> None:
        """Let other actuators hold the mirror, where it is.

        Raises
        ------
        ValueError
            If three actuators on a line are to hold it.
        """
        pose_from_extensions(hardpoints, [0.0] * len(hardpoints))
        self.hardpoints = tuple(hardpoints)
        self._active = [actuator for actuator in range(COUNT) if actuator not in hardpoints]
        self._groups = _groups(self.hardpoints)
        self._square_errors.clear()
        self._zero_at(self.pose)

    def set_home(self) -> None:
        """Make the present position the origin."""
        self.home += self.pose
        self.pose = Pose()
        self._zero_at(self.pose)

    def _zero_at(self, pose: Pose) -> None:
        """Refer the hardpoints' steps to a pose, and stop where they are."""
        extended = extensions(pose)
        self._zero = [
            self.steps[index] - round(extended[index] / UM_PER_STEP) for index in self.hardpoints
        ]
        self.hold()

    def hold(self) -> None:
        """Give up any motion towards a position."""
        self._target = [self.steps[index] for index in self.hardpoints]

    def move_to(self, pose: Pose) -> None:
        """Start towards a position relative to home.

        Raises
        ------
        OverflowError
            If it lies beyond what can be counted in steps.
        """
        extended = extensions(pose)
        wanted = [extended[index] / UM_PER_STEP for index in self.hardpoints]
        if not all(abs(steps) <= MAX_STEP_COUNT for steps in wanted):
            raise OverflowError("the position is beyond what can be counted in steps")
        self._target = [zero + round(steps) for zero, steps in zip(self._zero, wanted, strict=True)]

    def close_loop(self) -> None:
        """Let the force balance system run."""
        self.loop_closed = True
        self._square_errors.clear()

    def open_loop(self) -> None:
        """Stop the force balance system, and any motion with it."""
        self.loop_closed = False
        self.hold()

    def demand(self, actuator: int) -> float:
        """Return the force an actuator should bear, without correction."""
        table = self.lut_gravity[actuator] + self.applied[actuator]
        return table + self.lut_temperature[actuator] if actuator in AXIAL else table

    def move_actuator(self, actuator: int, steps: int) -> None:
        """Drive the motor of one actuator; a hardpoint takes the mirror along."""
        self.steps[actuator] += steps
        if actuator in self.hardpoints:
            self._follow_hardpoints()
            self.hold()

    def _follow_hardpoints(self) -> None:
        extended = [
            (self.steps[index] - zero) * UM_PER_STEP
            for index, zero in zip(self.hardpoints, self._zero, strict=True)
        ]
        self.pose = pose_from_extensions(self.hardpoints, extended)
        self._extensions = extensions(self.home + self.pose)

    def sense(self, elevation: float, lut_temperature: list[float]) -> None:
        """Bring the table and the measured forces up to date."""
        # Lists of their own, for whoever changes one by hand until the next cycle.
        self.lut_gravity = list(gravity_table(elevation))
        self.lut_temperature = lut_temperature
        self.measured = list(
            _measured(elevation, tuple(self.steps), tuple(self._extensions), self.hardpoints)
        )

    def update(self) -> None:
        """Run the loop once, if it is closed: move, correct, judge whether in position."""
        if not self.loop_closed:
            self._correct()
            return
        before = self._extensions
        self._move_hardpoints()
        self._correct()
        errors = [
            self.demand(actuator) + self.correction[actuator] - self.measured[actuator]
            for actuator in self._active
        ]
        for actuator, error in zip(self._active, errors, strict=True):
            moved = (self._extensions[actuator] - before[actuator]) / UM_PER_STEP
            wanted = round(_GAIN * error / _STIFFNESS[actuator])
            self.steps[actuator] += round(_FEED_FORWARD * moved)
            self.steps[actuator] += max(-_MAX_STEPS, min(_MAX_STEPS, wanted))
        self._judge(errors)

    def _move_hardpoints(self) -> None:
        if all(
            self.steps[index] == goal
            for index, goal in zip(self.hardpoints, self._target, strict=True)
        ):
            return
        for index, goal in zip(self.hardpoints, self._target, strict=True):
            distance = goal - self.steps[index]
            self.steps[index] += max(-_MAX_HARDPOINT_STEPS, min(_MAX_HARDPOINT_STEPS, distance))
        self._follow_hardpoints()

    def _correct(self) -> None:
        """Share out among the active actuators what the hardpoints bear too much."""
        self.correction = [0.0] * COUNT
        surplus = [0.0] * COUNT
        for index in self.hardpoints:
            surplus[index] = self.measured[index] - self.demand(index)
        for hardpoints, active in self._groups:
            shares = distribute(effect(hardpoints, surplus), active)
            for actuator, share in zip(active, shares, strict=True):
                self.correction[actuator] = share

    def _judge(self, errors: Sequence[float]) -> None:
        self._square_errors.append([error * error for error in errors])
        if len(self._square_errors) == _WINDOW:
            means = [sum(squares) / _WINDOW for squares in zip(*self._square_errors, strict=True)]
            self.in_position = all(
                math.sqrt(mean) <= _IN_POSITION[actuator]
                for actuator, mean in zip(self._active, means, strict=True)
            )


@lru_cache(maxsize=8)
def _groups(hardpoints: tuple[int, ...]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Return the hardpoints and the active actuators, the axial ones and the tangent ones."""
    axial, tangent = hardpoints[:3], hardpoints[3:]
    return (
        (axial, tuple(actuator for actuator in AXIAL if actuator not in axial)),
        (tangent, tuple(actuator for actuator in TANGENT if actuator not in tangent)),
    )


# Kept by all that it depends on, so it is never out of date: in three cycles
# of four no step has been made, and most of the night the mirror stands still.
# A few, for as many simulators in one process.
@lru_cache(maxsize=8)
def _measured(
    elevation: float,
    steps: tuple[int, ...],
    extended: tuple[float, ...],
    hardpoints: tuple[int, ...],
) -> tuple[float, ...]:
    """Return the force on each of the 78 actuators."""
    weight = weight_on_actuators(elevation)
    forces = [
        even + stiffness * (count - extension / UM_PER_STEP)
        for even, stiffness, count, extension in zip(
            weight, _STIFFNESS, steps, extended, strict=True
        )
    ]
    for holding, active in _groups(hardpoints):
        whole = effect((*holding, *active), weight)
        borne = effect(active, forces)
        left = (whole[0] - borne[0], whole[1] - borne[1], whole[2] - borne[2])
        for actuator, force in zip(holding, distribute(left, holding), strict=True):
            forces[actuator] = force
    return tuple(forces)
