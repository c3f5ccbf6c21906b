"""Procedures for forces: apply force offsets, reset them, and bump-test one actuator."""

from collections.abc import Collection, Mapping, Sequence

from ..catalogue import commands
from ..catalogue.actuators import AXIAL_COUNT, TANGENT_COUNT
from ..errors import InvalidFieldError
from . import truths
from .names import actuator_indices, actuator_names
from .preconditions import MOVING, require
from .steps import Parts, Procedure, Step

__all__ = ["ApplyForces", "BumpTest", "ResetForceOffsets"]

_COUNT = AXIAL_COUNT + TANGENT_COUNT


def _command(offsets: Sequence[float]) -> commands.ApplyForces:
    return commands.ApplyForces(axial=offsets[:AXIAL_COUNT], tangent=offsets[AXIAL_COUNT:])


def _check_demand(parts: Parts, offsets: Sequence[float]) -> str:
    """Check gravity, temperature, correction and new offset together against the limits.

    The sum does not contain the former offset, because the new one replaces it.

    Raises
    ------
    InvalidFieldError
        If a demand would reach the limit, or if there is no telemetry to compute it.
    """
    keys = ("lut_gravity", "lut_temperature", "hardpoint_correction")
    tables = [truths.forces(parts.memory, key) for key in keys]
    if any(table is None for table in tables):
        reason = "of the forces is not fresh, or not complete"
        raise InvalidFieldError("applyForces", "telemetry", reason)
    over = []
    for index, offset in enumerate(offsets):
        demand = offset + sum(table[index] for table in tables if table is not None)
        if not abs(demand) < parts.limits.force(index):
            over.append(index)
    if over:
        reason = f"would bring {actuator_names(over)} to the limit"
        raise InvalidFieldError("applyForces", "forces", reason)
    return "all demands are within the limits"


def _error(parts: Parts, index: int) -> float | None:
    """Return the difference of measured and demanded force of an actuator, in N."""
    keys = ("lut_gravity", "lut_temperature", "hardpoint_correction", "applied")
    parts_of_demand = [truths.forces(parts.memory, key) for key in keys]
    demands = [forces for forces in parts_of_demand if forces is not None]
    measured = truths.forces(parts.memory, "measured")
    if measured is None or len(demands) < len(keys):
        return None
    return measured[index] - sum(demand[index] for demand in demands)


class ApplyForces(Procedure):
    """Set the force offsets or add to them, and check them in the telemetry.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    forces
        Offsets in N by actuator, or a sequence of all 78.
    add
        True adds them to the present offsets.  False replaces the present offsets, and
        actuators that are not named get 0.
    override
        Preconditions that need not hold.  ``"limits"`` omits the check of the demand.
    """

    name = "apply_forces"

    def __init__(
        self,
        parts: Parts,
        forces: Mapping[str, float] | Sequence[float],
        add: bool,
        override: Collection[str],
    ) -> None:
        super().__init__(parts)
        self._given = self._listed(forces)
        self._add = add
        self._override = override
        self._offsets = self._given
        _command(self._given)  # raises at once if a value is not a finite number

    async def check(self) -> str:
        """Check that forces may be applied."""
        return require(self.parts, MOVING, self._override)

    async def limits(self) -> str:
        """Check the demands that follow from the new offsets."""
        if self._add:
            present = truths.forces(self.parts.memory, "applied")
            if present is None:
                raise InvalidFieldError(self.name, "add", "needs fresh telemetry of the forces")
            self._offsets = [a + b for a, b in zip(present, self._given, strict=True)]
        if "limits" in self._override:
            return "overridden: limits"
        return _check_demand(self.parts, self._offsets)

    async def apply(self) -> str:
        """Send the offsets, and check them in the telemetry."""
        return await self.show(_command(self._offsets))

    steps = (
        Step("Preconditions", check),
        Step("Demands within the limits", limits),
        Step("Offsets applied", apply),
    )

    def _listed(self, forces: Mapping[str, float] | Sequence[float]) -> list[float]:
        if isinstance(forces, Mapping):
            offsets = [0.0] * _COUNT
            for index, force in zip(actuator_indices(list(forces)), forces.values(), strict=True):
                offsets[index] = force
            return offsets
        if len(forces) != _COUNT:
            reason = f"has {len(forces)} values, and must have {_COUNT}"
            raise InvalidFieldError(self.name, "forces", reason)
        return list(forces)


