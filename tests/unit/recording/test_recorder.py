"""What is recorded, in which channels, at what times, and when it is on disk."""

import itertools
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.recording import Recorder, SegmentLimits, read_recording, segments
from tests.support.recordings import START, Recording, numbers_in

SECOND = 10**9


def test_a_record_is_the_controllers_own_line(tmp_path: Path) -> None:
    """A line is recorded byte for byte, with its UTC, its channel and its connection."""
    recording = Recording(tmp_path)
    line = b'{ "id":"position","x":1.50,"y":NaN, "z": 1e400}'
    recording.recorder.observer("telemetry").received(line, {"id": "position"})
    recording.stop()
    [record] = read_recording(tmp_path)
    assert record == (START, "/telemetry/position", "telemetry", "received", line, 0)
    assert record.id == "position"
    assert record.utc == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert record.message["x"] == 1.5


def test_a_message_of_a_hub_has_the_time_at_which_its_service_received_it(tmp_path: Path) -> None:
    """A last value of an hour ago is an hour old in the recording, whose order is not changed."""
    recording = Recording(tmp_path)
    observer = recording.recorder.observer("command")
    observer.received(b'{"id": "ack"}', {"id": "ack"})
    observer.received_late(b'{"id": "interlock"}', {"id": "interlock"}, 3600.0)
    recording.stop()
    [first, late] = read_recording(tmp_path)
    assert late.time == first.time
    assert (first.utc - late.utc).total_seconds() == 3600.0
    assert (first.age, late.age) == (0, 3600 * SECOND)


def test_each_connection_direction_and_id_has_a_channel(tmp_path: Path) -> None:
    """Received, sent and bad lines and changes of the connection are told apart."""
    recording = Recording(tmp_path)
    command = recording.recorder.observer("command")
    telemetry = recording.recorder.observer("telemetry")
    command.connection(ConnectionState.CONNECTED)
    command.received(b'{"id": "ack"}', {"id": "ack"})
    command.sent(b'{"id": "cmd_power", "sequence_id": 0}')
    telemetry.sent(b'{"id": "tel_elevation"}')
    telemetry.received(b'{"id": "ack"}', {"id": "ack"})
    telemetry.bad(b"nonsense \xff", "not JSON")
    telemetry.connection(ConnectionState.WAITING)
    recording.stop()
    assert [(one.topic, one.connection, one.kind) for one in read_recording(tmp_path)] == [
        ("/link/command", "command", "link"),
        ("/command/ack", "command", "received"),
        ("/sent/cmd_power", "command", "sent"),
        ("/sent/tel_elevation", "telemetry", "sent"),
        ("/telemetry/ack", "telemetry", "received"),
        ("/bad/telemetry", "telemetry", "bad"),
        ("/link/telemetry", "telemetry", "link"),
    ]
    bad, link = (one.message for one in list(read_recording(tmp_path))[-2:])
    assert bad == {"reason": "not JSON", "line": "nonsense \xff"}
    assert link == {"state": "waiting"}


@pytest.mark.parametrize("message_id", ["\ud800", "", "a/b", "x" * 5000, 7, None, ["a"], {}, True])
def test_an_id_of_any_kind_is_recorded(tmp_path: Path, message_id: object) -> None:
    """An id that is no name costs neither its message nor any other."""
    recording = Recording(tmp_path)
    line = json.dumps({"id": message_id}).encode()
    for _ in range(2):
        recording.observer.received(line, {"id": message_id})
    recording.observer.sent(line)
    recording.observer.sent(b"no JSON")
    recording.send()
    recording.stop()
    assert recording.recorder.recorded == 5
    lines = [one.line for one in read_recording(tmp_path)]
    assert lines[:4] == [line, line, line, b"no JSON"]


def test_a_controller_that_invents_ids_uses_up_nothing(tmp_path: Path) -> None:
    """From the thousandth id on, messages share a channel; every line is there."""
    recording = Recording(tmp_path)
    for number in range(70_000):
        recording.observer.received(b"%d" % number, {"id": f"x{number}"})
    recording.stop()
    records = list(read_recording(tmp_path))
    assert [int(one.line) for one in records] == list(range(70_000))
    assert len({one.topic for one in records}) == 1001
    assert records[-1].topic == "/telemetry/(other)"


def test_what_waits_is_written_within_two_seconds(tmp_path: Path) -> None:
    """A segment that was never finished has all that came more than two seconds ago."""
    recording = Recording(tmp_path)
    recording.send(3)
    assert numbers_in(tmp_path) == []
    assert recording.recorder.stats.waiting == 3
    recording.clock.advance(2)
    assert numbers_in(tmp_path) == [0, 1, 2]
    assert recording.recorder.recorded == 3
    recording.stop()


def test_much_is_written_at_once(tmp_path: Path) -> None:
    """64 KiB are written at once, without waiting for two seconds."""
    recording = Recording(tmp_path)
    recording.send(3, size=2**15)
    assert numbers_in(tmp_path) == [0, 1]
    recording.stop()


