"""The subcommands of m2com that read a recording, run in this process."""

import csv
import errno
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.errors import RecordingError
from m2com_twisted.programs.extras import MissingExtraError
from m2com_twisted.recording import SegmentLimits
from tests.support.recordings import Recording, numbers_in
from tests.support.subcommands import parsed, start
from tests.support.waiting import until


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """Record two minutes in two segments: a mirror that moves, a fault, a lost connection."""
    recording = Recording(tmp_path / "night", limits=SegmentLimits(age=60))
    command = recording.recorder.observer("command")
    telemetry = recording.recorder.observer("telemetry")

    def event(**message: Any) -> None:
        command.received(json.dumps(message).encode(), message)

    command.connection(ConnectionState.CONNECTED)
    event(id="closedLoopControlMode", mode=1)
    event(id="summaryFaultsStatus", status=0)
    for second in range(60):
        message = {"id": "position", "x": second * 1.5, "y": [second, 2, second % 2]}
        telemetry.received(json.dumps(message).encode(), message)
        if second == 20:
            event(id="closedLoopControlMode", mode=4)
        if second == 40:
            event(id="summaryFaultsStatus", status=1 << 32)
            command.connection(ConnectionState.WAITING)
        recording.clock.advance(2)
    recording.stop()
    return tmp_path / "night"


