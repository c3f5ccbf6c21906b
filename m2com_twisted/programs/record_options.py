"""The recording options that ``twistd m2com`` and ``m2com record`` share."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import M2ComError
from ..support.quantities import duration, is_size, size
from .extras import extra

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from ..recording import Recorder

__all__ = ["KEEP_HELP", "SEGMENT_HELP", "CannotRecordError", "new_recorder", "size_or_duration"]

KEEP_HELP = (
    "Delete the oldest segments so that the directory keeps to this size or age: 100GB, 30d.  "
    "By default nothing is deleted."
)
SEGMENT_HELP = "Begin a new segment at this size or age: 256MB, 1h (both hold by default)."


class CannotRecordError(M2ComError, OSError):
    """A directory cannot be recorded to."""


def size_or_duration(text: str) -> tuple[int | None, float | None]:
    """Parse a size or a duration, and return both.  The one that is not given is None.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if is_size(text):
        return size(text), None
    try:
        return None, duration(text)
    except ValueError:
        raise ValueError(
            f"a size such as 100GB or a duration such as 30d is wanted, not {text!r}"
        ) from None


def new_recorder(
    directory: Path, options: Any, log: logging.Logger, reactor: "IReactorTime | None" = None
) -> "Recorder":
    """Return a recorder for the options ``record-keep`` and ``record-segment``.

    Raises
    ------
    MissingExtraError
        If the extra is not installed.
    CannotRecordError
        If the directory cannot be written to.
    """
    with extra("recording", "A recording"):
        from ..recording import Keep, Recorder, SegmentLimits
    directory = directory.absolute()
    _check(directory)
    keep = Keep(*(options["record-keep"] or (None, None)))
    largest, oldest = options["record-segment"] or (None, None)
    usual = SegmentLimits()
    limits = SegmentLimits(largest or usual.size, oldest or usual.age)
    return Recorder(directory, limits=limits, keep=keep, log=log, reactor=reactor)


def _check(directory: Path) -> None:
    """Refuse a directory that cannot be written to.

    The directory is not created here, because twistd may later change the user that will own it.
    """
    existing = directory
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise CannotRecordError(f"{existing} is not a directory")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CannotRecordError(f"{existing} cannot be written to")