class ResetForceOffsets(Procedure):
    """Set all force offsets to 0, and check this in the telemetry."""

    name = "reset_force_offsets"

    async def reset(self) -> str:
        """Reset them."""
        return await self.show(commands.ResetForceOffsets())

    steps = (Step("Offsets reset", reset),)


class BumpTest(Procedure):
    """Push and pull with one actuator, and check the measured force.

    The force of the test is added to the present offsets.  The former offsets are restored at the
    end, also after a failure or a cancellation.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    actuator
        Name, or index from 0.
    force
        Force of the push, in N.
    period
        Seconds for which each force is held.  None takes the time from the settings.
    override
        Preconditions that need not hold.  ``"limits"`` omits the check of the demand.
    """

    name = "bump_test"

    def __init__(
        self,
        parts: Parts,
        actuator: str | int,
        force: float,
        period: float | None,
        override: Collection[str],
    ) -> None:
        super().__init__(parts)
        (self._index,) = actuator_indices([actuator])
        if not 0 <= self._index < _COUNT:
            raise InvalidFieldError(self.name, "actuator", f"is {actuator!r}")
        if not 0 < abs(force) <= parts.limits.bump_force:
            reason = f"is {force!r}; the limit is {parts.limits.bump_force:g}"
            raise InvalidFieldError(self.name, "force", reason)
        self._force = force
        self._period = parts.settings.bump_period if period is None else period
        self._override = override
        self._former: list[float] | None = None

    async def check(self) -> str:
        """Check that the test may be made, and remember the present offsets."""
        require(self.parts, MOVING, self._override)
        former = truths.forces(self.parts.memory, "applied")
        if former is None:
            raise InvalidFieldError(self.name, "telemetry", "of the forces is not fresh")
        if "limits" not in self._override:
            for sign in (1, -1):
                _check_demand(self.parts, self._with(former, sign * self._force))
        self._former = former
        return "all hold"

    async def push(self) -> str:
        """Push."""
        return await self._bump(self._force)

    async def pull(self) -> str:
        """Pull."""
        return await self._bump(-self._force)

    async def restore(self) -> str:
        """Restore the former offsets."""
        if self._former is None or not any("applyForces" in sent for sent in self.report.sent):
            return "nothing was applied"
        return await self.show(_command(self._former))

    steps = (
        Step("Preconditions", check),
        Step("Pushed, and seen in the measurement", push, "motion_timeout"),
        Step("Pulled, and seen in the measurement", pull, "motion_timeout"),
        Step("Former offsets restored", restore, always=True),
    )

    def _with(self, former: Sequence[float], force: float) -> list[float]:
        offsets = list(former)
        offsets[self._index] += force
        return offsets

    async def _bump(self, force: float) -> str:
        """Apply a force, and wait until the measured force equals the demand.

        The demand is the sum of gravity, temperature, correction and offset.  The difference of
        the measured forces before and after is no proof, because the correction changes as well.
        """
        await self.send(_command(self._with(self._former or [0.0] * _COUNT, force)))
        tolerance = abs(force) * self.parts.settings.bump_tolerance

        def seen() -> str:
            error = _error(self.parts, self._index)
            return "no measurement" if error is None else f"{error:.1f} N off its demand"

        def is_felt() -> bool:
            error = _error(self.parts, self._index)
            return error is not None and abs(error) <= tolerance

        what = f"measured force with {force:g} N"
        await self.parts.waiting.until(is_felt, what, seen, self._period, self._period / 4)
        return f"seen: {seen()}"
