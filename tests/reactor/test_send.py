"""``m2com send``: how a command line becomes a command, and what is shown of its outcome."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import pytest_twisted

from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.describe import fields_of
from m2com_twisted.programs import cli
from m2com_twisted.simulator import CellController
from tests.support.programs import PATIENCE, script
from tests.support.subcommands import at, parsed, start


@pytest_twisted.ensureDeferred
async def test_send_shows_ack_success_and_latencies(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """``m2com send`` says what was sent, and when it was acknowledged and done."""
    code = await start("send", "power", "powerType=2", "status=true", *at(controller))
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == '> power {"powerType": 2, "status": true}'
    assert [line.rsplit(" ", 2)[0] for line in lines[1:]] == [
        "acknowledged after",
        "succeeded after",
    ]


@pytest_twisted.ensureDeferred
async def test_send_with_no_wait_ends_with_the_ack(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --no-wait the command ends with the acknowledgement, and exit code 6."""
    controller.inject("missing-success")
    assert await start("send", "clearErrors", "--no-wait", *at(controller)) == 6
    shown = capsys.readouterr().out
    assert "acknowledged after" in shown
    assert "not waiting for the result" in shown


@pytest_twisted.ensureDeferred
async def test_send_with_no_wait_tells_what_it_knows(controller: CellController) -> None:
    """A command that is not acknowledged is not one that was."""
    controller.inject("accept-then-close")
    assert await start("send", "clearErrors", "--no-wait", *at(controller)) == 5


@pytest_twisted.ensureDeferred
async def test_send_tells_a_failure(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that the controller cannot execute: exit code 4 and one line."""
    words = ["send", "positionMirror", "x=1", "z=-2.5"]
    assert await start(*words, *at(controller)) == 4
    output = capsys.readouterr()
    assert '"x": 1.0, "y": 0.0, "z": -2.5' in output.out
    assert output.err.startswith("m2com: Command positionMirror (sequence id 1) failed")
    assert output.err.count("\n") == 1


@pytest_twisted.ensureDeferred
async def test_send_tells_an_unknown_outcome(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command without an answer in time ends send with exit code 5."""
    controller.inject("missing-success")
    words = ["send", "clearErrors", "--wait", "--timeout", "0.1"]
    assert await start(*words, *at(controller)) == 5
    assert "outcome is unknown" in capsys.readouterr().err


@pytest_twisted.ensureDeferred
async def test_send_tells_a_taken_port(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that is closed at once: exit code 5 and what it may be the sign of."""
    controller.inject("accept-then-close")
    assert await start("send", "clearErrors", *at(controller)) == 5
    assert "another client may hold the port" in capsys.readouterr().err


@pytest_twisted.ensureDeferred
async def test_send_tells_a_refused_connection(capsys: pytest.CaptureFixture[str]) -> None:
    """If nothing listens, send prints one line and ends with exit code 2."""
    controller = CellController()
    await controller.start()
    await controller.stop()
    assert await start("send", "clearErrors", *at(controller)) == 2
    assert capsys.readouterr().err.startswith("m2com: No connection to 127.0.0.1:")


@pytest.mark.parametrize(
    ("words", "details"),
    [
        (["setConfigurationFile", "file=a file.csv"], {"file": "a file.csv"}),
        (["setConfigurationFile", 'file="1"'], {"file": "1"}),
        (["setConfigurationFile", "file=1"], {"file": "1"}),
        (["getInnerLoopControlMode", "addresses=[0, 1]"], {"addresses": [0, 1]}),
        (["getInnerLoopControlMode", "addresses=0,83"], {"addresses": [0, 83]}),
        (["getInnerLoopControlMode", "addresses=7"], {"addresses": [7]}),
        (["getInnerLoopControlMode", "addresses=b1, D18,A6"], {"addresses": [0, 71, 77]}),
        (
            ["setHardpointList", "actuators=B6,B16,B26,A2,A4,A6"],
            {"actuators": [5, 15, 25, 73, 75, 77]},
        ),
        (["power", "powerType=Communication", "status=True"], {"powerType": 2, "status": True}),
        (["power", "powerType=motor", "status=false"], {"powerType": 1, "status": False}),
        (["power", "powerType=motor", "status=on"], {"powerType": 1, "status": True}),
        (["switchForceBalanceSystem", "status=OFF"], {"status": False}),
        (["switchDigitalOutput", "bit=ResetMotorBreakers", "status=2"], {"bit": 8, "status": 2}),
        (["switchDigitalOutput", "bit=0x10", "status=ToggleBit"], {"bit": 16, "status": 3}),
        (["setEnabledFaultsMask", "mask=0xFF800003FFFFFFF8"], {"mask": 0xFF800003FFFFFFF8}),
        (["setEnabledFaultsMask", 'mask="7"'], {"mask": 7}),
        (["setEnabledFaultsMask", "--wait", "mask=18446744073709551615"], {"mask": 2**64 - 1}),
        (
            [
                "moveActuators",
                "actuatorCommand=Start",
                'actuators=["C1", 2]',
                "displacement=-3",
                "unit=Step",
            ],
            {"actuatorCommand": 1, "actuators": [30, 2], "displacement": -3.0, "unit": 2},
        ),
    ],
)
def test_a_value_is_read_by_what_the_parameter_is(
    words: list[str], details: dict[str, object]
) -> None:
    """Names, hexadecimal digits, lists with commas and JSON all give what goes over the wire."""
    assert json.dumps(parsed("send", *words)["details"]) == json.dumps(details)


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    """A value @FILE stands for the JSON in the file."""
    path = tmp_path / "axial.json"
    path.write_text(json.dumps([0.5] * 72))
    options = parsed("send", "applyForces", f"axial=@{path}", "tangent=0,0,0,0,0,1e1")
    assert options["details"] == {"axial": [0.5] * 72, "tangent": [0, 0, 0, 0, 0, 10.0]}


@pytest.mark.parametrize(
    "words", [["--help", "power"], ["power", "--help"], ["--help", "power", "-v"]]
)
def test_help_of_a_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """``send --help COMMAND`` shows what it does, and its parameters with their values."""
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["send", *words])
    assert exit_info.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: m2com send power powerType=PowerType status=bool")
    assert "Switch a power system on or off." in shown
    assert "2 Communication" in shown


def test_help_of_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has help that names its parameters, and is in the list."""
    with pytest.raises(SystemExit):
        cli.main(["send", "--help"])
    listed = capsys.readouterr().out
    for name, command in commands.BY_NAME.items():
        assert f"\n  {name} " in listed
        with pytest.raises(SystemExit):
            cli.main(["send", "--help", name])
        shown = capsys.readouterr().out
        assert all(field.wire_name in shown for field in fields_of(command))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_whose_reader_leaves_ends_quietly(unbuffered: str) -> None:
    """``m2com send --help | head`` ends without a traceback, whether output is buffered or not."""
    with subprocess.Popen(
        [script("m2com"), "send", "--help"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        program.stdout.close()
        _, errors = program.communicate(timeout=PATIENCE)
    assert errors == ""
    assert program.returncode == 141
