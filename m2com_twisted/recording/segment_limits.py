"""When a segment ends and the next one begins."""

from dataclasses import dataclass

__all__ = ["SegmentLimits"]


@dataclass(frozen=True)
class SegmentLimits:
    """Limits of a segment: a new one is begun when the first of them is reached.

    Attributes
    ----------
    size
        Bytes in the file of the segment.
    age
        Seconds since the segment was begun.
    """

    # An hour of full telemetry has about 110 MB, which is quickly copied and searched.
    size: int = 256_000_000
    age: float = 3600.0
