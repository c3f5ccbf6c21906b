"""Segments as other programs read them: by the reader of the mcap library."""

import json
from pathlib import Path

from mcap.reader import NonSeekingReader, make_reader
from mcap.stream_reader import StreamReader

from m2com_twisted.recording import SegmentLimits, segments
from tests.support.recordings import START, Recording


def one_segment(directory: Path) -> Path:
    """Record some messages of two connections in several chunks."""
    recording = Recording(directory)
    power = b'{"id": "powerSystemState", "powerType": 1, "status": true, "state": 5}'
    recording.recorder.observer("command").received(power, {"id": "powerSystemState"})
    recording.recorder.observer("command").sent(b'{"id": "cmd_power", "sequence_id": 0}')
    recording.recorder.observer("command").received(b'{"id": "new"}', {"id": "new"})
    for _ in range(5):
        recording.write(10, size=100)
    recording.stop()
    [file] = segments(directory)
    return file


def test_summary_tells_what_is_in_a_segment(tmp_path: Path) -> None:
    """Counts, times, channels, schemas and the index of the chunks are there and right."""
    with one_segment(tmp_path).open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
    assert summary is not None
    statistics = summary.statistics
    assert statistics is not None
    assert (statistics.message_count, statistics.chunk_count) == (53, 5)
    assert statistics.message_start_time == START
    assert statistics.message_end_time == START + 8 * 10**9
    topics = {channel.topic: channel for channel in summary.channels.values()}
    assert {topic: channel.message_encoding for topic, channel in topics.items()} == {
        "/command/powerSystemState": "json",
        "/sent/cmd_power": "json",
        "/command/new": "json",
        "/telemetry/position": "json",
    }
    position = topics["/telemetry/position"]
    assert position.metadata == {"connection": "telemetry", "kind": "received"}
    assert statistics.channel_message_counts[position.id] == 50
    assert len(summary.chunk_indexes) == 5


def test_every_channel_has_a_schema(tmp_path: Path) -> None:
    """A schema is a JSON Schema with the name of the message, also of one that nobody knows."""
    with one_segment(tmp_path).open("rb") as stream:
        for schema, channel, _ in make_reader(stream, validate_crcs=True).iter_messages():
            assert schema is not None
            assert schema.encoding == "jsonschema"
            assert schema.name == channel.topic.rpartition("/")[2]
            assert json.loads(schema.data)["type"] == "object"


def test_schemas_are_those_of_the_catalogue(tmp_path: Path) -> None:
    """A schema tells the fields of its message, with their units."""
    with one_segment(tmp_path).open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    schemas = {schema.name: json.loads(schema.data) for schema in summary.schemas.values()}
    assert schemas["position"]["properties"]["x"]["unit"] == "um"
    assert schemas["cmd_power"]["properties"]["id"] == {"const": "cmd_power"}
    assert schemas["powerSystemState"]["properties"]["status"]["type"] == "boolean"
    assert "unit" not in str(schemas["new"])


def test_messages_are_read_by_topic(tmp_path: Path) -> None:
    """The index leads the library's reader to the right messages, in order."""
    with one_segment(tmp_path).open("rb") as stream:
        found = make_reader(stream, validate_crcs=True).iter_messages(["/telemetry/position"])
        numbers = [json.loads(message.data)["number"] for _, _, message in found]
    assert numbers == list(range(50))


def test_unfinished_segment_is_read_too(tmp_path: Path) -> None:
    """The library reads the messages of a segment that is still written, though without index."""
    recording = Recording(tmp_path)
    for _ in range(3):
        recording.write(10)
    [file] = segments(tmp_path)
    numbers = []
    with file.open("rb") as stream:
        messages = NonSeekingReader(stream).iter_messages(log_time_order=False)
        for _ in range(30):
            numbers.append(json.loads(next(messages)[2].data)["number"])
    assert numbers == list(range(30))
    recording.stop()


def test_every_record_is_sound(tmp_path: Path) -> None:
    """All checksums are right, from the first byte to the last, in each of several segments."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=20_000))
    for _ in range(20):
        recording.write(10, size=500)
    recording.stop()
    assert len(segments(tmp_path)) == 3
    for file in segments(tmp_path):
        with file.open("rb") as stream:
            kinds = [
                type(record).__name__ for record in StreamReader(stream, validate_crcs=True).records
            ]
            assert stream.read() == b""
        assert (kinds[0], kinds[-1]) == ("Header", "Footer")
