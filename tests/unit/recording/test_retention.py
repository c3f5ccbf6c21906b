"""Deletion of the oldest segments."""

import os
import shutil
import time
from pathlib import Path

import pytest

from m2com_twisted.recording import Keep, SegmentLimits, segments
from m2com_twisted.recording.retention import Retention
from tests.support.log_lines import warnings
from tests.support.recordings import Recording, numbers_in

LONG_AGO = time.time() - 86400


def old_segment(directory: Path, day: int, size: int = 1000) -> Path:
    """Make a segment of yesterday."""
    path = directory / f"m2-202301{day:02d}T000000.000000Z.mcap"
    path.write_bytes(bytes(size))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def pass_minutes(recording: Recording, count: int) -> None:
    """Let the time pass in which segments must stay the same to be deleted."""
    for _ in range(count * 30):
        recording.clock.advance(2)


def test_nothing_is_deleted_by_default(tmp_path: Path) -> None:
    """A recorder without a limit keeps what is a day old."""
    old = old_segment(tmp_path, 1)
    recording = Recording(tmp_path)
    pass_minutes(recording, 3)
    recording.stop()
    assert old.exists()


def test_oldest_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    """Only the oldest segments are deleted, and no more than needed."""
    old = [old_segment(tmp_path, day, size=10_000) for day in range(1, 7)]
    notes = tmp_path / "m2-notes.txt"
    notes.write_bytes(bytes(10_000))
    recording = Recording(tmp_path, keep=Keep(size=35_000))
    recording.write()
    pass_minutes(recording, 3)
    assert segments(tmp_path)[-1].stat().st_size < 5000
    assert [path.exists() for path in old] == [False, False, False, True, True, True]
    assert notes.exists()
    recording.stop()
    assert recording.recorder.lost == 0


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """The age is that of the last write."""
    old, new = old_segment(tmp_path, 1), old_segment(tmp_path, 2)
    os.utime(new)
    recording = Recording(tmp_path, keep=Keep(age=3600))
    pass_minutes(recording, 3)
    recording.stop()
    assert (old.exists(), new.exists()) == (False, True)


def test_nothing_of_the_last_minute_is_deleted(tmp_path: Path) -> None:
    """What is written to stays, though its time stamp says that it is old, as after a clock step.

    The time is that of the monotonic clock since the file was seen to change.
    """
    growing = old_segment(tmp_path, 1)
    retention = Retention(tmp_path, Keep(size=0, age=1))
    for second in range(0, 300, 10):
        with growing.open("ab") as file:
            file.write(b"x")
        os.utime(growing, (LONG_AGO, LONG_AGO))
        assert retention.prune(second).deleted == []
    assert retention.prune(349).deleted == []
    assert retention.prune(351).deleted == [growing]


def test_segment_that_another_recorder_has_open_is_kept(tmp_path: Path) -> None:
    """A segment that another recorder has open is kept, however long nothing was written."""
    quiet = Recording(tmp_path)
    quiet.write(3)
    [file] = segments(tmp_path)
    os.utime(file, (LONG_AGO, LONG_AGO))
    pruning = Recording(tmp_path, keep=Keep(size=0, age=1))
    pass_minutes(pruning, 5)
    pruning.stop()
    assert file.exists()
    quiet.write(2)
    quiet.stop()
    assert numbers_in(file) == list(range(5))
    assert quiet.recorder.lost == 0


def test_recorder_keeps_within_its_size(tmp_path: Path) -> None:
    """A recording that goes on for long has about what it may have, and the newest of it."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=50_000), keep=Keep(size=500_000))
    for _ in range(300):
        recording.write(5, size=2000)
    total = sum(file.stat().st_size for file in segments(tmp_path))
    # Beside the limit there may be what came in the last minute.
    assert 400_000 < total < 500_000 + 40 * 5 * 1400
    recording.stop()
    numbers = numbers_in(tmp_path)
    assert numbers == list(range(numbers[0], 1500))
    assert numbers[0] > 0


def test_two_that_delete_in_one_directory(tmp_path: Path) -> None:
    """A segment that another recorder has deleted is no error."""
    for day in range(1, 20):
        old_segment(tmp_path, day)
    both = [Recording(tmp_path, keep=Keep(size=5000)) for _ in range(2)]
    for recording in both:
        recording.write()
    for _ in range(120):
        for recording in both:
            recording.clock.advance(2)
    for recording in both:
        recording.stop()
        assert recording.recorder.lost == 0
    assert sum(file.stat().st_size for file in segments(tmp_path)) < 7000


def test_what_cannot_be_deleted_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A segment that cannot be deleted is reported once; the others are deleted."""
    (tmp_path / "m2-20230101T000000.000000Z.mcap").mkdir()
    old = old_segment(tmp_path, 2)
    recording = Recording(tmp_path, keep=Keep(size=0))
    recording.write()
    pass_minutes(recording, 10)
    assert not old.exists()
    assert len([line for line in warnings(caplog) if "cannot be deleted" in line]) == 1
    shutil.rmtree(tmp_path / "m2-20230101T000000.000000Z.mcap")
    assert recording.check() == [0]
