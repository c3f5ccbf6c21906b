"""One segment that is being written."""

import contextlib
import errno
import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from mcap.writer import MCAP0_MAGIC, Writer

from .channels import Arrival, Channels
from .segment_file import SegmentFile
from .segment_names import METADATA, create_segment_file
from .summary import Summary

__all__ = ["Damage", "Instant", "Segment"]

# Number of bytes after which the writer would end a chunk by itself.  It is never reached, because
# each call of `Segment.append` makes one chunk and gets far fewer bytes.
_CHUNK_SIZE = 2**24

# Position of the first record.
_START = len(MCAP0_MAGIC)

# The wall clock may differ from its expected time.  A difference of this many seconds or more is
# recorded as a step.  The difference of a clock that is slewed is much smaller.
_STEP = 1.0


class Instant(NamedTuple):
    """A time on two clocks, in ns: since 1970 UTC, and of the monotonic clock."""

    utc: int
    monotonic: int


class Damage(NamedTuple):
    """Damage that another program did to a segment while it was written.

    Attributes
    ----------
    reason
        The kind of damage.
    lost
        Number of messages that are no longer in the file.
    size
        Number of bytes that are left of the file.
    is_whole
        Whether the content is unchanged, so that the file can be finished.
    """

    reason: str
    lost: int
    size: int = 0
    is_whole: bool = False


