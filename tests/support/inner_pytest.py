"""Pytest or trial in a separate process, for tests of what they say about other tests."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run_module", "run_pytest"]

_ROOT = Path(__file__).parents[2]


def run_pytest(path: Path, text: str, *options: str) -> str:
    """Write a module of tests, run pytest on it, and return what pytest prints.

    Parameters
    ----------
    path
        File for the module.
    text
        Content of the module.
    *options
        Further options of pytest.
    """
    path.write_text(text)
    command = [sys.executable, "-m", "pytest", "-rA", "-pno:asyncio", "-pno:cacheprovider"]
    run = subprocess.run(
        [*command, *options, str(path)],
        cwd=path.parent,
        # Wide enough for the whole reason of an error in the summary.
        env={**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.stdout


def run_module(folder: Path, text: str, *command: str) -> tuple[int, str]:
    """Write a module of tests, run a command of Python there, and return its status and output.

    Parameters
    ----------
    folder
        Folder for the module, which is named ``test_example``.
    text
        Content of the module.
    *command
        Module to run, and its arguments.
    """
    (folder / "test_example.py").write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), str(folder)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout
