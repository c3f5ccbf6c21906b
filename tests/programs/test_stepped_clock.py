"""A wall clock that is set by an hour, in processes of their own."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest

from tests.support.programs import PATIENCE, ROOT, Program, script

#: Runs before anything else in the process: its wall clock is set back when a file appears.
STEPPED = """
import os
import time

true_time = time.time
time.time = lambda: true_time() - (3600 if os.path.exists("set back") else 0)
"""

HANDLER = """
from twisted.internet import reactor
from twisted.internet.task import LoopingCall


class Handler:
    async def event(self, message):
        pass

    async def telemetry(self, message):
        pass


handler = Handler()
reactor.callWhenRunning(LoopingCall(print, "tick").start, 0.05)
"""


@pytest.mark.parametrize("seconds", ["3600", "-3600"])
def test_nothing_is_cut_and_nothing_waits(seconds: str) -> None:
    """Everything that is under way takes as long as it would with a clock that is left alone."""
    module = "tests.support.stepped_clock"
    with Program(sys.executable, "-m", module, seconds, cwd=ROOT) as program:
        assert program.wait() == 0, program.output
        # Log lines stand around it.
        [line] = re.findall(r"(?m)^{.*}$", program.output)
    took = json.loads(line)
    assert took["cut"] == 0
    # At 20 Hz the feed takes a second; a step back would stop it, one ahead makes no burst.
    assert 0.5 < took["feeding"] < 5
    # The first delay is 0.5 to 1.5 s, of which 0.1 s are over.
    assert 0.2 < took["redialling"] < 5
    assert 0.5 < took["noticing silence"] < 5
    assert 0.5 < took["giving a command up"] < 5
    assert took["connecting"] < 5
    assert took["hearing"] < 5


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory to run programs in; `set_back` sets their wall clocks."""
    (tmp_path / "sitecustomize.py").write_text(STEPPED)
    (tmp_path / "mine.py").write_text(HANDLER)
    return tmp_path


def set_back(directory: Path) -> None:
    """Set the wall clock of the programs that run there back by an hour."""
    (directory / "set back").touch()


@pytest.mark.parametrize("program", ["twistd", "twist"])
def test_timers_of_the_service_go_on_when_the_clock_is_set_back(
    program: str, directory: Path
) -> None:
    """A timer of an application under twistd or twist keeps its time."""
    words = [script(program), *(["-n"] if program == "twistd" else []), "m2com"]
    with Program(
        *words, "--handler", "mine:handler", cwd=directory, environment={"PYTHONPATH": "."}
    ) as running:
        running.wait_for("tick")
        set_back(directory)
        seen = running.output.count("tick")
        running.wait_for("tick", count=seen + 20)
        running.stop()


@pytest.mark.parametrize("words", [["m2com", "simulate"], ["twistd", "-n", "m2sim"]])
def test_the_simulator_goes_on_when_the_clock_is_set_back(
    words: list[str], directory: Path
) -> None:
    """A simulated controller sends telemetry at its rate, whatever the time of day is."""
    words = [script(words[0]), *words[1:], "-c", "0", "-t", "0"]
    with Program(*words, cwd=directory, environment={"PYTHONPATH": "."}) as running:
        listening = running.wait_for(r"listens on .* and :(\d+)|(\d+) for telemetry")
        address = "127.0.0.1", int(listening[1] or listening[2])
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            lines = connection.makefile("rb")
            lines.readline()
            set_back(directory)
            # More than can have been on their way already.
            for _ in range(200):
                assert lines.readline()
        running.stop()
