"""The programs as subprocesses: twistd, twist and m2com, against a simulated controller."""

import contextlib
import json
import os
import re
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcap.reader import make_reader

from m2com_twisted.recording import read_recording, segments
from tests.support.programs import PATIENCE, Program, script
from tests.support.recordings import Recording

HANDLER = """
from twisted.logger import Logger
log = Logger("mine")


class Handler:
    async def event(self, message):
        if message["id"] == "interlock":
            raise ZeroDivisionError("in the handler")

    async def telemetry(self, message):
        log.info("telemetry {id}", **message)


handler = Handler()
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Run m2sim under twistd; yield the options that lead to it."""
    directory = tmp_path_factory.mktemp("simulator")
    options = ["-n", "m2sim", "-c", "0", "-t", "0"]
    with Program(script("twistd"), *options, cwd=directory) as simulator:
        # twistd tells which ports were free.
        found = simulator.wait_for(r"(?s)starting on (\d+).*starting on (\d+)")
        yield ["-c", found[1], "-t", found[2]]
        simulator.stop()
        assert "Unhandled" not in simulator.output
        assert "Traceback" not in simulator.output
    assert not list(directory.iterdir())


def test_twistd_with_all_it_can_do(ports: list[str], tmp_path: Path) -> None:
    """Handler, record and metrics work under twistd; SIGTERM ends it and nothing is lost."""
    (tmp_path / "mine.py").write_text(HANDLER)
    record = tmp_path / "record"
    metrics = "tcp:0:interface=127.0.0.1"
    options = ["--handler", "mine:handler", "--record", str(record), "--metrics", metrics]
    with Program(
        *[script("twistd"), "-n", "m2com", *ports, *options],
        cwd=tmp_path,
        environment={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    ) as program:
        program.wait_for(r"\[mine#info\] telemetry powerStatus\b", count=10)
        metrics_port = program.wait_for(r"Site starting on (\d+)")[1]
        address = f"http://127.0.0.1:{metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=10) as response:
            served = response.read().decode()
        status = program.stop()
    assert "m2com_recording_lost_messages_total 0.0" in served
    assert "m2com_recording_segment_age_seconds" in served
    assert 'm2com_connected{connection="telemetry"} 1.0' in served
    # As twistd ends since it knows exit signals; before, with 0.
    assert status in (0, -signal.SIGTERM)
    assert "[m2com#info] command: Connected" in program.output
    assert "[m2com#error] command: The callback failed" in program.output
    assert "ZeroDivisionError: in the handler" in program.output
    assert "[m2com#info] telemetry: Closed" in program.output
    assert "Unhandled" not in program.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "record"]
    recorded = [
        one.message["id"]
        for one in read_recording(record)
        if one.connection != "command" and one.kind == "received"
    ]
    assert len(recorded) >= program.output.count("[mine#info] telemetry")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_it_with_all_recorded(
    ports: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    """After a signal the last messages and the end of the connections are on disk."""
    options = ["-n", "m2com", *ports, "--record", "record"]
    with Program(script("twistd"), *options, cwd=tmp_path) as program:
        program.wait_for("command: Connected")
        program.wait_for("telemetry: Connected")
        status = program.stop(number)
        # twistd ends with the signal that it knows itself, and systemd takes these for success.
        assert status in (0, -number)
        assert "Unhandled" not in program.output
    [file] = segments(tmp_path / "record")
    with file.open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
    records = list(read_recording(file))
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == len(records)
    states = [one.message["state"] for one in records if one.topic == "/link/command"]
    assert states[-1] == "idle"
    said = re.search(r"(\d+) messages were recorded in .*/record, 0 lost", program.output)
    assert said is not None
    assert int(said[1]) == len(records)


def test_twist_runs_it_too(ports: list[str], tmp_path: Path) -> None:
    """`twist` runs the same service on the asyncio reactor, and writes its log as JSON."""
    options = ["--reactor", "asyncio", "--log-format", "json", "m2com", *ports]
    with Program(script("twist"), *options, cwd=tmp_path) as program:
        program.wait_for("telemetry: Connected")
        program.wait_for("command: Connected")
        program.stop()
    events = [json.loads(line) for line in program.output.strip("\x1e\n").split("\n\x1e")]
    level = {event["message"]: event["log_level"]["name"] for event in events if "message" in event}
    assert level["command: Connected"] == "info"
    assert "Unhandled" not in program.output


RUNNERS = [["twistd", "-n"], ["twistd"], ["twist"]]


def refusal(command: list[str], directory: Path) -> str:
    """Run a program that is to end with exit code 1 and leave nothing; return what it says."""
    name, *options = command
    with Program(script(name), *options, cwd=directory) as program:
        assert program.wait() == 1
    assert not list(directory.iterdir())
    return program.output


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["m2com", "--handler", "nowhere:x"],
            "m2com: --handler nowhere:x cannot be imported: "
            "ModuleNotFoundError: No module named 'nowhere'\n",
        ),
        (["m2com", "--bogus"], "m2com: option --bogus not recognized\n"),
        (
            ["m2com", "--metrics", "tcp:70000"],
            "m2com: --metrics tcp:70000: bind(): port must be 0-65535.\n",
        ),
        (["m2sim", "--bogus"], "m2sim: option --bogus not recognized\n"),
        (["m2sim", "--profile", "x"], "m2sim: --profile is one of default, original, strict\n"),
    ],
)
def test_bad_option_is_one_line(
    runner: list[str], words: list[str], says: str, tmp_path: Path
) -> None:
    """A wrong option gives one line and an exit code, without help or traceback."""
    assert refusal([*runner, *words], tmp_path) == says


