"""The examples do what they are there to show."""

import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_twisted

from m2com_twisted import Elevation
from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.simulator import CellController
from tests.support.programs import ROOT, Program, script
from tests.support.recordings import Recording
from tests.support.waiting import until

EXAMPLES = ROOT / "examples"


@pytest.fixture
def control_loop() -> ModuleType:
    """Import the example, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("control_loop", EXAMPLES / "control_loop.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Observatory:
    """A controller, the control service of the example, and what it shows."""

    def __init__(self, control_loop: ModuleType) -> None:
        from twisted.internet import reactor

        self.lines: list[str] = []
        self.controller = CellController()
        self._control_loop = control_loop
        self._reactor = reactor

    async def start(self) -> Any:
        """Start both; return the control service once it tracks."""
        await self.controller.start()
        control = self._control_loop.MirrorControl(
            "127.0.0.1",
            self.controller.command_port,
            self.controller.telemetry_port,
            lambda: Elevation(33.0, time.monotonic()),
            self._reactor,
            self.lines.append,
        )
        control.startService()
        await until(lambda: self.lines[-1:] == ["tracking"])
        return control


def power_and_loop(controller: CellController) -> tuple[bool, bool]:
    """Return whether the motors are on, and whether the loop is closed."""
    return controller.model.motor_on, controller.model.mirror.loop_closed


@pytest_twisted.ensureDeferred
async def test_control_loop_tracks_and_leaves_the_mirror_safe(control_loop: ModuleType) -> None:
    """The control loop enables the mirror, sends the elevation, and disables it at the end."""
    observatory = Observatory(control_loop)
    controller = observatory.controller
    control = await observatory.start()
    assert power_and_loop(controller) == (True, True)
    await until(
        lambda: any(message.get("actualPosition") == 33.0 for message in controller.received)
    )
    await control.stopService()
    assert "enable: Motor power on" in observatory.lines
    assert observatory.lines[-3:] == ["tracking", "leaving", "the mirror is safe"]
    assert power_and_loop(controller) == (False, False)
    await controller.stop()


@pytest_twisted.ensureDeferred
async def test_control_loop_faults_safely(control_loop: ModuleType) -> None:
    """After a fault the control loop names it, makes the mirror safe, and does not enable again."""
    observatory = Observatory(control_loop)
    controller = observatory.controller
    control = await observatory.start()
    controller.inject("fault-6056")
    await until(lambda: any("reported: 6056" in line for line in observatory.lines))
    assert "fault: the loop is not closed any more" in observatory.lines
    assert "the mirror is safe" in observatory.lines
    assert power_and_loop(controller) == (False, False)
    await control.stopService()
    await controller.stop()


@pytest_twisted.ensureDeferred
async def test_control_loop_makes_safe_what_it_lost(control_loop: ModuleType) -> None:
    """A connection lost while tracking is a fault; the mirror is made safe when it is back."""
    observatory = Observatory(control_loop)
    controller = observatory.controller
    control = await observatory.start()
    controller.inject("drop")
    await until(lambda: "the mirror is safe" in observatory.lines)
    assert "fault: the loop is not closed any more" in observatory.lines
    assert power_and_loop(controller) == (False, False)
    await control.stopService()
    await controller.stop()


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Run a simulated controller; yield its ports."""
    with Program(script("m2com"), "simulate", "-c", "0", "-t", "0", cwd=tmp_path) as simulator:
        found = simulator.wait_for(r"listens on 127\.0\.0\.1:(\d+) and :(\d+)")
        yield found[1], found[2]
        assert simulator.stop() == 0
        assert "Traceback" not in simulator.output


def test_embed(ports: tuple[str, str], tmp_path: Path) -> None:
    """The example embed.py connects, switches power on, shows telemetry and ends on SIGTERM."""
    command = [sys.executable, str(EXAMPLES / "embed.py"), "127.0.0.1", *ports]
    with Program(*command, cwd=tmp_path) as program:
        program.wait_for("power: Motor True")
        program.wait_for(r"fz: \d+ N")
        program.stop()
        assert program.output.count("Closed") == 2
        assert "Traceback" not in program.output


def test_control_loop_as_a_program(ports: tuple[str, str], tmp_path: Path) -> None:
    """The control loop runs as a program until SIGTERM, and leaves the mirror safe."""
    command = [sys.executable, str(EXAMPLES / "control_loop.py"), "127.0.0.1", *ports]
    with Program(*command, cwd=tmp_path) as program:
        program.wait_for("tracking")
        program.stop()
        assert "the mirror is safe" in program.output
        assert program.output.count("Closed") == 2
        assert "Traceback" not in program.output


def test_tac(ports: tuple[str, str], tmp_path: Path) -> None:
    """Under twistd -ny, m2.tac logs events and states to twistd's log; SIGTERM ends it cleanly."""
    where = {"M2_COMMAND_PORT": ports[0], "M2_TELEMETRY_PORT": ports[1]}
    command = [script("twistd"), "-ny", str(EXAMPLES / "m2.tac")]
    with Program(*command, cwd=tmp_path, environment=where) as program:
        program.wait_for(r"\[m2#info\] both up: True")
        program.wait_for(r"\[m2#info\] power 1: False")
        program.stop()
        assert r"[m2com#info] command: Connected" in program.output
        assert "Unhandled" not in program.output
        assert "Traceback" not in program.output
    assert not list(tmp_path.iterdir())


def test_read_recording(tmp_path: Path) -> None:
    """The example tells how far the mirror moved, and when a connection was lost."""
    recording = Recording(tmp_path / "night")
    for x in 3.5, -1.0, 2.0:
        line = b'{"id": "position", "x": %f}' % x
        recording.observer.received(line, {"id": "position"})
    recording.observer.connection(ConnectionState.WAITING)
    recording.stop()
    words = [sys.executable, str(EXAMPLES / "read_recording.py"), "night"]
    with Program(*words, cwd=tmp_path) as program:
        assert program.wait() == 0
    assert program.output == "x from -1.0 to 3.5 um\n2023-11-14 22:13:20 telemetry\n"
