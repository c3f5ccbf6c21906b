"""Programs as a person starts them: subprocesses whose output is waited for, with a bound."""

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

#: How long a program may take to say or do what is waited for, in seconds: long for a busy
#: machine.  On an idle one it is tenths.
PATIENCE = 30.0


def script(name: str) -> str:
    """Return the path of a program that is installed beside the Python in use."""
    return str(Path(sys.executable).parent / name)


class Program:
    """A running program; to be used in a with statement, at the end of which it is killed.

    Parameters
    ----------
    *arguments
        The command line.
    cwd
        Where it runs.
    environment
        Variables besides those of the tests.
    """

    def __init__(self, *arguments: str, cwd: Path, environment: dict[str, str] | None = None):
        self._process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Tests run in the background of a shell inherit that SIGINT is ignored.
            preexec_fn=accept_interrupts,
        )
        #: All it has written so far, to both streams.
        self.output = ""

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait_for(self, pattern: str, count: int = 1) -> re.Match[str]:
        """Wait until the output has so many matches of a pattern; return the last of them."""
        deadline = time.monotonic() + PATIENCE
        while len(found := list(re.finditer(pattern, self.output))) < count:
            if not self._read(deadline):
                raise AssertionError(f"No {pattern!r} in the output:\n{self.output}")
        return found[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return how it ended, as `wait` does."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code, or the negative number of its signal."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(max(0.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Read what there is; return whether there was anything before the deadline."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(descriptor, 2**16) if ready else b""
        self.output += data.decode()
        return bool(data)


def accept_interrupts() -> None:
    """Undo, in a child process, that SIGINT or SIGHUP is ignored, as under nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
