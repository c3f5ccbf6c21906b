"""The summary at the end of a segment, which is an index for readers.

The writer of the ``mcap`` library makes the whole summary at once.  For an hour of telemetry this
takes half a second of Python.  During this time the reactor's thread runs only every 5 ms.  Also,
that writer does not know which data has reached the disk.  So this module makes the summary step
by step, from the written data.
"""

import struct
import zlib
from collections import Counter
from io import BytesIO

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    McapRecord,
    Metadata,
    MetadataIndex,
    Statistics,
    SummaryOffset,
)
from mcap.writer import MCAP0_MAGIC

from .record_walk import HEAD

__all__ = ["Summary"]

# The fields of a message index before its entries, and of one entry (MCAP specification).
_INDEX = struct.Struct("<HI")
_INDEX_ENTRY = 16

# The part of the footer that the checksum of the summary covers.
_FOOTER = struct.Struct("<BQQQ")
_FOOTER_LENGTH = 20


class Summary:
    """Collects the summary of a segment while the segment is written."""

    def __init__(self) -> None:
        # The records of each kind, in their order in the summary.
        self._groups = {
            Opcode.SCHEMA: bytearray(),
            Opcode.CHANNEL: bytearray(),
            Opcode.STATISTICS: bytearray(),
            Opcode.CHUNK_INDEX: bytearray(),
            Opcode.METADATA_INDEX: bytearray(),
        }
        self._counts: Counter[Opcode] = Counter()
        self._messages: Counter[int] = Counter()
        self._start: int | None = None
        self._end = 0

    def add(self, data: bytes, position: int) -> None:
        """Add records that were written.

        Parameters
        ----------
        data
            The records.
        position
            Their position in the file.
        """
        index: ChunkIndex | None = None
        at = 0
        while at < len(data):
            opcode, length = HEAD.unpack_from(data, at)
            start, end = at + HEAD.size, at + HEAD.size + length
            self._counts[opcode] += 1
            if opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                self._groups[opcode] += data[at:end]
            elif opcode == Opcode.METADATA:
                self._add_metadata(data[start:end], position + at, end - at)
            elif opcode == Opcode.CHUNK:
                self._finish_chunk(index)
                index = self._index(data[start:end], position + at, end - at)
            elif opcode == Opcode.MESSAGE_INDEX and index is not None:
                channel, size = _INDEX.unpack_from(data, start)
                index.message_index_offsets[channel] = position + at
                index.message_index_length += end - at
                self._messages[channel] += size // _INDEX_ENTRY
            at = end
        self._finish_chunk(index)

    def ending(self, position: int) -> bytes:
        """Return the end of the file, which follows the last record.

        Parameters
        ----------
        position
            The position of the end.
        """
        end = _bytes_of(DataEnd(0))
        start = position + len(end)
        groups, offsets = bytearray(), bytearray()
        self._groups[Opcode.STATISTICS][:] = _bytes_of(self._statistics())
        for opcode, group in self._groups.items():
            if group:
                offsets += _bytes_of(SummaryOffset(opcode, len(group), start + len(groups)))
                groups += group
        offset_start = start + len(groups)
        crc = zlib.crc32(offsets, zlib.crc32(groups))
        crc = zlib.crc32(_FOOTER.pack(Opcode.FOOTER, _FOOTER_LENGTH, start, offset_start), crc)
        footer = Footer(summary_start=start, summary_offset_start=offset_start, summary_crc=crc)
        return b"".join((end, groups, offsets, _bytes_of(footer), MCAP0_MAGIC))

    def _add_metadata(self, content: bytes, position: int, length: int) -> None:
        name = Metadata.read(ReadDataStream(BytesIO(content))).name
        index = MetadataIndex(offset=position, length=length, name=name)
        self._groups[Opcode.METADATA_INDEX] += _bytes_of(index)

    def _index(self, content: bytes, position: int, length: int) -> ChunkIndex:
        chunk = Chunk.read(ReadDataStream(BytesIO(content)))
        if self._start is None:
            self._start = chunk.message_start_time
        self._end = chunk.message_end_time
        return ChunkIndex(
            chunk_length=length,
            chunk_start_offset=position,
            compression=chunk.compression,
            compressed_size=len(chunk.data),
            message_end_time=chunk.message_end_time,
            message_index_length=0,
            message_index_offsets={},
            message_start_time=chunk.message_start_time,
            uncompressed_size=chunk.uncompressed_size,
        )

    def _finish_chunk(self, index: ChunkIndex | None) -> None:
        if index is not None:
            self._groups[Opcode.CHUNK_INDEX] += _bytes_of(index)

    def _statistics(self) -> Statistics:
        return Statistics(
            attachment_count=0,
            channel_count=self._counts[Opcode.CHANNEL],
            channel_message_counts=dict(self._messages),
            chunk_count=self._counts[Opcode.CHUNK],
            message_count=sum(self._messages.values()),
            message_end_time=self._end,
            message_start_time=self._start or 0,
            metadata_count=self._counts[Opcode.METADATA],
            schema_count=self._counts[Opcode.SCHEMA],
        )


def _bytes_of(record: McapRecord) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    data: bytes = builder.end()
    return data
