"""The motion of single actuators, by ``moveActuators``.

Source: :ref:`protocol-motion`.
"""

from collections.abc import Sequence

from .mirror import COUNT, Mirror

__all__ = ["OpenLoop"]

#: Largest number of steps of an actuator in one cycle.
_MAX_STEPS = 100


class OpenLoop:
    """Moves some actuators by the same number of steps.

    Attributes
    ----------
    moving
        Whether the actuators move now.
    remaining
        Number of steps that are left, with sign.
    """

    def __init__(self) -> None:
        self._actuators: tuple[int, ...] = ()
        self.remaining = 0
        self.moving = False

    def start(self, actuators: Sequence[int], steps: int) -> None:
        """Start a motion.  Actuators that do not exist are ignored."""
        self._actuators = tuple(
            index for index in dict.fromkeys(actuators) if index in range(COUNT)
        )
        self.remaining = steps
        self.moving = True

    def stop(self) -> None:
        """Stop the motion, and forget the steps that are left."""
        self.moving, self.remaining = False, 0

    def pause(self) -> None:
        """Stop the motion, and keep the steps that are left."""
        self.moving = False

    def resume(self) -> None:
        """Continue with the steps that are left."""
        self.moving = True

    def advance(self, mirror: Mirror) -> None:
        """Move by the steps of one cycle."""
        if not self.moving:
            return
        steps = max(-_MAX_STEPS, min(_MAX_STEPS, self.remaining))
        mirror.move_actuators(dict.fromkeys(self._actuators, steps))
        self.remaining -= steps
        self.moving = self.remaining != 0
