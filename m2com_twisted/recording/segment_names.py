"""Names of segments: the files of a recording."""

import contextlib
import fcntl
import os
import re
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["METADATA", "create_segment_file", "segment_files"]

#: Name of the metadata at the start of each segment.
METADATA = "m2com"

_NAME = re.compile(r"m2-\d{8}T\d{6}\.\d{6}Z\.mcap")

# Nanoseconds of the last digit of a name.
_MICROSECOND = 1000


def segment_files(directory: Path) -> list[Path]:
    """Return the files in a directory that have the name of a segment, by their names."""
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def create_segment_file(directory: Path, start: int) -> tuple[Path, int]:
    """Create the file of a new segment; an existing file is never touched.

    Parameters
    ----------
    directory
        Place of the file.
    start
        Time of the segment's start, in ns since 1970 UTC.  Where a segment has
        this name already, the next microsecond that is free is used.

    Returns
    -------
    path
        Path of the file.
    descriptor
        Descriptor for appending to it, and for reading.

    Raises
    ------
    OSError
        If the file cannot be created.
    """
    # Appending, so that the file shows when somebody truncates it in the middle of a write.  To be
    # read as well: what is left of it then is counted.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
    while True:
        path = directory / _name(start)
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileExistsError:
            start += _MICROSECOND
        else:
            # Tells other recorders not to delete it.  Not every file system can.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return path, descriptor


def _name(time: int) -> str:
    seconds, nanoseconds = divmod(time, 10**9)
    utc = datetime.fromtimestamp(seconds, timezone.utc)
    return f"m2-{utc:%Y%m%dT%H%M%S}.{nanoseconds // _MICROSECOND:06d}Z.mcap"
