"""Programs in subprocesses.  A test can wait for their output for a limited time."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["PATIENCE", "ROOT", "Program", "script"]

ROOT = Path(__file__).parents[2]

#: Longest wait for a program, in seconds.  It is long enough for a busy machine.  An idle machine
#: needs tenths of a second.
PATIENCE = 30.0


def script(name: str) -> str:
    """Return the path of a program that is installed beside the running Python."""
    return str(Path(sys.executable).parent / name)


class Program:
    """A running program for a with statement.  The end of the statement kills it.

    Parameters
    ----------
    *arguments
        The command line.
    cwd
        The working directory.
    environment
        Environment variables in addition to those of the tests.
    """

    def __init__(self, *arguments: str, cwd: Path, environment: dict[str, str] | None = None):
        self._process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # In the background of a shell, tests ignore SIGINT, and so would their processes.
            preexec_fn=accept_interrupts,
        )
        #: Everything that the program has written to both streams so far.
        self.output = ""

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait_for(self, pattern: str, count: int = 1) -> re.Match[str]:
        """Wait until the output has this number of matches of a pattern.  Return the last one."""
        deadline = time.monotonic() + PATIENCE
        while len(found := list(re.finditer(pattern, self.output))) < count:
            if not self._read(deadline):
                raise AssertionError(f"No {pattern!r} in the output:\n{self.output}")
        return found[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, then wait.  The result is that of `wait`."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end.  Return the exit code, or the negative number of the signal."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(max(0.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Wait for output until the deadline, and read it.  Return whether there was any."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(descriptor, 2**16) if ready else b""
        self.output += data.decode()
        return bool(data)


def accept_interrupts() -> None:
    """Handle SIGINT and SIGHUP as usual in a child process, even if the tests ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
