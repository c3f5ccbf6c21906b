"""Recorders whose process is killed, or may not do what it likes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from m2com_twisted.recording import segments
from tests.support.limited_recorder import PER_SECOND
from tests.support.recordings import numbers_in

ROOT = Path(__file__).parents[3]

#: Seconds that such a process may take: long for a busy machine.
PATIENCE = 120.0

#: Seconds of messages that a crash may cost.
COST = 5


def run(module: str, *arguments: str) -> Any:
    """Run a module of the tests' in a process of its own; return the JSON that it writes."""
    command = [sys.executable, "-m", f"tests.support.{module}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def record_with_limits(directory: Path, count: int, limit: str) -> Any:
    """Run a recorder in a process with a limit; return its counters."""
    return run("limited_recorder", str(directory), str(count), limit)


def test_limit_of_file_sizes(tmp_path: Path) -> None:
    """A file that may not grow any more is cut back; a new segment takes what it refused."""
    counters = record_with_limits(tmp_path, 500, "RLIMIT_FSIZE=60000")
    assert counters == {"recorded": 500, "lost": 0}
    assert numbers_in(tmp_path) == list(range(500))
    assert max(file.stat().st_size for file in segments(tmp_path)) <= 60000


def test_limit_of_file_sizes_that_is_too_low(tmp_path: Path) -> None:
    """Messages that fit into no file count as lost."""
    counters = record_with_limits(tmp_path, 500, "RLIMIT_FSIZE=2000")
    numbers = numbers_in(tmp_path) if any(tmp_path.iterdir()) else []
    assert counters == {"recorded": len(numbers), "lost": 500 - len(numbers)}
    assert counters["lost"] > 0


def test_no_descriptors(tmp_path: Path) -> None:
    """A recorder that gets no descriptor counts what it could not write."""
    counters = record_with_limits(tmp_path, 500, "RLIMIT_NOFILE=+0")
    assert counters["lost"] == 500
    assert counters["recorded"] == 0


def test_few_descriptors(tmp_path: Path) -> None:
    """Segments that end give their descriptor back: two are enough for any number."""
    counters = record_with_limits(tmp_path, 1000, "RLIMIT_NOFILE=+2")
    assert counters == {"recorded": 1000, "lost": 0}
    assert len(segments(tmp_path)) > 3
    assert numbers_in(tmp_path) == list(range(1000))


def test_killed_at_50_random_moments(tmp_path: Path) -> None:
    """SIGKILL costs what came in the last 5 s and nothing else, wherever it strikes."""
    sent = run("killed_recorders", str(tmp_path), "50")
    assert len(sent) == 50
    for number, count in enumerate(sent):
        directory = tmp_path / str(number)
        is_begun = directory.exists() and any(directory.iterdir())
        numbers = numbers_in(directory) if is_begun else []
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= count - COST * PER_SECOND
