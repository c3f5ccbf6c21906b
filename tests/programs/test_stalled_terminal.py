"""m2com at a terminal that stands still: subprocesses whose output is not read."""

import contextlib
import os
import pty
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted

from m2com_twisted.recording import read_recording
from m2com_twisted.simulator import CellController
from tests.support.command_process import MANY, Command
from tests.support.waiting import until


@pytest.fixture(params=["pipe", "terminal"])
def stalled(request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield the descriptor of a pipe, or of a terminal, that has no space left."""
    reader, writer = os.pipe() if request.param == "pipe" else pty.openpty()
    os.set_blocking(writer, False)
    # A terminal has more space a moment after it had none.
    while select.select([], [writer], [], 0.1)[1]:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"#")
    os.set_blocking(writer, True)
    yield writer
    # As the shell has it after the program.
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


@pytest_twisted.ensureDeferred
async def test_monitor_goes_on_receiving(controller: CellController, stalled: int) -> None:
    """A stalled monitor stays connected and receives; Ctrl-C ends it without a word."""
    async with Command("monitor", controller=controller, stdout=stalled) as monitor:
        await monitor.takes_telemetry()
        assert await monitor.end() == 0
        assert monitor.process.communicate()[1] == b""


@pytest_twisted.ensureDeferred
async def test_record_goes_on_recording(
    controller: CellController, stalled: int, tmp_path: Path
) -> None:
    """A stalled output or log does not delay recording; SIGTERM ends it."""
    words = ["record", str(tmp_path), "--verbose"]
    async with Command(*words, controller=controller, stdout=stalled, stderr=stalled) as record:
        await record.takes_telemetry()
        await until(lambda: len(list(read_recording(tmp_path))) > MANY)
        assert await record.end(signal.SIGTERM) == 0


@pytest_twisted.ensureDeferred
async def test_second_interrupt_ends_it_at_once(controller: CellController, stalled: int) -> None:
    """A second Ctrl-C ends a command without waiting for the reader of its output."""
    async with Command("monitor", controller=controller, stdout=stalled) as monitor:
        await monitor.takes_telemetry()
        monitor.process.send_signal(signal.SIGINT)
        await until(lambda: controller.telemetry_factory.client is None)
        assert await monitor.end() == 0
        assert monitor.process.communicate()[1] == b""


@pytest.mark.parametrize("words", [["monitor", "--interval", "0.1"], ["record", "recording"]])
@pytest_twisted.ensureDeferred
async def test_reader_who_leaves_ends_it(
    controller: CellController, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command whose reader leaves, as `head` does, ends quietly with exit code 141."""
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    async with Command(*words, controller=controller, stdout=writer) as command:
        os.close(writer)
        assert await command.ended() == 141
        assert command.process.communicate()[1] == b""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest_twisted.ensureDeferred
async def test_no_signal_loses_a_record(
    number: signal.Signals, controller: CellController, tmp_path: Path
) -> None:
    """Ctrl-C, SIGTERM, and the SIGHUP of a closed terminal end a recording; all is written."""
    async with Command("record", str(tmp_path), controller=controller) as record:
        await record.takes_telemetry()
        assert await record.end(number) == 0
        said = record.process.communicate()[0].decode()
    recorded = len(list(read_recording(tmp_path)))
    assert said.splitlines()[-1] == f"{recorded} messages recorded."