@pytest_twisted.ensureDeferred
async def test_cat_prints_json_lines(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line that cat prints has the time, the channel and the message."""
    assert await start("cat", str(night)) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 66
    assert lines[0] == {
        "utc": "2023-11-14T22:13:20.000000Z",
        "channel": "/link/command",
        "message": {"state": "connected"},
    }
    assert lines[3]["message"] == {"id": "position", "x": 0.0, "y": [0, 2, 0]}


@pytest_twisted.ensureDeferred
async def test_cat_prints_what_is_asked_for(
    night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cat` prints only the channels and the time that were asked for."""
    options = ["--from", "2023-11-14T22:13:24", "--to", "2023-11-14 22:14:40Z"]
    words = ["--topic", "position", "--topic", "/command/closedLoopControlMode"]
    assert await start("cat", str(night), *options, *words) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 39
    assert {line["channel"] for line in lines} == {
        "/telemetry/position",
        "/command/closedLoopControlMode",
    }


@pytest_twisted.ensureDeferred
async def test_cat_prints_any_line_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cat` prints any line of the controller as one line without control characters."""
    recording = Recording(tmp_path)
    odd = [b'{"id":\n"x", "a":\t"\xc2\x85 \xe2\x80\xae"}', b'{"id": "x", "a": "\xff"}', b"\x1b[2J"]
    for line in odd:
        recording.observer.received(line, {"id": "x"})
    recording.observer.bad(b"\x1b]0;title\x07", "not JSON")
    recording.stop()
    assert await start("cat", str(tmp_path)) == 0
    output = capsys.readouterr().out
    assert len(output.splitlines()) == 4
    assert "\x1b" not in output
    messages = [json.loads(line)["message"] for line in output.splitlines()]
    assert messages[0] == {"id": "x", "a": "\x85 \u202e"}
    assert messages[2] == "\x1b[2J"
    assert messages[3]["line"] == "\x1b]0;title\x07"


@pytest_twisted.ensureDeferred
async def test_cat_follows_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --follow, cat prints new messages and the next segments until it is interrupted."""
    recording = Recording(tmp_path, limits=SegmentLimits(size=1000))
    recording.write(2)
    cat = start("cat", "--follow", str(tmp_path))
    shown = ""

    def has_shown(count: int) -> bool:
        nonlocal shown
        shown += capsys.readouterr().out
        return shown.count("\n") == count

    await until(lambda: has_shown(2))
    recording.write(3)
    recording.write(3)
    await until(lambda: has_shown(8))
    recording.stop()
    cat.cancel()
    assert await cat == 0
    numbers = [json.loads(line)["message"]["number"] for line in shown.splitlines()]
    assert numbers == numbers_in(tmp_path) == list(range(8))


@pytest_twisted.ensureDeferred
async def test_export_writes_a_table(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table has a column for each value and a row for each message."""
    assert await start("export", str(night), "--topic", "position", "--to", "csv") == 0
    output = capsys.readouterr().out
    rows = list(csv.DictReader(output.splitlines()))
    assert len(rows) == 60
    assert rows[3] == {
        "utc": "2023-11-14T22:13:26.000000Z",
        "x": "4.5",
        "y[0]": "3",
        "y[1]": "2",
        "y[2]": "1",
    }
    file = night.parent / "table.csv"
    words = ["export", str(night), "--topic", "position", "--output", str(file)]
    assert await start(*words) == 0
    assert file.read_text() == output
    with pytest.raises(FileExistsError):
        await start(*words)
    assert file.read_text() == output


@pytest_twisted.ensureDeferred
async def test_export_has_the_columns_of_all_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list that was longer once, a field that came later: each has its column."""
    recording = Recording(tmp_path)
    for line in b'{"id": "x", "a": [1]}', b'{"id": "x", "b": {"c": true}, "a": [1, NaN]}', b"[]":
        recording.observer.received(line, {"id": "x"})
    recording.stop()
    assert await start("export", str(tmp_path), "--topic", "x") == 0
    rows = [row.split(",")[1:] for row in capsys.readouterr().out.splitlines()]
    assert rows == [["a[0]", "b.c", "a[1]"], ["1", "", ""], ["1", "True", "nan"]]


@pytest_twisted.ensureDeferred
async def test_export_of_messages_without_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of messages without values has their times."""
    recording = Recording(tmp_path)
    recording.observer.received(b'{"id": "x"}', {"id": "x"})
    recording.stop()
    assert await start("export", str(tmp_path), "--topic", "x") == 0
    assert capsys.readouterr().out == "utc\n2023-11-14T22:13:20.000000Z\n"


@pytest_twisted.ensureDeferred
async def test_export_to_a_disk_that_is_full(night: Path, tmp_path: Path) -> None:
    """An export that fails leaves no half of a table behind."""
    file = tmp_path / "table.csv"
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            await start("export", str(night), "--topic", "position", "--output", str(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert not file.exists()


@pytest_twisted.ensureDeferred
async def test_export_of_what_is_not_there(night: Path, tmp_path: Path) -> None:
    """An export of a channel that does not exist says so, and makes no file."""
    file = tmp_path / "table.csv"
    with pytest.raises(RecordingError, match="has no message nothing"):
        await start("export", str(night), "--topic", "nothing", "--output", str(file))
    with pytest.raises(RecordingError, match="has no message position between --from and --until"):
        await start(
            *["export", str(night), "--topic", "position", "--from", "2024-01-01"],
            *["--output", str(file)],
        )
    assert not file.exists()


@pytest.mark.parametrize("suffix", ["png", "svg"])
@pytest_twisted.ensureDeferred
async def test_plot_draws_a_picture(
    night: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The picture is where it was asked for, and is one."""
    file = tmp_path / f"night.{suffix}"
    fields = ["position.x", "position.y", "closedLoopControlMode.mode"]
    assert await start("plot", str(night), *fields, "--output", str(file)) == 0
    content = file.read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml"}[suffix])
    assert len(content) > 10_000
    assert str(file) in capsys.readouterr().out


@pytest_twisted.ensureDeferred
async def test_plot_of_what_is_not_there(night: Path) -> None:
    """A plot of a field that does not exist names it, and the fields that exist."""
    with pytest.raises(RecordingError, match=r"position has no number z; it has x, y\[0\]"):
        await start("plot", str(night), "position.z")
    with pytest.raises(RecordingError, match="no message axialForce of that time"):
        await start("plot", str(night), "axialForce.measured[3]")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cat"], "cat takes a recording"),
        (["cat", ""], "cat takes a recording"),
        (["cat", "a", "b"], "cat takes one recording"),
        (["cat", "a", "--topic", ""], "--topic is empty"),
        (["cat", "a", "--from", "yesterday"], "a time is written as 2026-01-31T04:00:00"),
        (["export", "a"], "export takes a --topic"),
        (["export", "a", "--topic", "x", "--to", "xls"], "the format must be csv, not 'xls'"),
        (["export", "a", "--topic", "x", "--output="], "--output is empty"),
        (["plot", "a"], "plot takes at least one field"),
        (["plot", "a", "position"], "a field is written as position.x"),
        (["plot", "a", "position.x[3"], "a field is written as position.x"),
        (["plot", "a", "x.y", "--output", "plot.gif"], "a picture is a .png or .svg"),
        (["replay", "a", "--to", "noon"], "a time is written as 2026-01-31T04:00:00"),
    ],
)
def test_wrong_command_line_is_one_line(words: list[str], says: str) -> None:
    """A wrong command line gives one line before anything is read."""
    with pytest.raises(SystemExit) as exit_info:
        parsed(*words)
    line = str(exit_info.value.code)
    assert line.startswith("m2com: ")
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("words", "module", "name"),
    [
        (["cat", "a"], "mcap", "recording"),
        (["export", "a", "--topic", "x"], "mcap", "recording"),
        (["replay", "a"], "mcap", "recording"),
        (["record", "a"], "mcap", "recording"),
        (["plot", "a", "x.y"], "mcap", "plot"),
        (["plot", "a", "x.y"], "matplotlib", "plot"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_missing_extra_is_one_line(
    monkeypatch: pytest.MonkeyPatch, words: list[str], module: str, name: str
) -> None:
    """Without the extra, one line says what to install."""
    ours = "m2com_twisted.recording", "m2com_twisted.programs.plot_picture"
    ours_too = "m2com_twisted.simulator.replay"
    for found in list(sys.modules):
        if found.startswith((f"{module}.", *ours, ours_too)):
            monkeypatch.delitem(sys.modules, found)
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'm2com_twisted\[{name}\]'$"):
        await start(*words)
