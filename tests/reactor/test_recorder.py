"""A recorder whose disk is slow: threads wait for it, the reactor does not."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted

from m2com_twisted.recording import Recorder, segments
from tests.support.recordings import numbers_in
from tests.support.waiting import turn, until


class SlowDisk:
    """Has each write to a file in a directory wait until it is let go on."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self._write = os.write
        self.may_write = threading.Event()
        self.waiting = threading.Event()
        patch.setattr(os, "write", self._wait)

    def _wait(self, descriptor: int, data: bytes) -> int:
        if threading.current_thread() is not threading.main_thread():
            self.waiting.set()
            self.may_write.wait(30)
        return self._write(descriptor, data)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    """Return a disk that writes nothing for now; at the end of the test it lets go."""
    disk = SlowDisk(tmp_path, monkeypatch)
    yield disk
    disk.may_write.set()


def send(recorder: Recorder, numbers: range) -> None:
    """Have messages of a kilobyte arrive."""
    observer = recorder.observer("telemetry")
    for number in numbers:
        line = b'{"id": "position", "number": %d, "filling": "%s"}' % (number, b"x" * 1000)
        observer.received(line, {"id": "position"})


@pytest_twisted.ensureDeferred
async def test_slow_disk_holds_up_nothing_and_keeps_the_order(
    tmp_path: Path, disk: SlowDisk
) -> None:
    """While the disk writes, messages arrive and the reactor turns; all are written in order."""
    recorder = Recorder(tmp_path)
    recorder.startService()
    for start in range(0, 1000, 100):
        send(recorder, range(start, start + 100))
        await turn()
    await until(disk.waiting.is_set)
    assert recorder.recorded == 0
    assert recorder.stats.waiting == 1000
    stopping = recorder.stopService()
    await turn()
    assert not stopping.called
    disk.may_write.set()
    await stopping
    assert numbers_in(tmp_path) == list(range(1000))
    assert (recorder.recorded, recorder.lost, recorder.stats.waiting) == (1000, 0, 0)


@pytest_twisted.ensureDeferred
async def test_start_while_the_stop_waits_for_the_disk(tmp_path: Path, disk: SlowDisk) -> None:
    """The new run has a segment of its own; nothing of either is lost."""
    recorder = Recorder(tmp_path)
    recorder.startService()
    send(recorder, range(100))
    stopping = recorder.stopService()
    recorder.startService()
    send(recorder, range(100, 200))
    disk.may_write.set()
    await stopping
    await recorder.stopService()
    assert sorted(numbers_in(tmp_path)) == list(range(200))
    assert len(segments(tmp_path)) == 2
    assert recorder.recorded == 200
