"""The subcommands of m2com, run in this process against a simulated controller."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater

from m2com_twisted import CellControllerService, LineObserver
from m2com_twisted.catalogue.schemas import MESSAGES
from m2com_twisted.errors import RecordingError
from m2com_twisted.programs import cli
from m2com_twisted.recording import Recorder, read_recording
from m2com_twisted.simulator import CellController
from m2com_twisted.simulator.replay import Replay
from m2com_twisted.tcp_client import TcpClient
from tests.support.subcommands import at, parsed, start
from tests.support.waiting import the_reactor, until


@pytest_twisted.ensureDeferred
async def test_monitor_shows_the_controller(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """`monitor` shows connections, telemetry, faults and events until it is interrupted."""
    monitor = start("monitor", "--interval", "0.1", *at(controller))
    shown = ""

    def all_is_shown() -> bool:
        nonlocal shown
        shown += capsys.readouterr().out
        return "6053 fault: controller communication" in shown and "powerStatusRaw" in shown

    await until(all_is_shown)
    monitor.cancel()
    assert await monitor == 0
    assert "command    connected" in shown


@pytest_twisted.ensureDeferred
async def test_monitor_counts_the_seconds_since_the_last_message(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each connection shows the age of its last message: not more than the monitor has run."""
    monitor = start("monitor", "--interval", "0.1", *at(controller))
    ages: dict[str, float] = {}

    def both_are_shown() -> bool:
        found = re.findall(r"(?m)^(\w+) .*, last (\S+) s ago", capsys.readouterr().out)
        ages.update((port, float(age)) for port, age in found)
        return len(ages) == 2

    await until(both_are_shown)
    monitor.cancel()
    await monitor
    assert all(0 <= age < 60 for age in ages.values()), ages


