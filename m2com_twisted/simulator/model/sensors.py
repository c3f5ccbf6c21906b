"""The readings of the sensors: temperatures, the inclinometer, and their noise.

Source of the figures: :ref:`protocol-figures`.
"""

import math
from functools import lru_cache
from operator import add
from random import Random
from statistics import NormalDist

__all__ = ["Sensors", "processed_inclination"]

#: Standard deviation of the noise, in the unit of each reading.
_NOISE = 0.05

#: Noise is one of 2 to the power of this number of values.  They are quantiles of the normal
#: distribution and equally likely.  To choose one takes a fifth of the time of `Random.gauss`.
_NOISE_BITS = 10

#: Ring temperatures at start, in degC.
_START = (24.49, 24.49, 24.49, 26.53) * 3

#: The random walk of a temperature turns back at these values, in degC.
_COLDEST, _WARMEST = 0.0, 28.0

#: Error in the mounting of the inclinometer, in degrees.
_MOUNTING_OFFSET = 0.94


def processed_inclination(raw: float) -> float:
    """Return the elevation for a raw reading of the inclinometer, in degrees."""
    angle = raw + _MOUNTING_OFFSET
    elevation = 180 - angle - (360 if 0 <= angle < 90 else 0)
    return max(-270.0, min(90.0, elevation))


@lru_cache(maxsize=1)
def _noises() -> tuple[float, ...]:
    count = 1 << _NOISE_BITS
    normal = NormalDist(0.0, _NOISE)
    return tuple(normal.inv_cdf((number + 0.5) / count) for number in range(count))


class Sensors:
    """The readings that change by themselves.

    Attributes
    ----------
    airflow_rise
        Temperature of the air that leaves the cell above that of the air that enters, in degC.
    inclinometer_raw
        The reading of the inclinometer, without noise, in degrees.
    broadcast_counter
        Counter of the broadcasts to the ILCs, 0 to 15.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._bits = random.getrandbits
        self._noises = _noises()
        self._ring = list(_START)
        self._ticks = 0
        self.airflow_rise = 1.0
        self.inclinometer_raw = 90.0
        self.broadcast_counter = 0

    def noises(self, count: int) -> list[float]:
        """Return random deviations, normally distributed.

        They come in a list, because a call for each takes longer than the choice.
        """
        noises, bits = self._noises, self._bits
        return [noises[bits(_NOISE_BITS)] for _ in range(count)]

    @property
    def ring(self) -> list[float]:
        """The 12 temperatures of the mirror, in degC.  They may be changed."""
        if self._ticks:
            self._wander()
        return self._ring

    def drift(self) -> None:
        """Let the temperatures change at random by one tick."""
        self._ticks += 1

    def _wander(self) -> None:
        """Make the changes of all ticks since the last reading, in one step of the same spread."""
        size, self._ticks = math.sqrt(self._ticks), 0
        changes = [size * noise for noise in self._random.choices(self._noises, k=len(self._ring))]
        wandered = list(map(add, self._ring, changes))
        if not _COLDEST <= min(wandered) <= max(wandered) <= _WARMEST:
            turned = zip(self._ring, changes, wandered, strict=True)
            wandered = [
                new if _COLDEST <= new <= _WARMEST else max(_COLDEST, min(_WARMEST, old - change))
                for old, change, new in turned
            ]
        self._ring[:] = wandered

    def count_broadcast(self) -> int:
        """Return the counter of the broadcasts to the ILCs, and advance it."""
        counter = self.broadcast_counter
        self.broadcast_counter = (counter + 1) % 16
        return counter

    @property
    def mean_temperature(self) -> float:
        """The mean of the ring, in degC."""
        ring = self.ring
        return sum(ring) / len(ring)
