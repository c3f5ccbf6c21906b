"""The mirror on its actuators: steps, forces and position.

Six hardpoints hold the mirror.  Its pose depends only on their steps.  Every actuator is a
spring, also each hardpoint.  Its force depends on the steps of all actuators (see `plate`) and
on the weight.  The `ForceLoop` moves the other 72, the active actuators.

Lengths are in um, forces in N.  Source of the figures: :ref:`protocol-motion`,
:ref:`protocol-figures`.
"""

from collections.abc import Sequence
from operator import add, is_

from .force_loop import ForceLoop
from .geometry import (
    AXIAL_COUNT,
    DEFAULT_HARDPOINTS,
    TANGENT_COUNT,
    UM_PER_STEP,
    Pose,
    extensions,
    pose_from_extensions,
)
from .lookup import gravity_table, weight_on_actuators
from .plate import prepare, spring_forces

__all__ = ["COUNT", "MAX_STEP_COUNT", "Mirror"]

COUNT = AXIAL_COUNT + TANGENT_COUNT

#: Largest number that a step counter of 32 bits can hold.  This limit also refuses infinity.
MAX_STEP_COUNT = 2**31 - 1

#: Largest number of steps that a hardpoint makes in one update: about 4.85 um/s.
_MAX_HARDPOINT_STEPS = 100


