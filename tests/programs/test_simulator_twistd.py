"""The simulator as a program."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import accept_interrupts

CHECKOUT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--command-port", "0", "--telemetry-port", "0", "--profile", "original", "--seed", "1"]


@pytest.fixture(params=["twistd", "twist"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the simulator, under either of Twisted's runners."""
    runner = {
        "twistd": ["-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile="],
        "twist": ["-m", "twisted"],
    }[request.param]
    process = subprocess.Popen(
        [sys.executable, *runner, "m2sim", *ARGUMENTS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Tests run in the background of a shell inherit that SIGINT is ignored.
        preexec_fn=accept_interrupts,
    )
    with process:
        yield process
        process.kill()


def ports(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Read the log up to the line that tells the ports."""
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"Listening on 127.0.0.1: (\d+) for commands, (\d+) for", line)
        if found:
            return int(found[1]), int(found[2])
    pytest.fail("the simulator ended without listening")


def test_it_runs_and_ends_in_order(process: subprocess.Popen[str]) -> None:
    """Under twistd and twist both ports are served; an interrupt ends it in order."""
    command_port, telemetry_port = ports(process)
    with socket.create_connection(("127.0.0.1", command_port)) as connection:
        first = connection.makefile("rb").readline()
    assert json.loads(first) == {"id": "tcpIpConnected", "isConnected": True}
    with socket.create_connection(("127.0.0.1", telemetry_port)) as connection:
        first = connection.makefile("rb").readline()
    assert json.loads(first)["id"] == "powerStatusRaw"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert "Traceback" not in rest
    # twist dies of the signal it was sent, once all is closed; twistd does not.
    assert process.returncode in (0, -signal.SIGINT)
