"""Recordings read back: in order, in part, unfinished, damaged, and while they grow."""

import contextlib
import json
import os
import random
import shutil
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from m2com_twisted.errors import RecordingError
from m2com_twisted.recording import (
    FollowedRecording,
    Record,
    SegmentLimits,
    Selection,
    read_recording,
    segments,
)
from tests.support.recordings import START, Recording, numbers_in

CHUNK_MARK = b"\x04\0\0\0zstd"


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Return a finished segment of 20 chunks with 10 messages each, a chunk every 2 s."""
    recording = Recording(tmp_path)
    for _ in range(20):
        recording.write(10, size=50)
    recording.stop()
    [file] = segments(tmp_path)
    return file


def without_summary(file: Path) -> bytes:
    """Return what a segment had when it was not finished: up to the record of the data's end."""
    content = file.read_bytes()
    return content[: content.rindex(b"\x0f\x04" + bytes(7))]


def chunks_in(content: bytes) -> list[int]:
    """Return where the chunks begin."""
    found, at = [], content.find(CHUNK_MARK)
    while at >= 0:
        if content[at - 37] == 6:
            found.append(at - 37)
        at = content.find(CHUNK_MARK, at + 1)
    return found


def test_from_and_to_a_time(finished: Path) -> None:
    """The first message is not before the start, and the last one is before the end."""
    utc = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    for start in utc + timedelta(seconds=4), utc.replace(tzinfo=None) + timedelta(seconds=4):
        records = read_recording(finished, start, utc + timedelta(seconds=10))
        assert [one.message["number"] for one in records] == list(range(20, 50))
    assert len(list(read_recording(finished, end=START / 1e9))) == 0
    assert len(list(read_recording(finished, start=START / 1e9 + 38))) == 10
    assert len(list(read_recording(finished, start=START / 1e9 + 39))) == 0


def test_some_channels_only(tmp_path: Path) -> None:
    """A channel is named by its whole name, without the slash, or by the message id."""
    recording = Recording(tmp_path)
    for connection in "command", "telemetry":
        for name in "position", "ack":
            line = f'{{"id": "{name}"}}'.encode()
            recording.recorder.observer(connection).received(line, {"id": name})
    recording.stop()

    def topics(*wanted: str) -> list[str]:
        return [one.topic for one in read_recording(tmp_path, topics=wanted)]

    assert topics("position") == ["/command/position", "/telemetry/position"]
    assert topics("/telemetry/position") == ["/telemetry/position"]
    assert topics("telemetry/ack", "command/ack") == ["/command/ack", "/telemetry/ack"]
    assert topics("posit") == topics() == []


def test_no_recording_is_an_error(tmp_path: Path) -> None:
    """A directory without segments, a file that is none and no file at all are told apart."""
    with pytest.raises(FileNotFoundError, match="no recording in"):
        next(read_recording(tmp_path))
    with pytest.raises(FileNotFoundError):
        next(read_recording(tmp_path / "nothing"))
    (tmp_path / "notes.txt").write_text("My notes of the night.")
    with pytest.raises(RecordingError, match="is no recording"):
        next(read_recording(tmp_path / "notes.txt"))


def test_other_files_in_the_directory_are_left_alone(finished: Path) -> None:
    """Only files with the name of a segment are read."""
    (finished.parent / "m2-notes.mcap").write_text("not mine")
    (finished.parent / f"{finished.name}.bak").write_bytes(finished.read_bytes())
    assert numbers_in(finished.parent) == list(range(200))


def test_cut_anywhere_it_is_read_to_its_last_whole_chunk(finished: Path, tmp_path: Path) -> None:
    """Each whole chunk that a crash left of a segment is read."""
    content = without_summary(finished)
    starts = chunks_in(content)
    assert len(starts) == 20
    cut = tmp_path / "cut.mcap"
    for size in sorted(random.Random(2).sample(range(len(content)), 150)):
        cut.write_bytes(content[:size])
        numbers = numbers_in(cut)
        ends = [start for start in starts if start + 9 + _length(content, start) <= size]
        assert numbers == list(range(10 * len(ends)))


def _length(content: bytes, start: int) -> int:
    length: int = struct.unpack_from("<Q", content, start + 1)[0]
    return length


