"""Channels of a segment: one for each connection, direction and message id."""

import json
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from mcap.data_stream import RecordBuilder
from mcap.records import Channel, Schema
from mcap.writer import Writer

from .schemas import json_schema

__all__ = ["Arrival", "Channels", "Source"]

# Largest number of channels of one segment.  The catalogue has fewer than 100 messages, and the
# format numbers channels with 16 bits.  The limit protects the memory against invented ids.
_MOST_CHANNELS = 1000

# Number of characters of a message id that are used in the name of a channel.  Ids of the
# catalogue have at most 30.
_LONGEST_ID = 100


class Source(NamedTuple):
    """Origin of a recorded line.

    Attributes
    ----------
    connection
        ``"command"`` or ``"telemetry"``.
    kind
        ``"received"``, ``"sent"``, ``"bad"`` or ``"link"``.
    """

    connection: str
    kind: str

    @property
    def prefix(self) -> str:
        """First part of the names of its channels."""
        return self.connection if self.kind == "received" else self.kind


class Arrival(NamedTuple):
    """One line to be recorded.

    Attributes
    ----------
    time
        Time of its arrival, in ns of the monotonic clock.
    source
        Origin of the line.
    name
        Last part of the name of the channel, in general the message id.  None if it
        must still be read from the line.
    line
        The line as it went over the wire, without the line end.
    age
        Age of the line at its arrival, in ns.  It is 0 unless a service received the line earlier.
    """

    time: int
    source: Source
    name: object
    line: bytes
    age: int = 0


@dataclass(frozen=True)
class _Key:
    source: Source
    name: str


class Channels:
    """Registers the channels of one segment as they are needed.

    Parameters
    ----------
    writer
        Writer of the segment.
    stream
        Stream that it writes to.
    """

    def __init__(self, writer: Writer, stream: IO[bytes]) -> None:
        self._writer = writer
        self._stream = stream
        self._ids: dict[tuple[Source, object], int] = {}

    def id_of(self, arrival: Arrival) -> int:
        """Return the id of the channel for a line.  A new channel is registered."""
        source, name = arrival.source, arrival.name
        if name is None:
            name = _id_on(arrival.line)
        try:
            found = self._ids.get((source, name))
        except TypeError:  # the id is a list or an object
            name = None
            found = self._ids.get((source, name))
        return found or self._of_new_name(source, name)

    def _of_new_name(self, source: Source, name: object) -> int:
        shown = _shown(name) if len(self._ids) < _MOST_CHANNELS else "(other)"
        key = (source, shown)
        if key not in self._ids:
            self._ids[key] = self._register(source, shown)
        if len(self._ids) < _MOST_CHANNELS:
            self._ids[source, name] = self._ids[key]
        return self._ids[key]

    def _register(self, source: Source, name: str) -> int:
        topic = f"/{source.prefix}/{name}"
        schema = json.dumps(json_schema(source.kind, name)).encode()
        schema_id = self._writer.register_schema(name, "jsonschema", schema)
        facts = {"connection": source.connection, "kind": source.kind}
        channel_id = self._writer.register_channel(topic, "json", schema_id, facts)
        # The writer puts schema and channel into the current chunk.  If that chunk is damaged, the
        # later chunks must still be readable.  So both are also written outside of the chunk.
        self._repeat(
            Schema(id=schema_id, name=name, encoding="jsonschema", data=schema),
            Channel(channel_id, topic, "json", facts, schema_id),
        )
        return channel_id

    def _repeat(self, *records: Schema | Channel) -> None:
        builder = RecordBuilder()
        for record in records:
            record.write(builder)
        self._stream.write(builder.end())


def _shown(name: object) -> str:
    """Return a message id, of any type, as part of a channel's name."""
    if not isinstance(name, str) or not name:
        return "(no id)"
    # Half of a surrogate pair cannot be encoded as UTF-8.
    return name[:_LONGEST_ID].encode("utf-8", "backslashreplace").decode()


def _id_on(line: bytes) -> Any:
    """Return the id on a line that was sent."""
    try:
        return json.loads(line)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
