"""A wall clock that is set by an hour, in processes of their own."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.support.programs import ROOT, Program, script

HANDLER = """
import time
from twisted.internet import reactor


class Handler:
    async def event(self, message):
        pass

    async def telemetry(self, message):
        pass


handler = Handler()
reactor.callWhenRunning(
    lambda: print("its clock is", "monotonic" if reactor.seconds is time.monotonic else "not")
)
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


@pytest.mark.parametrize("program", ["twistd", "twist"])
def test_the_programs_have_a_clock_that_never_steps(program: str, tmp_path: Path) -> None:
    """The timers of the reactor that twistd or twist runs are those of the monotonic clock."""
    (tmp_path / "mine.py").write_text(HANDLER)
    words = [script(program), *(["-n"] if program == "twistd" else []), "m2com"]
    with Program(
        *words, "--handler", "mine:handler", cwd=tmp_path, environment={"PYTHONPATH": "."}
    ) as running:
        running.wait_for("its clock is monotonic")
        running.stop()