@pytest.mark.parametrize("is_finished", [True, False])
def test_flipped_bit_costs_one_chunk(finished: Path, tmp_path: Path, is_finished: bool) -> None:
    """Wherever a bit is flipped, all other chunks are read, and nothing wrong is."""
    content = finished.read_bytes() if is_finished else without_summary(finished)
    sent = {one.line for one in read_recording(finished)}
    damaged = tmp_path / "m2-damaged.mcap"
    generator = random.Random(3)
    for _ in range(150):
        position = generator.randrange(len(content))
        changed = bytearray(content)
        changed[position] ^= 1 << generator.randrange(8)
        damaged.write_bytes(changed)
        lines = [one.line for one in read_recording(damaged)]
        assert sent.issuperset(lines)
        assert len(lines) in (190, 200)
        numbers = [json.loads(line)["number"] for line in lines]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("is_finished", [True, False])
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x06", CHUNK_MARK])
def test_damaged_block_costs_what_it_covers(
    finished: Path, tmp_path: Path, is_finished: bool, filling: bytes
) -> None:
    """A sector that reads as zeros costs the chunks that it touches."""
    content = finished.read_bytes() if is_finished else without_summary(finished)
    starts = [*chunks_in(content), len(content)]
    damaged = tmp_path / "m2-damaged.mcap"
    for start in random.Random(4).sample(range(len(without_summary(finished)) - 4096), 40):
        block = (filling * 4096)[:4096]
        damaged.write_bytes(content[:start] + block + content[start + 4096 :])
        untouched = [
            number
            for number, chunk in enumerate(starts[:-1])
            if chunk + 9 + _length(content, chunk) <= start or chunk >= start + 4096
        ]
        if start < starts[0] and not is_finished:
            continue  # the names of the channels are gone with the chunk that has them
        found = {one.message["number"] // 10 for one in read_recording(damaged)}
        assert found >= set(untouched)


def test_damage_to_the_first_chunk_costs_itself_only(finished: Path, tmp_path: Path) -> None:
    """The channels are known though the chunk in which they are registered is gone."""
    content = bytearray(without_summary(finished))
    first, second, *_ = chunks_in(bytes(content))
    content[first:second] = bytes(second - first)
    damaged = tmp_path / "m2-damaged.mcap"
    damaged.write_bytes(content)
    assert numbers_in(damaged) == list(range(10, 200))


def test_damage_is_told_with_its_place(
    finished: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each damaged place says what was left out."""
    content = bytearray(finished.read_bytes())
    start = chunks_in(bytes(content))[5]
    content[start + 100] ^= 1
    damaged = tmp_path / "m2-damaged.mcap"
    damaged.write_bytes(content)
    assert len(numbers_in(damaged)) == 190
    assert f"the chunk at byte {start + 9} is damaged" in caplog.text


def test_segment_deleted_while_a_recording_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If a segment is deleted during reading, the others are read to their end."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=1))
    for _ in range(3):
        recording.write()
    recording.stop()
    records = read_recording(tmp_path)
    next(records)
    segments(tmp_path)[1].unlink()
    assert [one.message["number"] for one in records] == [2]
    assert "is gone" in caplog.text


def test_following_sees_each_message_once(tmp_path: Path) -> None:
    """Growth of a segment, the next segments, and the runs of other recorders are all seen."""
    recording = Recording(tmp_path / "record", limits=SegmentLimits(size=2000))
    recording.write(3)
    followed = FollowedRecording(tmp_path / "record", Selection())

    def news() -> list[int]:
        return [one.message["number"] for one in followed.new_records()]

    assert news() == [0, 1, 2]
    assert news() == []
    seen: list[int] = []
    for _ in range(30):
        recording.write(5, size=100)
        seen += news()
    assert seen == list(range(3, 153))
    assert len(segments(tmp_path / "record")) > 3
    other = Recording(tmp_path / "record")
    other.write(2)
    recording.write()
    assert sorted(news()) == [0, 1, 153]
    recording.stop()
    other.stop()
    assert news() == []
    followed.close()


def test_following_meets_torn_and_deleted_segments(tmp_path: Path) -> None:
    """An unfinished chunk is read when it is complete; a segment that is deleted is left."""
    recording = Recording(tmp_path / "record")
    recording.write(5)
    recording.write(5)
    [file] = segments(tmp_path / "record")
    content = file.read_bytes()
    copy = tmp_path / "copy"
    copy.mkdir()
    growing = copy / file.name
    growing.write_bytes(b"")
    followed = FollowedRecording(copy, Selection())
    found: list[Record] = []
    step = len(content) // 9
    for end in [*range(1, len(content), step), len(content)]:
        growing.write_bytes(content[:end])
        with contextlib.suppress(FileNotFoundError):
            found += followed.new_records()
    assert [one.message["number"] for one in found] == list(range(10))
    growing.unlink()
    assert list(followed.new_records()) == []
    followed.close()
    recording.stop()


def test_following_a_directory_that_is_removed_and_back(tmp_path: Path) -> None:
    """Messages are also followed after the directory was removed and made again."""
    recording = Recording(tmp_path / "record")
    recording.write(3)
    followed = FollowedRecording(tmp_path / "record", Selection())
    assert len(list(followed.new_records())) == 3
    shutil.rmtree(tmp_path / "record")
    assert list(followed.new_records()) == []
    recording.write(2)
    assert [one.message["number"] for one in followed.new_records()] == [3, 4]
    followed.close()
    recording.stop()


def test_segment_that_is_deleted_while_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment deleted during the search is left out, and the others are read."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=1))
    recording.write()
    recording.write()
    recording.stop()
    stat = Path.stat
    first = segments(tmp_path)[0]

    def deleting(path: Path, **options: bool) -> os.stat_result:
        if path == first:
            path.unlink(missing_ok=True)
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", deleting)
        followed = FollowedRecording(tmp_path, Selection())
        assert [one.message["number"] for one in followed.new_records()] == [1]
    followed.close()


def test_many_segments_need_few_descriptors(tmp_path: Path) -> None:
    """A recording of many segments is followed with one open file."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=1))
    for _ in range(100):
        recording.write()
    followed = FollowedRecording(tmp_path, Selection())
    assert len(list(followed.new_records())) == 100
    assert len(followed._open) <= 1
    followed.close()
    recording.stop()
