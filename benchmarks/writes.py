"""What the writing benchmarks write: the same for all."""

from typing import Any

__all__ = ["BURST", "ELEVATION", "POSITION"]

#: Messages in a burst.
BURST = 1000

#: What a telescope mount tells the controller, the only telemetry it takes.
ELEVATION: dict[str, Any] = {"actualPosition": 45.123456789}

#: The parameters of a command of usual size.
POSITION: dict[str, Any] = {
    "x": 12.5,
    "y": -6.25,
    "z": 15.75,
    "xRot": 0.125,
    "yRot": -0.5,
    "zRot": 0.0,
}
