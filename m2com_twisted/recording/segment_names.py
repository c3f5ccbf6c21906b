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

# The last digit of the time in a name counts this number of nanoseconds.
_MICROSECOND = 1000


def segment_files(directory: Path) -> list[Path]:
    """Return the files in a directory that have the name of a segment, sorted by name."""
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def create_segment_file(directory: Path, start: int) -> tuple[Path, int]:
    """Create the file of a new segment.  An existing file is never changed.

    Parameters
    ----------
    directory
        Place of the file.
    start
        Start time of the segment, in ns since 1970 UTC.  If another segment already has
        this name, the next free microsecond is used.

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
    # With O_APPEND, a truncation during a write is detected.  With O_RDWR, the messages that remain
    # after a truncation can be read and counted.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
    while True:
        path = directory / _name(start)
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileExistsError:
            start += _MICROSECOND
        else:
            # The lock keeps other recorders from deleting the file.  Some file systems have none.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return path, descriptor


def _name(time: int) -> str:
    seconds, nanoseconds = divmod(time, 10**9)
    utc = datetime.fromtimestamp(seconds, timezone.utc)
    return f"m2-{utc:%Y%m%dT%H%M%S}.{nanoseconds // _MICROSECOND:06d}Z.mcap"