class Segment:
    """A file in the MCAP format, written chunk by chunk.

    Times in the file are UTC at its start plus the monotonic time since then.  So
    they never decrease.

    Parameters
    ----------
    directory
        Place of the file.
    now
        The present.
    first
        Time of the first message, in ns of the monotonic clock.
    previous
        The previous segment of the same run of a recorder, if there is one.

    Attributes
    ----------
    path
        The file.
    started
        Time at which it was begun, in ns of the monotonic clock.
    size
        Number of bytes in the file.
    messages
        Number of messages in the file.
    run, number
        Name of the run's first segment, and the number of this one in the run, from 0.

    Raises
    ------
    OSError
        If the file cannot be created.  In this case there is no file.
    """

    def __init__(
        self, directory: Path, now: Instant, first: int, previous: "Segment | None"
    ) -> None:
        self._offset = self._shown_offset = now.utc - now.monotonic
        self.started = now.monotonic
        self.path, self._descriptor = create_segment_file(directory, self._offset + first)
        self.run: str = self.path.stem if previous is None else previous.run
        self.number: int = 0 if previous is None else previous.number + 1
        self.size = self.messages = 0
        self._synced_size = 0
        self._pending = _Pending()
        self._writer = Writer(self._pending, chunk_size=_CHUNK_SIZE)
        self._summary = Summary()
        self._channels = Channels(self._writer, self._pending)
        try:
            self._begin(directory, now)
        except BaseException:
            self.abandon()
            raise

    def _begin(self, directory: Path, now: Instant) -> None:
        self._writer.start(library="m2com_twisted")
        facts = {"run": self.run, "number": self.number, "utc": now.utc, "monotonic": now.monotonic}
        self._writer.add_metadata(METADATA, {name: str(fact) for name, fact in facts.items()})
        self._write_pending(0)
        _sync_directory(directory)

    def append(self, arrivals: Sequence[Arrival], now: Instant) -> None:
        """Write messages to the file, as one chunk.

        Parameters
        ----------
        arrivals
            The messages, in their order.
        now
            The present.

        Raises
        ------
        OSError
            If the messages cannot be written.  Then none of them is in the file, and nothing more
            can be appended.
        """
        self._note_step(now)
        add, channel_of, offset = self._writer.add_message, self._channels.id_of, self._offset
        for arrival in arrivals:
            # The time must not be negative.  A clock that was never set could cause that.
            time = max(0, offset + arrival.time)
            add(channel_of(arrival), time, arrival.line, max(0, time - arrival.age))
        self._writer.flush()
        self._write_pending(len(arrivals))

    def sync(self) -> None:
        """Write the data to the disk (fsync).

        Raises
        ------
        OSError
            If that fails.  `Segment.damage` then returns the loss.
        """
        if self._synced_size == self.size:
            return
        try:
            _sync_data(self._descriptor)
        except OSError:
            # It is not known how much of the data since the last sync is on the disk.
            os.ftruncate(self._descriptor, self._synced_size)
            raise
        self._synced_size = self.size

    def damage(self) -> Damage | None:
        """Return the damage that another program did to the file.  None if there is none."""
        try:
            status = os.fstat(self._descriptor)
        except OSError as error:
            return Damage(f"it cannot be reached: {error.strerror}", self.messages)
        if status.st_nlink == 0:
            return Damage("it was deleted", self.messages)
        if status.st_size < self.size:
            kept = self._count_readable()
            return Damage("it was truncated", self.messages - kept, status.st_size)
        if status.st_size > self.size:
            return Damage("somebody else wrote to it", 0, self.size)
        if not _is_at(self.path, status):
            return Damage("it was moved away", 0, self.size, is_whole=True)
        return None

    def _count_readable(self) -> int:
        """Return the number of messages that are left in a truncated file."""
        try:
            # The file is opened by its descriptor, because it may have been moved.
            with (
                open(self._descriptor, "rb", closefd=False) as file,
                SegmentFile(self.path, file=file) as segment,
            ):
                return sum(1 for _ in segment.records())
        except OSError:
            return 0  # If the disk cannot be read, all messages are lost.

    def finish(self) -> None:
        """Write the summary, which is an index for readers, and close the file.

        Raises
        ------
        OSError
            If that fails.  The file then ends with the last message.
        """
        try:
            self._write(self._summary.ending(self.size))
            os.fsync(self._descriptor)
        except BaseException:
            self.abandon()
            raise
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Close the file without a summary.  A file without messages is removed."""
        # A remaining empty file does no harm.
        with contextlib.suppress(OSError):
            if self.messages == 0 and _is_at(self.path, os.fstat(self._descriptor)):
                self.path.unlink()
        # The descriptor is closed even if this raises an error.
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _note_step(self, now: Instant) -> None:
        """Record a step of the wall clock."""
        offset = now.utc - now.monotonic
        step = (offset - self._shown_offset) / 1e9
        if abs(step) >= _STEP:
            self._shown_offset = offset
            at = self._offset + now.monotonic
            self._writer.add_metadata(
                "clock step", {"seconds": f"{step:.6f}", "at": str(at), "utc": str(now.utc)}
            )

    def _write_pending(self, messages: int) -> None:
        """Write the bytes that the writer has made of this number of messages."""
        position = self.size
        data = self._pending.take()
        self._write(data)
        begin = 0 if position else _START
        self._summary.add(data[begin:], position + begin)
        self.messages += messages

    def _write(self, data: bytes) -> None:
        """Write all or nothing.  A torn chunk is removed, because some readers would stop there."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)


class _Pending(BytesIO):
    """Encoded bytes of the MCAP writer that are not on disk yet."""

    def __init__(self) -> None:
        super().__init__()
        #: Position of the first of these bytes in the file.
        self.start = 0

    def tell(self) -> int:
        """Override: return the position in the file."""
        return self.start + super().tell()

    def take(self) -> bytes:
        """Return all bytes, and clear the buffer."""
        data = self.getvalue()
        self.seek(0)
        self.truncate()
        self.start += len(data)
        return data


def _is_at(path: Path, status: os.stat_result) -> bool:
    """Return whether a path leads to the file with this status."""
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:
        return False


def _sync_data(descriptor: int) -> None:
    """Wait until the data and the length of a file are on the disk."""
    # fdatasync is faster, but some systems do not have it.
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _sync_directory(directory: Path) -> None:
    """Wait until the entries of a directory are on the disk.  Without its entry a file is lost."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems do this by themselves and refuse the call.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