@pytest.fixture
def taken() -> Iterator[str]:
    """Yield a port that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize("runner", RUNNERS)
def test_taken_metrics_port_is_one_line(runner: list[str], taken: str, tmp_path: Path) -> None:
    """A taken port of --metrics is one line that names it, also if twistd is a daemon."""
    where = f"tcp:{taken}:interface=127.0.0.1"
    assert refusal([*runner, "m2com", "--metrics", where], tmp_path) == (
        f"m2com: --metrics {where}: "
        f"Couldn't listen on 127.0.0.1:{taken}: [Errno 98] Address already in use.\n"
    )


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("free", ["-c", "-t"])
def test_taken_port_of_the_simulator_is_one_line(
    runner: list[str], free: str, taken: str, tmp_path: Path
) -> None:
    """A taken port of the simulator is one line that names the port."""
    ports = ["-c", taken, "-t", taken, free, "0"]
    assert refusal([*runner, "m2sim", *ports], tmp_path) == (
        f"m2sim: Couldn't listen on 127.0.0.1:{taken}: [Errno 98] Address already in use.\n"
    )


@pytest.mark.parametrize("words", [["simulate"], ["demo"], ["replay", "record"]])
@pytest.mark.parametrize("option", ["-c", "-t"])
def test_taken_port_of_a_command_is_one_line(
    words: list[str], option: str, taken: str, tmp_path: Path
) -> None:
    """A taken port of a command that listens is one line that names address and port."""
    recording = Recording(tmp_path / "record")
    recording.send()
    recording.stop()
    other = {"-c": "-t", "-t": "-c"}[option]
    with Program(script("m2com"), *words, option, taken, other, "0", cwd=tmp_path) as program:
        assert program.wait() == 1
    assert program.output == (
        f"m2com: Couldn't listen on 127.0.0.1:{taken}: [Errno 98] Address already in use.\n"
    )


def test_daemon_listens_until_it_is_stopped(tmp_path: Path) -> None:
    """A port opened before twistd became a daemon is served until the daemon stops."""
    with Program(script("twistd"), "m2sim", "-c", "0", "-t", "0", cwd=tmp_path) as program:
        assert program.wait() == 0
    process = int((tmp_path / "twistd.pid").read_text())
    try:
        found = re.search(r"Listening on 127.0.0.1: (\d+)", (tmp_path / "twistd.log").read_text())
        assert found is not None
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=PATIENCE) as client:
            assert client.makefile("rb").readline().startswith(b'{"id": "tcpIpConnected"')
            os.kill(process, signal.SIGTERM)
            while client.recv(2**16):
                pass  # until it closes the connection, in order
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_monitor_ends_cleanly_on_interrupt(ports: list[str], tmp_path: Path) -> None:
    """Ctrl-C ends the monitor with exit code 0 and without a traceback."""
    with Program(script("m2com"), "monitor", *ports, "-n", "0.1", cwd=tmp_path) as monitor:
        monitor.wait_for("powerStatusRaw")
        assert monitor.stop(signal.SIGINT) == 0
    assert "Traceback" not in monitor.output
    assert "Unhandled" not in monitor.output


def test_send_that_is_interrupted(tmp_path: Path) -> None:
    """Ctrl-C at a send that waits for an answer ends with exit code 5: the outcome is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [script("m2com"), "send", "clearErrors", "--wait", "-c", port]
        with Program(*command, cwd=tmp_path) as send:
            send.wait_for("> clearErrors")
            assert send.stop(signal.SIGINT) == 5
    assert "m2com: sent; outcome unknown; it may still be executed\n" in send.output
    assert "Traceback" not in send.output


def test_version(tmp_path: Path) -> None:
    """``--version`` shows the version of this package, not Twisted's."""
    with Program(script("m2com"), "--version", cwd=tmp_path) as program:
        assert program.wait() == 0
    assert program.output.startswith("m2com_twisted ")


def test_plugins_are_cheap_to_load(tmp_path: Path) -> None:
    """Listing what twistd can run imports neither the reactor nor anything of this package."""
    code = (
        "import sys\n"
        "from twisted.plugin import getPlugins\n"
        "from twisted.application.service import IServiceMaker\n"
        "names = [maker.tapname for maker in getPlugins(IServiceMaker)]\n"
        "ours = [name for name in sys.modules if name.startswith('m2com_twisted')]\n"
        "print('m2com' in names, 'm2sim' in names, ours, 'twisted.internet.reactor' in sys.modules)"
    )
    with Program(script("python"), "-c", code, cwd=tmp_path) as program:
        assert program.wait() == 0
    assert program.output == "True True [] False\n"
