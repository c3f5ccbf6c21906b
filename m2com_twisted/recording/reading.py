"""Reading of recordings."""

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from mcap.writer import MCAP0_MAGIC

from ..errors import RecordingError
from .segment_file import Record, SegmentFile, Selection
from .segment_names import segment_files

__all__ = ["FollowedRecording", "RecordingReader", "read_recording", "segments", "selected"]


def segments(path: Path | str) -> list[Path]:
    """Return the files of a recording in the order in which they were written.

    This is the order of their names, unless the wall clock was set back while they were
    written.  If several recorders wrote to one directory, the files of each are together.

    Parameters
    ----------
    path
        The directory of a recorder, or one segment.

    Raises
    ------
    FileNotFoundError
        If there is no recording.
    """
    path = Path(path)
    if not path.is_dir():
        path.stat()
        return [path]
    found = segment_files(path)
    if not found:
        raise FileNotFoundError(f"There is no recording in {path}.")
    return sorted(found, key=_order)


_Order = tuple[str, int, str]


def _order(path: Path) -> _Order:
    try:
        with SegmentFile(path) as segment:
            return segment.run, segment.number, path.name
    except OSError:
        return path.stem, 0, path.name


def read_recording(
    path: Path | str,
    start: datetime | float | None = None,
    end: datetime | float | None = None,
    topics: Iterable[str] | None = None,
) -> Generator[Record, None, None]:
    """Yield the messages of a recording, in the order of `segments`.

    Segments may be unfinished, and may still be growing.  They are read to their present end.  A
    damaged chunk is reported and omitted.  All other chunks are read.

    Close the generator if you do not read it to its end.

    Parameters
    ----------
    path
        The directory of a recorder, or one segment.
    start, end
        The messages from ``start`` until before ``end`` are read.  Each limit is a datetime (UTC
        if it has no zone) or seconds since 1970 UTC.  None: no limit.
    topics
        Channels (``"/telemetry/position"``) or message ids (``"position"``).  None: all.

    Raises
    ------
    FileNotFoundError
        If there is no recording.
    RecordingError
        If the file is not a recording.
    OSError
        If a file cannot be read.
    """
    with closing(RecordingReader(path, selected(start, end, topics)).chunks()) as chunks:
        for chunk in chunks:
            yield from chunk


class RecordingReader:
    """Reads a recording, and reports its progress.

    Parameters
    ----------
    path
        The directory of a recorder, or one segment.
    selection
        The wanted messages.

    Attributes
    ----------
    size
        Bytes of its segments.
    position
        Bytes that were read.

    Raises
    ------
    OSError, RecordingError
        As `read_recording`.
    """

    def __init__(self, path: Path | str, selection: Selection) -> None:
        self._files = segments(path)
        self._selection = selection
        if len(self._files) == 1:
            _refuse_other_files(self._files[0])
        self.size = sum(map(_size, self._files))
        self.position = 0

    def chunks(self) -> Generator[list[Record], None, None]:
        """Yield the wanted messages of each chunk.  The list may be empty."""
        log = logging.getLogger("m2com")
        for file in self._files:
            before = self.position
            try:
                segment = SegmentFile(file, self._selection)
            except FileNotFoundError:
                # A recorder with a limit has deleted the file meanwhile.
                log.warning("%s is gone", file)
                continue
            with segment:
                for chunk in segment.chunks():
                    self.position = before + segment.position
                    yield chunk
                if segment.torn:
                    log.info("%s: the last %d bytes are unfinished", file, segment.torn)
                self.position = before + segment.size


def selected(
    start: datetime | float | None = None,
    end: datetime | float | None = None,
    topics: Iterable[str] | None = None,
) -> Selection:
    """Return the selection for the arguments of `read_recording`."""
    wanted = None if topics is None else frozenset(topics)
    return Selection(_nanoseconds(start), _nanoseconds(end), wanted)


def _nanoseconds(time: datetime | float | None) -> int | None:
    if time is None:
        return None
    if isinstance(time, datetime):
        if time.tzinfo is None:
            time = time.replace(tzinfo=timezone.utc)
        # A float is not exact to the microsecond.  So whole numbers are used.
        since = time - datetime(1970, 1, 1, tzinfo=timezone.utc)
        return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    return round(time * 1e9)


class FollowedRecording:
    """A recording that grows while it is read.  It must be closed.

    Parameters
    ----------
    path
        The directory of a recorder, or one segment.
    selection
        The wanted messages.
    """

    def __init__(self, path: Path | str, selection: Selection) -> None:
        self._path = Path(path)
        self._selection = selection
        # The order of all files that were found.
        self._known: dict[Path, _Order] = {}
        self._done: set[Path] = set()
        self._open: dict[Path, SegmentFile] = {}

    def new_records(self) -> Iterator[Record]:
        """Yield the messages written since the last call.  The first call yields all.

        Raises
        ------
        OSError
            As `read_recording`.
        """
        for chunk in self.new_chunks():
            yield from chunk

    def new_chunks(self) -> Iterator[list[Record]]:
        """Yield the messages written since the last call, as one list for each chunk."""
        self._find_files()
        # This is done before the files are read.  A segment that has a successor now does not grow
        # any more.
        last: dict[str, int] = {}
        for run, number, _ in self._known.values():
            last[run] = max(number, last.get(run, 0))
        for file in sorted(self._known.keys() - self._done, key=self._known.__getitem__):
            segment = self._segment(file)
            if segment is None:
                self._done.add(file)
                continue
            is_complete = segment.is_finished or segment.number < last.get(segment.run, 0)
            yield from segment.chunks()
            if is_complete:
                self._done.add(file)
                self._open.pop(file).close()

    def close(self) -> None:
        """Close the files."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()

    def _find_files(self) -> None:
        try:
            files = segment_files(self._path) if self._path.is_dir() else segments(self._path)
        except FileNotFoundError:
            if not self._known:
                raise
            return  # The directory was removed.  Its recorder creates it again.
        for file in files:
            # An empty file was just created.  Its position is known after its first write.
            if file not in self._known and _size(file) > 0:
                self._known[file] = _order(file)
        if not self._known:
            segments(self._path)  # this raises an error if there is no recording

    def _segment(self, file: Path) -> SegmentFile | None:
        """Return the open segment.  None if it was deleted before it was read."""
        if file not in self._open:
            try:
                self._open[file] = SegmentFile(file, self._selection)
            except FileNotFoundError:
                return None
        return self._open[file]


def _size(path: Path) -> int:
    """Return the size of a file in bytes.  0 if it was deleted meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _refuse_other_files(path: Path) -> None:
    with path.open("rb") as file:
        beginning = file.read(len(MCAP0_MAGIC))
    # A segment that is still empty, or whose beginning is damaged, is accepted.
    if not MCAP0_MAGIC.startswith(beginning) and not path.name.startswith("m2-"):
        raise RecordingError(f"{path} is no recording")