def test_nothing_is_recorded_before_the_start_and_after_the_stop(tmp_path: Path) -> None:
    """Before start and after stop, messages are neither recorded nor counted."""
    recorder = Recorder(tmp_path / "never")
    recorder.observer("command").received(b"{}", {})
    assert recorder.stopService().called
    assert not (tmp_path / "never").exists()
    recording = Recording(tmp_path)
    recording.send()
    recording.stop()
    recording.send()
    assert numbers_in(tmp_path) == [0]
    assert (recording.recorder.recorded, recording.recorder.lost) == (1, 0)


def test_each_start_begins_a_segment(tmp_path: Path) -> None:
    """Each start begins a segment; earlier segments and the counters are kept."""
    recording = Recording(tmp_path)
    recording.send(2)
    recording.stop()
    [first] = segments(tmp_path)
    content = first.read_bytes()
    recording.recorder.startService()
    recording.send(3)
    assert recording.check() == [0, 1, 2, 3, 4]
    assert len(segments(tmp_path)) == 2
    assert first.read_bytes() == content


def test_names_have_the_time_of_the_start(tmp_path: Path) -> None:
    """A name is the UTC of the segment's start to the microsecond; one that is taken is left."""
    taken = tmp_path / "m2-20231114T221320.000000Z.mcap"
    taken.write_bytes(b"mine")
    recording = Recording(tmp_path)
    recording.send()
    recording.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "m2-20231114T221320.000000Z.mcap",
        "m2-20231114T221320.000001Z.mcap",
    ]
    assert taken.read_bytes() == b"mine"


def test_a_new_segment_by_size(tmp_path: Path) -> None:
    """No message is lost or out of order where one segment ends and the next begins."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=100_000))
    for _ in range(20):
        recording.write(10, size=4000)
    assert recording.check() == list(range(200))
    sizes = [path.stat().st_size for path in segments(tmp_path)]
    assert len(sizes) == 4
    assert max(sizes) < 250_000


def test_a_new_segment_by_age(tmp_path: Path) -> None:
    """A segment has no more than what came in its time."""
    recording = Recording(tmp_path, limits=SegmentLimits(age=60))
    for _ in range(100):
        recording.write()
    assert recording.check() == list(range(100))
    assert len(segments(tmp_path)) == 4


def test_bytes_are_those_on_disk(tmp_path: Path) -> None:
    """The counter of bytes is the size of the files, and the age is that of the segment."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=50_000))
    for _ in range(10):
        recording.write(10, size=2000)
    total = sum(path.stat().st_size for path in segments(tmp_path))
    assert recording.recorder.stats.bytes == total
    recording.write()
    recording.clock.advance(6.5)
    stats = recording.recorder.stats
    assert stats.segment is not None
    assert stats.segment == segments(tmp_path)[-1]
    assert stats.segment_age > 6
    recording.stop()
    assert recording.recorder.stats.segment is None
    total = sum(path.stat().st_size for path in segments(tmp_path))
    assert recording.recorder.stats.bytes == total


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_wall_clock_that_is_set(tmp_path: Path, step: float) -> None:
    """Within a segment time goes on as it passes; the next one has the new UTC, and all is read.

    The order of reading is that of writing, though the later name may be the smaller one.
    """
    recording = Recording(tmp_path, limits=SegmentLimits(age=100))
    for _ in range(10):
        recording.write()
    recording.step = step
    for _ in range(60):
        recording.write()
    assert recording.check() == list(range(70))
    files = segments(tmp_path)
    assert len(files) == 2
    assert (files[0].name < files[1].name) == (step > 0)
    for file in files:
        times = [one.time for one in read_recording(file)]
        assert {later - earlier for earlier, later in itertools.pairwise(times)} == {2 * SECOND}
    first_of_second = next(read_recording(files[1]))
    assert first_of_second.time == START + round(step + first_of_second.message["number"] * 2) * (
        SECOND
    )


def test_wall_clock_that_is_set_is_noted(tmp_path: Path) -> None:
    """The metadata of a segment tell by how much, once for each time."""
    from mcap.reader import make_reader

    recording = Recording(tmp_path)
    recording.write()
    for step in -3600.0, -3600.0, -3599.5, 0.0:
        recording.step = step
        recording.write()
    recording.stop()
    [file] = segments(tmp_path)
    with file.open("rb") as stream:
        notes = [note.metadata for note in make_reader(stream).iter_metadata()]
    assert [note["seconds"] for note in notes[1:]] == ["-3600.000000", "3600.000000"]
    assert int(notes[1]["at"]) == START + 4 * SECOND
    assert int(notes[1]["utc"]) == START + 4 * SECOND - 3600 * SECOND


def test_two_recorders_in_one_directory(tmp_path: Path) -> None:
    """Two recorders in one directory neither overwrite nor delete each other's files."""
    first, second = Recording(tmp_path), Recording(tmp_path)
    for _ in range(5):
        first.write(2)
        second.write(3)
    first.stop()
    second.stop()
    assert numbers_in(tmp_path) == [*range(10), *range(15)]
    assert first.recorder.lost == second.recorder.lost == 0
