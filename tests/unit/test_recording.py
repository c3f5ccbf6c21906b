"""Recordings: written, rotated, read back."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from m2com_twisted.recording import FILE_NAME, Recorder, read_recording


class Recording:
    """A recorder on a Clock, and what it has written."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.clock = Clock()
        self.file = directory / FILE_NAME
        self.recorder = Recorder(
            directory,
            reactor=self.clock,
            utc=lambda: 1_700_000_000.25 + self.clock.seconds(),
            monotonic=lambda: 100.0 + self.clock.seconds(),
            **options,
        )
        self.recorder.startService()


def test_line_has_the_message_and_both_times(tmp_path: Path) -> None:
    """A message is one JSON object on one line, with UTC, monotonic time and connection."""
    recording = Recording(tmp_path)
    recording.recorder.record("telemetry", {"id": "position", "x": 1.5})
    recording.recorder.stopService()
    assert json.loads(recording.file.read_text()) == {
        "utc": "2023-11-14T22:13:20.250000Z",
        "monotonic": 100.0,
        "connection": "telemetry",
        "message": {"id": "position", "x": 1.5},
    }


def test_what_waits_is_written_within_a_second(tmp_path: Path) -> None:
    """Messages are not written one by one, and do not wait for long."""
    recording = Recording(tmp_path)
    recording.recorder.record("command", {"id": "interlock"})
    assert recording.file.read_text() == ""
    recording.clock.advance(1)
    assert len(recording.file.read_text().splitlines()) == 1
    recording.recorder.stopService()


def test_much_is_written_at_once(tmp_path: Path) -> None:
    """A buffer that is full does not wait for the second."""
    recording = Recording(tmp_path)
    recording.recorder.record("telemetry", {"id": "x" * 2**16})
    assert recording.file.stat().st_size > 2**16
    recording.recorder.stopService()


def test_stop_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    """What waits at the stop is written; the clock is empty."""
    recording = Recording(tmp_path)
    recording.recorder.record("command", {"id": "interlock"})
    recording.recorder.stopService()
    assert recording.recorder.recorded == 1
    assert [record.message for record in read_recording(tmp_path)] == [{"id": "interlock"}]
    assert not recording.clock.getDelayedCalls()


def test_files_rotate_and_are_read_in_order(tmp_path: Path) -> None:
    """No message is lost or split between files, nor is the order of more than ten of them."""
    recording = Recording(tmp_path, file_size=100)
    for number in range(30):
        recording.recorder.record("command", {"id": "x", "number": number})
        recording.recorder.flush()
    recording.recorder.stopService()
    assert len(list(tmp_path.iterdir())) > 10
    numbers = [record.message["number"] for record in read_recording(tmp_path)]
    assert numbers == list(range(30))


def test_a_later_run_appends(tmp_path: Path) -> None:
    """Nothing of an earlier recording is overwritten."""
    for _ in range(2):
        recording = Recording(tmp_path)
        recording.recorder.record("command", {"id": "interlock"})
        recording.recorder.stopService()
    assert len(list(read_recording(tmp_path))) == 2


def test_message_is_recorded_as_it_came(tmp_path: Path) -> None:
    """NaN, infinity, 64-bit words, floats that are whole, text of all alphabets."""
    message = {"id": "\u00e9\ud800", "values": [math.inf, 2**64 - 1, 1.0, -0.0], "nan": math.nan}
    recording = Recording(tmp_path)
    recording.recorder.record("command", message)
    recording.recorder.stopService()
    [record] = read_recording(tmp_path)
    assert repr(record.message) == repr(message)


def test_incomplete_line_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a power cut left of the last line, or what is no record, is reported and skipped."""
    recording = Recording(tmp_path)
    recording.recorder.record("command", {"id": "interlock"})
    recording.recorder.stopService()
    with recording.file.open("a") as file:
        file.write('{"id": "interlock"}\n{"utc": 1, "monotonic": 1, ')
        file.write('"connection": "x", "message": 1}\n{"utc": "2023-11-14T2')
    assert len(list(read_recording(tmp_path))) == 1
    assert caplog.text.count("which is no record") == 3


def test_full_disk_is_reported_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs what could not be written, said now and then, and nothing else."""
    recording = Recording(tmp_path)
    recording.recorder.stopService()
    recording.file.unlink()
    recording.file.symlink_to("/dev/full")
    recording.recorder.startService()
    for _ in range(5):
        recording.recorder.record("command", {"id": "interlock"})
        recording.clock.advance(1)
    recording.recorder.stopService()
    assert recording.recorder.lost == 5
    assert caplog.text.count("could not be recorded") == 1


def test_one_file_can_be_read(tmp_path: Path) -> None:
    """A recording need not be a directory."""
    recording = Recording(tmp_path)
    recording.recorder.record("command", {"id": "interlock"})
    recording.recorder.stopService()
    assert len(list(read_recording(recording.file))) == 1


def test_no_recording_is_an_error(tmp_path: Path) -> None:
    """An empty directory is not a recording without messages."""
    with pytest.raises(FileNotFoundError):
        list(read_recording(tmp_path))
