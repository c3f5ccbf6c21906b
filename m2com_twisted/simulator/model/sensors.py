"""What the sensors read: temperatures, the inclinometer, and their noise.

Source of the figures: :ref:`protocol-figures`.
"""

from random import Random

__all__ = ["Sensors", "processed_inclination"]

#: Standard deviation of the noise, in the unit of each reading.
_NOISE = 0.05

#: Ring temperatures at start, in degC.
_START = (24.49, 24.49, 24.49, 26.53) * 3

#: Where the random walk of a temperature turns back, in degC.
_COLDEST, _WARMEST = 0.0, 28.0

#: Angle by which the inclinometer is mounted askew, in degrees.
_MOUNTING_OFFSET = 0.94


def processed_inclination(raw: float) -> float:
    """Return the elevation for a raw reading of the inclinometer, in degrees."""
    angle = raw + _MOUNTING_OFFSET
    elevation = 180 - angle - (360 if 0 <= angle < 90 else 0)
    return max(-270.0, min(90.0, elevation))


class Sensors:
    """The readings that change by themselves.

    Attributes
    ----------
    ring
        12 temperatures of the mirror, in degC.
    airflow_rise
        How much warmer the air leaves the cell than it enters, in degC.
    inclinometer_raw
        What the inclinometer reads, without noise, in degrees.
    broadcast_counter
        Counter of the broadcasts to the ILCs, 0 to 15.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.ring = list(_START)
        self.airflow_rise = 1.0
        self.inclinometer_raw = 90.0
        self.broadcast_counter = 0

    def noise(self) -> float:
        """Return a random deviation, normally distributed."""
        return self._random.gauss(0.0, _NOISE)

    def drift(self) -> None:
        """Let the temperatures wander by one tick."""
        gauss = self._random.gauss
        for sensor, temperature in enumerate(self.ring):
            change = gauss(0.0, _NOISE)
            if not _COLDEST <= temperature + change <= _WARMEST:
                change = -change
            self.ring[sensor] = temperature + change

    def count_broadcast(self) -> int:
        """Return the counter of the ILCs' broadcast, and go on to the next."""
        counter = self.broadcast_counter
        self.broadcast_counter = (counter + 1) % 16
        return counter

    @property
    def mean_temperature(self) -> float:
        """The mean of the ring, in degC."""
        return sum(self.ring) / len(self.ring)
