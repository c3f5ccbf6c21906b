"""Procedures that move the mirror in closed loop, move actuators in open loop, or run a script."""

import math
from collections.abc import Collection, Sequence

from ..catalogue import commands, events
from ..catalogue.enums import ActuatorDisplacementUnit, CommandActuator, CommandScript
from ..errors import InvalidFieldError
from .motion_proofs import MM_PER_STEP
from .names import actuator_indices
from .preconditions import MOVING, OPEN_LOOP, require
from .steps import Parts, Procedure, Step

__all__ = ["AXES", "Move", "MoveActuators", "RunScript"]

#: The axes of a position: three lengths in um, then three rotations in arcsec.
AXES = ("x", "y", "z", "x_rot", "y_rot", "z_rot")


class Move(Procedure):
    """Move the mirror, and check that it arrives.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    axes
        Maps the axes to positions, in um and arcsec.  None: the axis keeps its present target.
    override
        Preconditions that need not hold.
    """

    name = "move"

    def __init__(
        self, parts: Parts, axes: dict[str, float | None], override: Collection[str]
    ) -> None:
        super().__init__(parts)
        self._axes = {axis: value for axis, value in axes.items() if value is not None}
        self._override = override
        for axis, value in self._axes.items():
            limit = parts.limits.rotation if axis.endswith("rot") else parts.limits.distance
            # A comparison with NaN is false.  So ``>`` would accept NaN.
            if not abs(value) <= limit:
                raise InvalidFieldError(self.name, axis, f"is {value!r}; the limit is {limit:g}")

    async def check(self) -> str:
        """Check that the mirror may be moved."""
        return require(self.parts, MOVING, self._override)

    async def go(self) -> str:
        """Send the target, and wait until the mirror is there and stays there."""
        state = self.parts.state
        if self.parts.commander.target is None and len(self._axes) < len(AXES):
            await self.parts.waiting.until(
                lambda: state.position.is_fresh,
                "position, which tells the axes that are not given",
                lambda: str(state.position),
                self.parts.settings.command_timeout,
            )
        return await self.show(commands.PositionMirror(**{**self._present(), **self._axes}))

    steps = (
        Step("Preconditions", check),
        Step("Move and arrive", go, "motion_timeout"),
    )

    def _present(self) -> dict[str, float]:
        """Return the last target that was sent.  If there is none, return the present position."""
        target = self.parts.commander.target
        if target is not None:
            return {axis: getattr(target, axis) for axis in AXES}
        if len(self._axes) == len(AXES):
            return {}
        position = self.parts.state.position
        return {axis: getattr(position.value, axis) for axis in AXES}


class MoveActuators(Procedure):
    """Move single actuators in open loop, and check that they have made their steps.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    names
        The actuators, by name or by index from 0.
    displacement
        Length of the motion.
    unit
        Unit of the displacement.
    override
        Preconditions that need not hold.
    """

    name = "move_actuators"

    def __init__(
        self,
        parts: Parts,
        names: Sequence[str | int],
        displacement: float,
        unit: ActuatorDisplacementUnit,
        override: Collection[str],
    ) -> None:
        super().__init__(parts)
        in_mm = unit is ActuatorDisplacementUnit.Millimeter
        limit = parts.limits.displacement if in_mm else parts.limits.steps
        if not abs(displacement) <= limit:
            reason = f"is {displacement!r}; the limit is {limit:g}"
            raise InvalidFieldError(self.name, "displacement", reason)
        steps = displacement / MM_PER_STEP if in_mm else displacement
        if not in_mm and steps != math.trunc(steps):
            # The controller would drop the fraction silently.
            raise InvalidFieldError(self.name, "displacement", "is no whole number of steps")
        if not math.trunc(steps):
            raise InvalidFieldError(self.name, "displacement", "is less than one step")
        self._command = commands.MoveActuators(
            actuator_command=CommandActuator.Start,
            actuators=actuator_indices(names),
            displacement=displacement,
            unit=unit,
        )
        self._override = override

    async def check(self) -> str:
        """Check that actuators may be moved."""
        return require(self.parts, OPEN_LOOP, self._override)

    async def go(self) -> str:
        """Start the motion, and wait until all steps are made."""
        return await self.show(self._command)

    steps = (
        Step("Preconditions", check),
        Step("Move and arrive", go, "motion_timeout"),
    )


class RunScript(Procedure):
    """Load a script, run it, and wait for its end.

    Parameters
    ----------
    parts
        Objects that the procedures of the mirror share.
    script_name
        Name of the script on the controller.
    """

    name = "run_script"

    def __init__(self, parts: Parts, script_name: str) -> None:
        super().__init__(parts)
        self._load = commands.RunScript(
            script_command=CommandScript.LoadScript, script_name=script_name
        )

    async def load(self) -> str:
        """Load the script.  No message proves it."""
        return await self.show(self._load)

    async def go(self) -> str:
        """Run the script, and wait until it has ended."""
        began = self.memory.serial
        await self.send(commands.RunScript(script_command=CommandScript.Run))

        def percentage() -> float:
            event = self.memory.last_event(events.ScriptExecutionStatus, since=began)
            return -1.0 if event is None else event.percentage

        await self.parts.waiting.until(
            lambda: percentage() >= 100,
            "end of the script",
            lambda: f"{percentage():g} %",
            self.parts.settings.motion_timeout,
        )
        return "seen: 100 %"

    steps = (
        Step("Script loaded", load),
        Step("Script run to its end", go, "motion_timeout"),
    )
