"""The motion of single actuators, by ``moveActuators``.

Source: :ref:`protocol-motion`.
"""

from collections.abc import Sequence

from .mirror import COUNT, Mirror

__all__ = ["OpenLoop"]

#: The most steps an actuator moves by in one cycle.
_MAX_STEPS = 100


class OpenLoop:
    """Moves some actuators by the same number of steps.

    Attributes
    ----------
    moving
        Whether they move now.
    remaining
        Steps still to go, with sign.
    """

    def __init__(self) -> None:
        self._actuators: tuple[int, ...] = ()
        self.remaining = 0
        self.moving = False

    def start(self, actuators: Sequence[int], steps: int) -> None:
        """Begin a motion.  Actuators that do not exist are left out."""
        self._actuators = tuple(
            index for index in dict.fromkeys(actuators) if index in range(COUNT)
        )
        self.remaining = steps
        self.moving = True

    def stop(self) -> None:
        """Drop what is left of the motion."""
        self.moving, self.remaining = False, 0

    def pause(self) -> None:
        """Keep what is left of the motion."""
        self.moving = False

    def resume(self) -> None:
        """Go on with what is left."""
        self.moving = True

    def advance(self, mirror: Mirror) -> None:
        """Move by as much as one cycle allows."""
        if not self.moving:
            return
        steps = max(-_MAX_STEPS, min(_MAX_STEPS, self.remaining))
        mirror.move_actuators(dict.fromkeys(self._actuators, steps))
        self.remaining -= steps
        self.moving = self.remaining != 0