@pytest_twisted.ensureDeferred
async def test_monitor_on_a_terminal_draws_in_place(
    controller: CellController, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, monitor draws each table over the last one."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monitor = start("monitor", *at(controller))
    assert capsys.readouterr().out.startswith("\x1b[HM2 cell controller")
    monitor.cancel()
    await monitor


@pytest_twisted.ensureDeferred
async def test_simulate_is_a_controller(capsys: pytest.CaptureFixture[str]) -> None:
    """``m2com simulate`` says its ports, serves them, and ends in order on Ctrl-C."""
    simulating = start("simulate", "--host", "127.0.0.1", "-c", "0", "-t", "0")
    port = int(capsys.readouterr().out.split(":")[1].split()[0])
    assert await start("send", "clearErrors", "-c", str(port)) == 0
    simulating.cancel()
    assert await simulating == 0


@pytest_twisted.ensureDeferred
async def test_demo_that_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """``m2com demo`` listens where it is told, and cleans up when interrupted."""
    demo = start("demo", "--host", "127.0.0.2")
    assert "listens on 127.0.0.2:" in capsys.readouterr().out
    await until(lambda: "> power" in capsys.readouterr().out)
    demo.cancel()
    with pytest.raises(CancelledError):
        await demo


@pytest_twisted.ensureDeferred
async def test_recording_and_replaying_it(
    controller: CellController, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A client of the replay receives the messages that were recorded, port by port."""
    recording = start("record", str(tmp_path / "first"), *at(controller))
    sent = controller.telemetry_factory
    await until(lambda: sent.client is not None)
    await deferLater(the_reactor(), 0.2)  # two cycles of the command port, four of telemetry
    recording.cancel()
    assert await recording == 0
    assert "messages recorded" in capsys.readouterr().out
    await controller.stop()
    replaying = start("replay", str(tmp_path / "first"), "--speed", "max", *at(controller))

    class Keeper(LineObserver):
        def __init__(self, connection: str) -> None:
            self.name = connection

        def received(self, line: bytes, message: dict[str, Any]) -> None:
            received.append((self.name, message))

    received: list[tuple[str, Any]] = []
    service = CellControllerService(
        "127.0.0.1",
        controller.command_port,
        controller.telemetry_port,
        command_observers=[Keeper("command")],
        telemetry_observers=[Keeper("telemetry")],
    )
    service.startService()
    assert await replaying == 0
    recorded = [
        (one.connection, one.message)
        for one in read_recording(tmp_path / "first")
        if one.kind == "received"
    ]
    await until(lambda: len(received) == len(recorded))
    await service.stopService()
    for connection in "command", "telemetry":
        part = [message for name, message in recorded if name == connection]
        assert part
        assert part == [message for name, message in received if name == connection]


async def _replay(directory: Path, messages: list[Any], speed: float = float("inf")) -> Replay:
    """Record messages on the telemetry port and start to replay them."""
    recorder = Recorder(directory)
    recorder.startService()
    for message in messages:
        recorder.observer("telemetry").received(json.dumps(message).encode(), message)
    await recorder.stopService()
    replay = Replay(directory, speed=speed)
    replay.start()
    return replay


@pytest_twisted.ensureDeferred
async def test_replay_of_what_is_no_recording(tmp_path: Path) -> None:
    """``m2com replay`` of no recording ends at once."""
    with pytest.raises(FileNotFoundError, match="There is no recording in"):
        await start("replay", str(tmp_path), "-c", "0", "-t", "0")
    (tmp_path / "m2-20260101T000000.000000Z.mcap").touch()
    with pytest.raises(RecordingError, match="holds no message"):
        await start("replay", str(tmp_path), "-c", "0", "-t", "0")


@pytest_twisted.ensureDeferred
async def test_send_tells_a_rejection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replayed recording takes no commands: exit code 3."""
    replay = await _replay(tmp_path, [{"id": "x"}])
    assert await start("send", "clearErrors", *at(replay)) == 3
    assert "rejected" in capsys.readouterr().err
    await replay.stop()


@pytest_twisted.ensureDeferred
async def test_slow_client_gets_the_whole_recording(tmp_path: Path) -> None:
    """With --speed max a slow client receives the whole recording."""
    messages = [{"id": "x", "number": number, "ballast": "x" * 20_000} for number in range(500)]
    replay = await _replay(tmp_path, messages)
    received: list[int] = []

    async def slowly(message: dict[str, Any]) -> None:
        if len(received) % 100 == 0:
            await deferLater(the_reactor(), 0.02)
        received.append(message["number"])

    client = TcpClient("127.0.0.1", replay.telemetry_port, slowly, max_queue_length=10)
    other = TcpClient("127.0.0.1", replay.command_port, slowly)
    async with client, other:
        await replay.finished()
        await until(lambda: len(received) == len(messages))
        assert replay.played == len(messages)
    assert received == list(range(500))
    await replay.stop()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "a command is missing"),
        (["frobnicate"], "Unknown command: frobnicate"),
        (["send"], "send takes a command: one of applyForces"),
        (["send", "positionMiror"], "did you mean positionMirror?"),
        (
            ["send", "positionMirror", "x=left"],
            "x must be a number, not 'left' (float: Position along x)",
        ),
        (["send", "positionMirror", "w=1"], "has no parameter 'w'; it takes x, y, z"),
        (["send", "positionMirror", "x"], "a parameter is name=value, not 'x'"),
        (["send", "positionMirror", "x=1", "x=2"], "x is given twice"),
        (["send", "power", "powerType=1"], "status is missing (bool: Whether it is to be on)"),
        (["send", "power", "powerType=1", "status=1"], "status must be True or False, not '1'"),
        (["send", "power", "powerType=9", "status=true"], "1 Motor, 2 Communication"),
        (
            ["send", "power", "powerType=Comm", "status=true"],
            "(1 Motor, 2 Communication), not 'Comm'",
        ),
        (["send", "applyForces", "axial=1,2", "tangent=0"], "axial must have 72 values, not 2"),
        (["send", "applyForces", "axial=@/none", "tangent=0"], "axial: /none: "),
        (["send", "getInnerLoopControlMode", "addresses=84"], "addresses[0] must be from 0 to 83"),
        (["send", "clearErrors", "--wait", "--no-wait"], "exclude each other"),
        (["send", "clearErrors", "--timeout", "soon"], "--timeout: takes a number, not 'soon'"),
        (["send", "--help", "powre"], "did you mean power?"),
        (["schema", "powre"], "did you mean power?"),
        (["schema", "power", "power"], "schema takes one message"),
        (["send", "clearErrors", "--timeout", "nan"], "--timeout must be"),
        (["send", "clearErrors", "--bogus"], "option --bogus not recognized"),
        (["record"], "record takes one directory"),
        (["record", ""], "record takes one directory"),
        (["replay"], "replay takes one recording"),
        (["replay", ""], "replay takes one recording"),
        (["replay", "x", "--speed", "-1"], "a speed is a number greater than 0"),
        (["monitor", "--interval", "0"], "--interval must be"),
        (["monitor", "--command-port", "70000"], "--command-port: a port is a number from 1 to"),
        (["monitor", "-c", "x"], "--command-port: a port is a number from 1 to 65535, not 'x'"),
    ],
)
def test_wrong_command_line_is_one_line(words: list[str], says: str) -> None:
    """A wrong command line is one line that says what is wrong; nothing is started."""
    with pytest.raises(SystemExit) as exit_info:
        cli.main(words)
    line = str(exit_info.value.code)
    assert line.startswith("m2com: ")
    assert says in line
    assert "\n" not in line


def test_help_shows_an_example_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of m2com and that of each subcommand show an example."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    examples = [
        line.strip() for line in capsys.readouterr().out.split("Examples:")[1].splitlines() if line
    ]
    for name in "monitor", "send", "schema", "record", "replay", "simulate", "demo":
        [example] = [line for line in examples if line.startswith(f"m2com {name}")]
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        assert f"Example: {example}" in capsys.readouterr().out
        parsed(*example.split()[1:])


@pytest_twisted.ensureDeferred
async def test_schema_prints_the_schema_of_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    """``m2com schema`` prints the schema of one message by name, or those of all."""
    assert await start("schema", "power") == 0
    assert json.loads(capsys.readouterr().out)["properties"]["id"] == {"const": "cmd_power"}
    assert await start("schema") == 0
    assert set(json.loads(capsys.readouterr().out)) == set(MESSAGES)