class Mirror:
    """The mirror, its 78 actuators and the force loop.

    Lists contain one value per actuator, axial before tangent, unless said otherwise.

    Attributes
    ----------
    steps
        Motor steps of each actuator.
    applied
        Offsets set by ``applyForces``, in N.  Replace the list; do not change it in place.
    lut_gravity
        The look-up table of gravity, in N.
    lut_temperature
        The look-up table of temperatures for the axial actuators, in N.
    measured
        The force on each actuator, in N.
    pose
        Position of the mirror, relative to its home.
    home
        Position of its home, relative to the position at the start.
    loop_closed
        Whether the force balance system runs.
    """

    def __init__(self, elevation: float) -> None:
        # Done now, so that the first motion does not delay the telemetry.
        prepare()
        self.steps = [0] * COUNT
        self.applied = [0.0] * COUNT
        self.pose = Pose()
        self.home = Pose()
        self.loop_closed = False
        self.lut_temperature = [0.0] * AXIAL_COUNT
        self._loop = ForceLoop()
        self._springs = [0.0] * COUNT
        self._last_loads: tuple[object, object, object] = (None, None, None)
        self._demand: list[float] = []
        self.hardpoints: tuple[int, ...] = ()
        self.set_hardpoints(DEFAULT_HARDPOINTS)
        self.tilt(elevation, elevation, elevation)

    @property
    def correction(self) -> list[float]:
        """Forces that the active actuators take over from the hardpoints, in N."""
        return self._loop.correction

    @property
    def in_position(self) -> bool:
        """Whether the force errors have been small for long enough."""
        return self._loop.in_position

    def tilt(self, weight: float, axial_table: float, tangent_table: float) -> None:
        """Set the elevations, in degrees, for the weight and for the two tables.

        They are equal unless the controller received an elevation that differs from that of
        the mirror.
        """
        self._weight = weight_on_actuators(weight)
        self.lut_gravity = list(gravity_table(axial_table, tangent_table))
        self._measure()

    def _measure(self) -> None:
        self.measured = list(map(add, self._weight, self._springs))
        self._loop.disturb()

    def set_hardpoints(self, hardpoints: Sequence[int], keep_pose: bool = True) -> None:
        """Choose the actuators that hold the mirror.

        Parameters
        ----------
        hardpoints
            Three axial and three tangent ones.
        keep_pose
            True: the pose does not change.  False: it is computed from the steps that the
            new hardpoints have made so far.

        Raises
        ------
        ValueError
            If three of them are on one line.
        """
        self._loop.set_hardpoints(hardpoints)
        self.hardpoints = tuple(hardpoints)
        if keep_pose:
            self._zero_at(self.pose)
        else:
            self._zero = [0] * len(hardpoints)
            self._follow_hardpoints()
            self.hold()

    def set_home(self) -> None:
        """Make the present position the origin."""
        self.home += self.pose
        self.pose = Pose()
        self._zero_at(self.pose)

    def _zero_at(self, pose: Pose) -> None:
        """Count the steps of the hardpoints from this pose, and stop any motion."""
        extended = extensions(pose)
        self._zero = [
            self.steps[index] - round(extended[index] / UM_PER_STEP) for index in self.hardpoints
        ]
        self.hold()

    def hold(self) -> None:
        """Stop any motion towards a position."""
        self._target = [self.steps[index] for index in self.hardpoints]

    def move_to(self, pose: Pose) -> None:
        """Start towards a position relative to home.

        Raises
        ------
        OverflowError
            If the position is too far for the step counters.
        """
        extended = extensions(pose)
        wanted = [extended[index] / UM_PER_STEP for index in self.hardpoints]
        if not all(abs(steps) <= MAX_STEP_COUNT for steps in wanted):
            raise OverflowError("the position is too far for the step counters")
        self._target = [zero + round(steps) for zero, steps in zip(self._zero, wanted, strict=True)]
        self._loop.disturb()

    def close_loop(self) -> None:
        """Let the force balance system run."""
        self.loop_closed = True
        self._loop.disturb()

    def open_loop(self) -> None:
        """Stop the force balance system, and any motion with it."""
        self.loop_closed = False
        self.hold()
        self._loop.disturb()

    def demand(self, actuator: int) -> float:
        """Return the force that an actuator should have, without correction, in N."""
        table = self.lut_gravity[actuator] + self.applied[actuator]
        return table + self.lut_temperature[actuator] if actuator < AXIAL_COUNT else table

    def _demands(self) -> list[float]:
        """Return the demand of every actuator.  The list is the same object until one changes."""
        loads = self.lut_gravity, self.lut_temperature, self.applied
        # These lists are replaced, never changed in place, so comparing with ``is`` is enough.
        if not all(map(is_, loads, self._last_loads)):
            self._last_loads = loads
            tables = list(map(add, self.lut_gravity, self.applied))
            axial = map(add, tables, self.lut_temperature)
            self._demand = [*axial, *tables[AXIAL_COUNT:]]
            self._loop.disturb()
        return self._demand

    def move_actuators(self, steps: dict[int, int]) -> None:
        """Drive the motors of some actuators.  A hardpoint that moves also moves the mirror.

        Parameters
        ----------
        steps
            Steps to make, by actuator.
        """
        made = [0] * COUNT
        for actuator, count in steps.items():
            made[actuator] = count
        self._make(made)
        if not steps.keys().isdisjoint(self.hardpoints):
            self.hold()

    def _make(self, made: list[int]) -> None:
        self.steps = list(map(add, self.steps, made))
        self._springs = list(map(add, self._springs, spring_forces(made)))
        self._measure()
        if any(made[index] for index in self.hardpoints):
            self._follow_hardpoints()

    def _follow_hardpoints(self) -> None:
        extended = [
            (self.steps[index] - zero) * UM_PER_STEP
            for index, zero in zip(self.hardpoints, self._zero, strict=True)
        ]
        self.pose = pose_from_extensions(self.hardpoints, extended)

    def update(self) -> None:
        """Run the force loop once, and make the steps that it returns."""
        demand = self._demands()
        if self._loop.settled:
            return
        made = self._loop.update(demand, self.measured, self.loop_closed)
        if self.loop_closed:
            for index, goal in zip(self.hardpoints, self._target, strict=True):
                distance = goal - self.steps[index]
                made[index] = max(-_MAX_HARDPOINT_STEPS, min(_MAX_HARDPOINT_STEPS, distance))
        if any(made):
            self._make(made)
