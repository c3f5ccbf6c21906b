"""What type checkers say about users' code, without any plugin.

A control program has no errors, and each mistake in another file has one where it is marked.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKED = (HERE / "control_program.py", HERE / "mistakes.py")

#: Twisted has few annotations, so calls of it are let pass, as users have to.
MYPY = """
[mypy]
strict = True
untyped_calls_exclude = twisted
"""

# Seconds for a checker that reads all of Twisted, on a busy machine.
PATIENCE = 300


def mypy(folder: Path) -> str:
    """Return the report of mypy --strict, without the plugin for zope."""
    configuration = folder / "mypy.ini"
    configuration.write_text(MYPY)
    return report(
        "mypy", "--config-file", str(configuration), "--cache-dir", str(folder), *map(str, CHECKED)
    )


def pyright(folder: Path) -> str:
    """Return the report of pyright as it comes."""
    return report("pyright", "--pythonpath", sys.executable, *map(str, CHECKED))


def report(module: str, *arguments: str) -> str:
    """Run a checker of the Python in use, in the root of the checkout."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_right_code_has_no_errors_and_each_mistake_has_one(
    checker: Callable[[Path], str], tmp_path: Path
) -> None:
    """The lines with an error of the checker are those that are marked."""
    found = set(re.findall(r"(\w+\.py):(\d+)(?::\d+)?(?:: | - )error", checker(tmp_path)))
    marked = {
        (path.name, str(number))
        for path in CHECKED
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.endswith("# error")
    }
    assert len(marked) > 30
    assert found == marked
