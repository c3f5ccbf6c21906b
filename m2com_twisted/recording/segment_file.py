"""Reads the messages of one segment, which may be unfinished, damaged, or still growing."""

import logging
import os
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Footer, Metadata, Statistics
from mcap.stream_reader import get_chunk_data_stream
from mcap.writer import MCAP0_MAGIC

from ..support.topic_names import topic_names
from ..wire.codec import Message, decode
from .record_walk import HEAD, Place, RecordWalk
from .segment_names import METADATA

__all__ = ["Record", "SegmentFile", "Selection"]

# Fields of a message before its data: channel, sequence, two times.
_MESSAGE = struct.Struct("<HIQQ")

# First fields of a chunk: the times of its first and its last message.
_TIMES = struct.Struct("<QQ")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_FOOTER_SIZE = HEAD.size + struct.calcsize("<QQI")


class Record(NamedTuple):
    """One message of a recording.

    Attributes
    ----------
    time
        Time at which it was recorded, in ns since 1970 UTC.
    topic
        Name of its channel, such as ``"/telemetry/position"``.
    connection
        Its connection: ``"command"`` or ``"telemetry"``.
    kind
        ``"received"``, ``"sent"``, ``"bad"`` (a line that was no message) or ``"link"`` (a change
        of the connection).
    line
        The line as it went over the wire, without the line end.
    age
        Its age when it was recorded, in ns.  More than 0 only for messages of a hub.
    """

    time: int
    topic: str
    connection: str
    kind: str
    line: bytes
    age: int = 0

    @property
    def id(self) -> str:
        """Message id, which is the last part of the topic."""
        return self.topic.rpartition("/")[2]

    @property
    def utc(self) -> datetime:
        """Time at which the message was received from the controller, to the microsecond."""
        # A float is not exact to the microsecond.  So whole numbers are used.
        return _EPOCH + timedelta(microseconds=(self.time - self.age) // 1000)

    @property
    def message(self) -> Message:
        """The message on the line.

        Raises
        ------
        BadLineError
            If the line is not a message.
        """
        return decode(self.line)


class Selection(NamedTuple):
    """The time and the topics of the wanted messages.

    Attributes
    ----------
    start, end
        The messages from ``start`` until before ``end`` are wanted.  The unit is ns since 1970
        UTC.  None means no limit.
    topics
        Channels or message ids.  None means all.
    """

    start: int | None = None
    end: int | None = None
    topics: frozenset[str] | None = None

    def has_topic(self, topic: str) -> bool:
        """Return whether a channel is wanted."""
        return self.topics is None or not self.topics.isdisjoint(topic_names(topic))

    def may_have(self, first: int, last: int) -> bool:
        """Return whether any message of a span of time is wanted."""
        return (self.start is None or last >= self.start) and (self.end is None or first < self.end)

    def has_time(self, time: int) -> bool:
        """Return whether a message of that time is wanted."""
        return self.may_have(time, time)


class SegmentFile:
    """A segment that is read.  It must be closed, or used in a with statement.

    Parameters
    ----------
    path
        The file.
    selection
        The wanted messages.
    file
        The same file, already open.  None: the file is opened here.

    Attributes
    ----------
    run, number
        The run of its recorder, and its number in the run.  If they cannot be read, the name of
        the file and 0.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        selection: Selection = Selection(),  # noqa: B008 - frozen
        *,
        file: BinaryIO | None = None,
    ) -> None:
        self.path = path
        self._selection = selection
        self._log = logging.getLogger("m2com")
        self._file = file or path.open("rb")
        self._walk = RecordWalk(self._file, path, self._log)
        # Maps the id of each channel to the channel, or to None if the channel is not wanted.
        self._channels: dict[int, Channel | None] = {}
        self._is_read_before = False
        self.run, self.number = self._origin()

    def __enter__(self) -> "SegmentFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def is_finished(self) -> bool:
        """Whether the regular end of the segment was read.  Nothing is written after it."""
        return self._summary_start() is not None

    @property
    def size(self) -> int:
        """Number of bytes of the file."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def torn(self) -> int:
        """Number of bytes at the end that are not a complete record."""
        return 0 if self.is_finished else self._walk.remaining

    @property
    def position(self) -> int:
        """Number of bytes that were read."""
        return self._walk.position

    def records(self) -> Iterator[Record]:
        """Yield the messages of the file.  A later call yields the messages written since then."""
        for chunk in self.chunks():
            yield from chunk

    def chunks(self) -> Iterator[list[Record]]:
        """Yield the same messages as one list for each chunk.  The list may be empty."""
        if not self._is_read_before:
            self._is_read_before = True
            if not self._read_summary():
                return
        for place in self._walk.records():
            if place.opcode == Opcode.CHUNK:
                data = self._data_of(place)
                yield [] if data is None else self._records_in(data)
            elif place.opcode == Opcode.CHANNEL:
                self._add_channel(self._walk.content(place), overwrite=False)

    def _data_of(self, place: Place) -> bytes | None:
        """Return the records of a chunk.  None if it is damaged, or if none of them is wanted."""
        content = self._walk.content(place)
        if not self._selection.may_have(*_TIMES.unpack_from(content)) and self._channels:
            return None
        try:
            chunk = Chunk.read(ReadDataStream(BytesIO(content)))
            stream, length = get_chunk_data_stream(chunk, validate_crc=True)
            return stream.read(length)
        except Exception as error:
            # Damaged bytes may raise any error: of struct, of zstd, of a checksum.
            self._log.warning(
                "%s: the chunk at byte %d is damaged and was left out: %s",
                self.path,
                place.start,
                error,
            )
            return None

    def _records_in(self, data: bytes) -> list[Record]:
        """Return the wanted messages among the records of a chunk."""
        found: list[Record] = []
        position, unknown = 0, 0
        has_time = self._selection.has_time
        while position < len(data):
            opcode, length = HEAD.unpack_from(data, position)
            start = position + HEAD.size
            position = start + length
            if opcode == Opcode.CHANNEL:
                self._add_channel(data[start:position], overwrite=True)
            if opcode != Opcode.MESSAGE:
                continue
            channel_id, _, time, published = _MESSAGE.unpack_from(data, start)
            channel = self._channels.get(channel_id)
            if channel is not None and has_time(time):
                found.append(_record(channel, time, published, data[start:position]))
            unknown += channel_id not in self._channels
        if unknown:
            self._log.warning("%s: %d messages of an unknown channel", self.path, unknown)
        return found

    def _add_channel(self, content: bytes, *, overwrite: bool) -> None:
        """Add a channel.

        A channel in a chunk has a checksum, so it replaces a channel from another place.
        """
        try:
            channel = Channel.read(ReadDataStream(BytesIO(content)))
        except Exception:
            return  # The record is damaged.  The channel is also written in other places.
        if overwrite or channel.id not in self._channels:
            wanted = self._selection.has_topic(channel.topic)
            self._channels[channel.id] = channel if wanted else None

    def _summary_start(self) -> int | None:
        """Return the position of the summary.  None if there is none yet."""
        size = os.fstat(self._file.fileno()).st_size
        at = size - _FOOTER_SIZE - len(MCAP0_MAGIC)
        if at < len(MCAP0_MAGIC):
            return None
        self._file.seek(at)
        end = self._file.read()
        if not end.endswith(MCAP0_MAGIC) or end[0] != Opcode.FOOTER:
            return None
        footer: Footer = Footer.read(ReadDataStream(BytesIO(end[HEAD.size :])))
        return footer.summary_start

    def _read_summary(self) -> bool:
        """Add the channels of the summary.  Return whether there may be wanted messages."""
        start = self._summary_start()
        if not start:
            return True
        self._file.seek(start)
        try:
            while True:
                opcode, length = HEAD.unpack(self._file.read(HEAD.size))
                if opcode not in (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.STATISTICS):
                    return True
                content = self._file.read(length)
                if opcode == Opcode.CHANNEL:
                    self._add_channel(content, overwrite=False)
                elif opcode == Opcode.STATISTICS:
                    found = Statistics.read(ReadDataStream(BytesIO(content)))
                    return self._selection.may_have(
                        found.message_start_time, found.message_end_time
                    )
        except Exception:
            return True  # The summary is damaged.  The messages are found without it.

    def _origin(self) -> tuple[str, int]:
        """Return the run of the segment, and its number in the run."""
        walk = RecordWalk(self._file, self.path, self._log)
        try:
            for place in walk.records():
                if place.opcode == Opcode.METADATA:
                    found = Metadata.read(ReadDataStream(BytesIO(walk.content(place))))
                    if found.name == METADATA:
                        return found.metadata["run"], int(found.metadata["number"])
                if place.opcode == Opcode.CHUNK:
                    break
        except Exception:
            pass  # The record is damaged.
        return self.path.stem, 0


def _record(channel: Channel, time: int, published: int, message: bytes) -> Record:
    # Other writers have no such metadata, and may write 0 or a later time.
    connection, kind = (channel.metadata.get(name, "") for name in ("connection", "kind"))
    age = max(0, time - published) if published else 0
    return Record(time, channel.topic, connection, kind, message[_MESSAGE.size :], age)
