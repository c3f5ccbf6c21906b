"""Deletion of the oldest segments."""

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .segment_names import segment_files

__all__ = ["Keep", "Pruned", "Retention"]

# Seconds for which a segment must have stayed the same before it may be deleted.
_UNCHANGED = 60.0


@dataclass(frozen=True)
class Keep:
    """Limits of the size and age of a recording.  None means no limit.

    Attributes
    ----------
    size
        Bytes of all segments in the directory together.
    age
        Seconds since a segment was last written to.
    """

    size: int | None = None
    age: float | None = None


class _Seen(NamedTuple):
    """State of a file, and the monotonic time at which this state was first seen."""

    size: int
    modified: int
    since: float


class Pruned(NamedTuple):
    """The deleted files, and the reasons why other files could not be deleted.

    Attributes
    ----------
    deleted
        The files.
    errors
        The reasons.
    """

    deleted: list[Path]
    errors: list[OSError]

    def try_to_delete(self, path: Path) -> bool:
        """Delete a file unless a recorder has it open.  Return whether it is deleted."""
        try:
            is_gone = _delete_unused(path)
        except OSError as error:
            self.errors.append(error)
            return False
        if is_gone:
            self.deleted.append(path)
        return is_gone


class Retention:
    """Deletes segments, the oldest first.  Other files are never deleted.

    A segment is never deleted if a recorder of any process has it open, or if it was
    written to in the last minute.  The minute begins when the file is first seen in its
    present state.  It is measured with the monotonic clock.  With the wall clock, all files
    would seem old after somebody had set the clock forward.

    Parameters
    ----------
    directory
        Place of the segments.
    keep
        Limits of the segments that are kept.
    """

    def __init__(self, directory: Path, keep: Keep) -> None:
        self._directory = directory
        self._keep = keep
        self._seen: dict[Path, _Seen] = {}

    def prune(self, monotonic: float) -> "Pruned":
        """Delete the segments that exceed the limits.

        Parameters
        ----------
        monotonic
            The time in seconds.

        Returns
        -------
        pruned
            The deleted files, and the errors.

        Raises
        ------
        OSError
            If the directory cannot be read.
        """
        pruned = Pruned([], [])
        if self._keep == Keep():
            return pruned
        files = segment_files(self._directory)
        self._look_at(files, monotonic)
        total = sum(seen.size for seen in self._seen.values())
        for path in files:
            seen = self._seen.get(path)
            if seen is None or not self._is_too_much(seen, total):
                continue
            if monotonic - seen.since >= _UNCHANGED and pruned.try_to_delete(path):
                total -= seen.size
        return pruned

    def _is_too_much(self, seen: _Seen, total: int) -> bool:
        age = time.time() - seen.modified / 1e9
        return (self._keep.size is not None and total > self._keep.size) or (
            self._keep.age is not None and age > self._keep.age
        )

    def _look_at(self, files: list[Path], monotonic: float) -> None:
        before, self._seen = self._seen, {}
        for path in files:
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # Another recorder has just deleted it.
            now = _Seen(status.st_size, status.st_mtime_ns, monotonic)
            then = before.get(path)
            self._seen[path] = then if then and then[:2] == now[:2] else now


def _delete_unused(path: Path) -> bool:
    """Delete a file unless a recorder has it open.  Return whether it is deleted."""
    try:
        # The file is also opened for writing, because some file systems otherwise refuse a lock.
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        # If the file system has no locks, only the minute without a change protects a segment.
        with contextlib.suppress(OSError):
            _lock(descriptor)
        path.unlink(missing_ok=True)
    except _InUseError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _InUseError from error


class _InUseError(Exception):
    """A recorder has the file open."""
