"""Reads the records of an MCAP file, and skips damaged parts.

The reader of the ``mcap`` library stops at the first damaged byte.
"""

import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

__all__ = ["HEAD", "Place", "RecordWalk"]

#: Opcode and length of a record.
HEAD = struct.Struct("<BQ")

# Fields of a chunk before its data (MCAP specification): first and last time, size and
# checksum of the data before compression, name of the compression, size of the data.
_CHUNK = struct.Struct("<QQQII4sQ")

# The name of the compression with its length, and its position in a chunk.
_MARK = struct.pack("<I4s", 4, b"zstd")
_MARK_POSITION = HEAD.size + struct.calcsize("<QQQI")

# Number of bytes in each step of a search.
_BLOCK = 2**20


class Place(NamedTuple):
    """Place of a record in the file.

    Attributes
    ----------
    opcode
        Kind of the record.
    start, end
        Position of its content, without its head.
    """

    opcode: int
    start: int
    end: int


class RecordWalk:
    """Finds the complete records of a file, which may be growing.

    Parameters
    ----------
    file
        The file.
    path
        Name of the file in the log.
    log
        Logs damaged parts.
    """

    def __init__(self, file: BinaryIO, path: Path, log: logging.Logger) -> None:
        self._file = file
        self._path = path
        self._log = log
        #: End of the part of the file that was read.
        self.position = 0
        # End of the part of the file that is certainly undamaged.
        self._certain = 0

    @property
    def remaining(self) -> int:
        """Number of bytes after the last complete record."""
        return os.fstat(self._file.fileno()).st_size - self.position

    def records(self) -> Iterator[Place]:
        """Yield the places of all further records.  Call it again when the file has grown."""
        size = os.fstat(self._file.fileno()).st_size
        if self.position == 0 and self._bytes(0, len(MCAP0_MAGIC)) == MCAP0_MAGIC:
            self.position = self._certain = len(MCAP0_MAGIC)
        while self.position < size:
            place = self._place_at(self.position, size)
            if place is None:
                if not self._skip_damage(size):
                    return
                continue
            self.position = place.end
            if place.opcode == Opcode.CHUNK:
                self._certain = place.end
            yield place

    def content(self, place: Place) -> bytes:
        """Return the content of a record."""
        return self._bytes(place.start, place.end - place.start)

    def _bytes(self, position: int, length: int) -> bytes:
        self._file.seek(position)
        return self._file.read(length)

    def _place_at(self, position: int, size: int) -> Place | None:
        """Return the place of the record at this position.  None if there is no record."""
        head = self._bytes(position, HEAD.size)
        if len(head) < HEAD.size:
            return None
        opcode, length = HEAD.unpack(head)
        place = Place(opcode, position + HEAD.size, position + HEAD.size + length)
        if not Opcode.HEADER <= opcode <= Opcode.DATA_END or place.end > size:
            return None
        if opcode == Opcode.CHUNK and not self._is_chunk(place):
            return None
        return place

    def _is_chunk(self, place: Place) -> bool:
        """Return whether the two lengths of a chunk agree."""
        content = self._bytes(place.start, _CHUNK.size)
        if len(content) < _CHUNK.size:
            return False
        *_, name_length, _, data_length = _CHUNK.unpack(content)
        if name_length != 4:
            return True  # another program has written the chunk
        return place.start + _CHUNK.size + int(data_length) == place.end

    def _skip_damage(self, size: int) -> bool:
        """Continue at the next chunk.  Return whether there is one."""
        found = self._find_chunk(max(self._certain, 1), size)
        if found is None:
            return False
        self._log.warning(
            "%s: bytes %d to %d are damaged and were left out",
            self._path,
            self.position,
            found,
        )
        self.position = self._certain = found
        return True

    def _find_chunk(self, position: int, size: int) -> int | None:
        """Return the position of the next chunk.  None if there is no further one."""
        while position < size:
            block = self._bytes(position, _BLOCK + len(_MARK))
            at = block.find(_MARK)
            while at >= 0:
                start = position + at - _MARK_POSITION
                if start >= self._certain:
                    place = self._place_at(start, size)
                    if place is not None and place.opcode == Opcode.CHUNK:
                        return start
                at = block.find(_MARK, at + 1)
            position += _BLOCK
        return None
