"""What becomes of messages that the disk does not take: each is readable, or counted as lost."""

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from m2com_twisted.recording import SegmentLimits, segments
from tests.support.log_lines import errors, warnings
from tests.support.recordings import Recording, numbers_in

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Return a function that mounts a file system in memory with some options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"A file system can be mounted by root only: {done.stderr.strip()}")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)


def test_full_disk(mount: Mount, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk costs only what does not fit in memory, and recording goes on after it."""
    disk = mount("size=1m")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(900_000))
    recording = Recording(disk / "record")
    for _ in range(20):
        recording.write(10, size=4000)
    assert 0 < recording.recorder.recorded < 100
    assert recording.recorder.recorded + recording.recorder.stats.waiting == 200
    assert numbers_in(disk / "record") == list(range(recording.recorder.recorded))
    assert len(errors(caplog)) == 1
    assert os.strerror(errno.ENOSPC) in errors(caplog)[0]
    ballast.unlink()
    recording.clock.advance(10)
    assert recording.recorder.stats.waiting == 0
    recording.write(10)
    assert recording.check() == list(range(210))
    assert sum("Recording again" in line for line in warnings(caplog)) == 1


def test_disk_that_stays_full(mount: Mount) -> None:
    """Messages that never reached the disk are counted as lost when the recorder stops."""
    disk = mount("size=300k")
    recording = Recording(disk / "record")
    for _ in range(50):
        recording.write(10, size=4000)
    numbers = recording.check()
    assert recording.recorder.lost > 300
    assert numbers == list(range(len(numbers)))
    assert all(path.stat().st_size > 1000 for path in segments(disk / "record"))


def test_memory_is_bounded_while_the_disk_takes_nothing(
    mount: Mount, caplog: pytest.LogCaptureFixture
) -> None:
    """While the disk takes nothing, 16 MiB wait; later messages are lost and counted."""
    recording = Recording(mount("size=100k"))
    recording.write(600, size=40_000)
    assert recording.recorder.stats.waiting == pytest.approx(2**24 / 40_000, abs=5)
    assert recording.recorder.lost == pytest.approx(600 - 2**24 / 40_000, abs=5)
    assert sum("new messages are lost" in line for line in errors(caplog)) == 1
    recording.check()


def test_disk_without_inodes(mount: Mount) -> None:
    """A new segment that cannot be created is no reason to lose anything."""
    disk = mount("nr_inodes=3")
    recording = Recording(disk, limits=SegmentLimits(size=1000))
    (disk / "other").touch()
    for _ in range(5):
        recording.write(10)
    assert recording.recorder.stats.waiting > 0
    (disk / "other").unlink()
    recording.clock.advance(10)
    recording.write()
    recording.check()
    assert len(segments(disk)) == 2


def test_read_only_disk(mount: Mount, caplog: pytest.LogCaptureFixture) -> None:
    """A read-only disk is one line in the log; recording goes on when it is writable again."""
    disk = mount("size=1m")
    remount = ["mount", "-o", "remount,ro", str(disk)]
    subprocess.run(remount, check=True)
    recording = Recording(disk)
    for _ in range(10):
        recording.write()
    assert len(errors(caplog)) == 1
    assert os.strerror(errno.EROFS) in errors(caplog)[0]
    subprocess.run([*remount[:2], "remount,rw", str(disk)], check=True)
    recording.clock.advance(10)
    assert recording.check() == list(range(10))


@pytest.mark.parametrize("code", [errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EROFS, errno.EFBIG])
@pytest.mark.parametrize("written", [0, 1, 37, 500])
def test_write_that_fails_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, written: int
) -> None:
    """A quota, a bad sector, a server that is gone: no torn chunk stays, and nothing is lost."""
    recording = Recording(tmp_path)
    recording.write(5, size=300)
    write = os.write

    def failing(descriptor: int, data: memoryview) -> int:
        if written and len(data) > written:
            return write(descriptor, data[:written])
        raise OSError(code, os.strerror(code))

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing)
            recording.write(5, size=300)
        recording.clock.advance(10)
    recording.write(5)
    assert recording.check() == list(range(20))
    for file in segments(tmp_path):
        _read_with_the_librarys_reader(file)


def _read_with_the_librarys_reader(file: Path) -> None:
    """Read a segment to its end with a reader that stops at anything torn."""
    from mcap.exceptions import EndOfFile
    from mcap.stream_reader import StreamReader

    with file.open("rb") as stream:
        try:
            for _ in StreamReader(stream, validate_crcs=True).records:
                pass
        except EndOfFile:
            assert stream.tell() == file.stat().st_size


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes at a time gets them all."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
    recording = Recording(tmp_path)
    recording.write(50, size=100)
    assert recording.check() == list(range(50))


def test_disk_that_forgets_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages that a failed fsync leaves in doubt count as lost, and cannot be read."""

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    recording = Recording(tmp_path)
    recording.write(3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        recording.write(4)
    recording.write(5)
    assert recording.check() == [0, 1, 2, *range(7, 12)]
    assert recording.recorder.lost == 4
    assert os.strerror(errno.EIO) in errors(caplog)[0]


def test_disk_that_forgets_what_it_took_at_the_end_of_a_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed fsync is counted there, too."""

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    recording = Recording(tmp_path, limits=SegmentLimits(age=10))
    recording.write(3)
    recording.send(4, size=40_000)  # written at once, before the next fsync
    assert recording.recorder.recorded > 3
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        patch.setattr(os, "fsync", failing)
        recording.clock.advance(20)
    recording.clock.advance(10)
    recording.write(5)
    numbers = recording.check()
    assert numbers[:3] == [0, 1, 2]
    assert numbers[-5:] == list(range(7, 12))
    assert recording.recorder.lost > 0


def test_fault_that_is_none_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without memory or threads nothing is recorded; afterwards the recording goes on."""

    def failing(descriptor: int) -> os.stat_result:
        raise MemoryError

    recording = Recording(tmp_path)
    recording.write(3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", failing)
        recording.write(4)
    recording.clock.advance(10)
    recording.write(5)
    assert recording.check() == list(range(12))
    assert len(errors(caplog)) == 1


def test_segment_that_is_deleted_while_it_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A deleted segment's messages count as lost; a new segment takes the next ones."""
    recording = Recording(tmp_path)
    recording.write(5)
    segments(tmp_path)[0].unlink()
    recording.write(5)
    assert recording.recorder.lost == 5
    assert "it was deleted" in errors(caplog)[0]
    assert recording.check() == list(range(5, 10))


def test_segment_that_is_deleted_just_before_the_stop(tmp_path: Path) -> None:
    """Messages of a segment deleted just before the stop count as lost."""
    recording = Recording(tmp_path)
    recording.write(5)
    segments(tmp_path)[0].unlink()
    recording.stop()
    assert (recording.recorder.recorded, recording.recorder.lost) == (0, 5)


def test_segment_that_is_moved_away(tmp_path: Path) -> None:
    """A segment that is moved away is finished there; recording goes on in a new one."""
    recording = Recording(tmp_path / "record")
    recording.write(5)
    [file] = segments(tmp_path / "record")
    moved = file.rename(tmp_path / "moved.mcap")
    recording.write(5)
    recording.stop()
    assert numbers_in(moved) == list(range(5))
    assert numbers_in(tmp_path / "record") == list(range(5, 10))
    assert recording.recorder.lost == 0


@pytest.mark.parametrize("left", [0.0, 0.3, 0.9])
def test_segment_that_is_truncated(tmp_path: Path, left: float) -> None:
    """The rest of a truncated segment stays readable; what was cut off counts as lost."""
    recording = Recording(tmp_path)
    for _ in range(10):
        recording.write(10, size=100)
    [file] = segments(tmp_path)
    os.truncate(file, int(file.stat().st_size * left))
    recording.write(5)
    numbers = recording.check()
    assert recording.recorder.lost == pytest.approx(100 * (1 - left), abs=10)
    assert numbers[-5:] == list(range(100, 105))


def test_segment_that_is_truncated_in_the_middle_of_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the beginning of a segment is gone, its messages count as lost."""
    recording = Recording(tmp_path)
    recording.write(10)
    write = os.write

    def truncating(descriptor: int, data: memoryview) -> int:
        os.ftruncate(descriptor, 0)
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", truncating)
        recording.write(5)
    recording.write(5)
    assert recording.check()[-5:] == list(range(15, 20))


def test_segment_that_is_truncated_while_there_are_no_descriptors(tmp_path: Path) -> None:
    """A truncated segment is counted without a descriptor, and recording goes on later."""
    recording = Recording(tmp_path)
    for _ in range(10):
        recording.write(10, size=100)
    [file] = segments(tmp_path)
    os.truncate(file, file.stat().st_size // 2)
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, usual[1]))
    try:
        recording.write(5)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    recording.clock.advance(10)
    numbers = recording.check()
    assert 30 < recording.recorder.lost < 70
    assert numbers[-5:] == list(range(100, 105))


def test_segment_that_is_truncated_and_moved_away(tmp_path: Path) -> None:
    """The rest of a segment that is truncated and moved away counts as recorded."""
    recording = Recording(tmp_path / "record")
    for _ in range(10):
        recording.write(10, size=100)
    [file] = segments(tmp_path / "record")
    os.truncate(file, file.stat().st_size // 2)
    moved = file.rename(tmp_path / "moved.mcap")
    recording.write(5)
    recording.stop()
    kept = len(numbers_in(moved)) + len(numbers_in(tmp_path / "record"))
    assert kept == recording.recorder.recorded > 5
    assert kept + recording.recorder.lost == recording.sent


def test_segment_that_somebody_else_writes_to(tmp_path: Path) -> None:
    """A segment that another program writes to stays readable; recording goes on in a new one."""
    recording = Recording(tmp_path)
    recording.write(5)
    with segments(tmp_path)[0].open("ab") as file:
        file.write(b"rubbish")
    recording.write(5)
    assert recording.check() == list(range(10))


def test_directory_that_is_removed(tmp_path: Path) -> None:
    """The directory is made again; what was in it is lost and counted."""
    recording = Recording(tmp_path / "record")
    recording.write(5)
    shutil.rmtree(tmp_path / "record")
    recording.write(5)
    assert recording.check() == list(range(5, 10))


def test_place_of_the_directory_that_is_removed_and_back(tmp_path: Path) -> None:
    """A missing mount point is not created: the disk below it would be filled."""
    recording = Recording(tmp_path / "disk" / "record")
    recording.write(5)
    shutil.rmtree(tmp_path / "disk")
    for _ in range(10):
        recording.write(5)
    assert not (tmp_path / "disk").exists()
    (tmp_path / "disk").mkdir()
    recording.clock.advance(10)
    assert recording.check() == list(range(5, 55))
    assert recording.recorder.lost == 5


def test_place_of_the_directory_that_cannot_be_made_at_the_start(tmp_path: Path) -> None:
    """A directory that cannot be made at the start is made as soon as that is possible."""
    (tmp_path / "disk").write_bytes(b"")
    recording = Recording(tmp_path / "disk" / "year" / "night")
    recording.write(5)
    (tmp_path / "disk").unlink()
    recording.clock.advance(10)
    assert recording.check() == list(range(5))


def test_directory_that_is_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A start without a directory is said, and mended when there is one."""
    (tmp_path / "record").touch()
    recording = Recording(tmp_path / "record")
    recording.write(5)
    assert len(errors(caplog)) == 1
    (tmp_path / "record").unlink()
    recording.clock.advance(10)
    assert recording.check() == list(range(5))


@pytest.mark.parametrize("name", ["night[1]", "a*b?", "späte Nacht", "-x"])
def test_directory_of_any_name(tmp_path: Path, name: str) -> None:
    """A name that a shell would expand is a name like any other."""
    recording = Recording(tmp_path / name, limits=SegmentLimits(size=1000))
    for _ in range(20):
        recording.write(10)
    assert recording.check() == list(range(200))
    assert len(segments(tmp_path / name)) > 2
