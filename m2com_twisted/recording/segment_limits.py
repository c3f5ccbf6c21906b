"""The limits of a segment."""

from dataclasses import dataclass

__all__ = ["SegmentLimits"]


@dataclass(frozen=True)
class SegmentLimits:
    """Limits of a segment.  A new segment is begun when the first limit is reached.

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
