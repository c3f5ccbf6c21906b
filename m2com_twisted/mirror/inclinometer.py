"""The elevation that the inclinometer measures."""

import math

from ..catalogue import telemetry

__all__ = ["elevation_measured"]

#: Raw values of this magnitude or more mean that the inclinometer has no reading.
_OUTLIER = 1e6


def elevation_measured(angles: telemetry.ZenithAngle) -> float | None:
    """Return the elevation in degrees; None if the inclinometer has no reading."""
    elevation = angles.inclinometer_processed
    is_reading = abs(angles.inclinometer_raw) < _OUTLIER and math.isfinite(elevation)
    return elevation if is_reading else None
