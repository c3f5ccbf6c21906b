"""The actuators of the mirror, and the other devices of its cell, by name.

Indices count from 0, as in the commands and most events.  In the events
``hardpointList`` and ``bypassedActuatorILCs`` they count from 1.

Source: :ref:`protocol-commands`, :ref:`protocol-enumerations`; the positions are from the
drawings of the cell.
"""

import math
from dataclasses import dataclass

from .enums import DigitalInput, PowerType

__all__ = [
    "ACTUATORS",
    "AXIAL_COUNT",
    "BREAKERS",
    "BY_NAME",
    "DISPLACEMENT_SENSORS",
    "EXHAUST_SENSORS",
    "HARDPOINT_LISTS",
    "ILCS",
    "INTAKE_SENSORS",
    "RING_SENSORS",
    "TANGENT_COUNT",
    "Actuator",
    "Breaker",
    "InnerLoopController",
    "breakers_in",
    "suggest_hardpoints",
]

#: Number of axial actuators, which come first in all lists, and number of tangent actuators.
AXIAL_COUNT = 72
TANGENT_COUNT = 6


@dataclass(frozen=True)
class Actuator:
    """One actuator.

    Attributes
    ----------
    name
        The axial actuators are B1 to B30, C1 to C24 and D1 to D18.  The tangent actuators are A1
        to A6.
    index
        Place in the lists of 78, from 0.
    x, y
        Its position, in m from the centre of the mirror.
    """

    name: str
    index: int
    x: float
    y: float

    @property
    def is_axial(self) -> bool:
        """Whether it pushes along the axis of the mirror; the others push along its edge."""
        return self.index < AXIAL_COUNT

    @property
    def ilc_address(self) -> int:
        """Address of its ILC, from 0."""
        return self.index

    @property
    def modbus_id(self) -> int:
        """ModBUS id of its ILC."""
        return self.ilc_address + 1


@dataclass(frozen=True)
class InnerLoopController:
    """One ILC: the small computer of an actuator, or of some sensors.

    Attributes
    ----------
    address
        Its address, from 0 to 83.
    name
        Name of its actuator or of its sensors.
    is_actuator
        Whether it drives an actuator.
    """

    address: int
    name: str
    is_actuator: bool

    @property
    def modbus_id(self) -> int:
        """Its ModBUS id."""
        return self.address + 1


@dataclass(frozen=True)
class Breaker:
    """One breaker of a power system.

    Attributes
    ----------
    name
        Its name on the drawings.
    power_type
        The power system that it belongs to.
    bit
        Its bit in the event ``digitalInput``.  A set bit means tripped, or not powered.
    """

    name: str
    power_type: PowerType
    bit: DigitalInput


def _ring(
    letter: str, first: int, count: int, radius: float, start: float, turn: float
) -> list[Actuator]:
    """Return the actuators of one ring; angles in degrees from +x towards +y."""
    actuators = []
    for number in range(count):
        angle = math.radians(start + number * turn)
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        actuators.append(Actuator(f"{letter}{number + 1}", first + number, x, y))
    return actuators


#: All 78 actuators by index.  The axial ones are numbered clockwise, seen with +y up.
ACTUATORS: tuple[Actuator, ...] = (
    *_ring("B", 0, 30, 1.601, 90.0, -12.0),
    *_ring("C", 30, 24, 1.284, 82.5, -15.0),
    *_ring("D", 54, 18, 1.002, 90.0, -20.0),
    *_ring("A", 72, 6, 1.780189734, 0.0, 60.0),
)

#: The actuators by name.
BY_NAME: dict[str, Actuator] = {actuator.name: actuator for actuator in ACTUATORS}

_SENSOR_ILCS = (
    "LG2 temperatures",
    "intake and exhaust temperatures",
    "LG4 temperatures",
    "LG3 temperatures",
    "displacement sensors",
    "inclinometer",
)

#: All 84 ILCs by address.
ILCS: tuple[InnerLoopController, ...] = (
    *(InnerLoopController(actuator.index, actuator.name, True) for actuator in ACTUATORS),
    *(InnerLoopController(78 + place, name, False) for place, name in enumerate(_SENSOR_ILCS)),
)

#: Sensors of the list ``ring`` of temperatures.  The observatory's interface has these
#: three groups of four; the original simulator's look-up table has four directions of three.
RING_SENSORS: tuple[str, ...] = tuple(
    f"LG{group}-{number}" for group in (2, 3, 4) for number in (1, 2, 3, 4)
)

#: Sensors of the lists ``intake`` and ``exhaust`` of temperatures.
INTAKE_SENSORS: tuple[str, ...] = ("intake 1", "intake 2")
EXHAUST_SENSORS: tuple[str, ...] = ("exhaust 1", "exhaust 2")

#: Sensors of the lists ``thetaZ`` (along the edge) and ``deltaZ`` (along the axis).
DISPLACEMENT_SENSORS: tuple[str, ...] = ("A1", "A2", "A3", "A4", "A5", "A6")


def _breaker(bit: DigitalInput) -> Breaker:
    """Return the breaker of a bit whose name is like ``J1_W9_1_MotorPowerBreaker``."""
    jack, cable, number, kind = (bit.name or "").split("_")
    power_type = PowerType.Motor if kind.startswith("Motor") else PowerType.Communication
    return Breaker(f"{jack}-{cable}-{number}", power_type, bit)


#: The 15 breakers, by bit.
BREAKERS: tuple[Breaker, ...] = tuple(
    _breaker(bit) for bit in DigitalInput if (bit.name or "").endswith("Breaker")
)


def breakers_in(value: int) -> list[Breaker]:
    """Return the breakers that a ``digitalInput`` shows as tripped or not powered, by bit."""
    return [breaker for breaker in BREAKERS if value & breaker.bit]


# Each triple contains three actuators, each a third of a ring from the next.  The numbers are the
# first index and the size of each ring.
_AXIAL_TRIPLES = tuple(
    (first + place, first + place + count // 3, first + place + 2 * count // 3)
    for first, count in ((0, 30), (30, 24), (54, 18))
    for place in range(count // 3)
)
_TANGENT_TRIPLES = ((72, 74, 76), (73, 75, 77))

#: The 48 valid lists of hardpoints.  Each has three axial and three tangent actuators.
HARDPOINT_LISTS: tuple[tuple[int, ...], ...] = tuple(
    axial + tangent for axial in _AXIAL_TRIPLES for tangent in _TANGENT_TRIPLES
)

# The list that a controller starts with.
_DEFAULT_AXIAL, _DEFAULT_TANGENT = (5, 15, 25), (73, 75, 77)


def suggest_hardpoints(*actuators: int) -> tuple[int, ...]:
    """Return the valid list of hardpoints that contains the given actuators.

    Indices count from 0.  A failed actuator can be made a hardpoint, because a hardpoint
    need not push.  If no axial actuator is given, the controller's default axial
    hardpoints are used.  The same holds for the tangent actuators.

    Raises
    ------
    ValueError
        If there is no such list, because two of the actuators are in different triples.
    """
    axial = _triple([index for index in actuators if index < AXIAL_COUNT], _DEFAULT_AXIAL)
    tangent = _triple([index for index in actuators if index >= AXIAL_COUNT], _DEFAULT_TANGENT)
    return axial + tangent


def _triple(wanted: list[int], default: tuple[int, ...]) -> tuple[int, ...]:
    for triple in (default, *_AXIAL_TRIPLES, *_TANGENT_TRIPLES):
        if set(wanted) <= set(triple):
            return triple
    raise ValueError(f"No list of hardpoints has the actuators {wanted} together.")
