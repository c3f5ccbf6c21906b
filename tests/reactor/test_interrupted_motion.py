"""Ctrl-C during a motion: m2com in a process of its own, signalled as a terminal does it."""

import signal
import sys
from pathlib import Path

import pytest_twisted

from m2com_twisted.simulator import CellController
from tests.support.command_process import Command
from tests.support.subcommands import at, start
from tests.support.waiting import until

#: Starts m2com with a connection that never ends to close.
NEVER_CLOSES = """
import sys
from twisted.internet.defer import Deferred
from m2com_twisted import CellControllerService
from m2com_twisted.programs import cli

CellControllerService.stopService = lambda service: Deferred()
cli.main(sys.argv[1:])
"""


async def moving(controller: CellController, command: Command) -> None:
    """Wait until the mirror moves."""
    await until(lambda: controller.model.mirror.pose.z > 0.5 or command.process.poll() is not None)
    assert command.process.poll() is None


@pytest_twisted.ensureDeferred
async def test_the_first_interrupt(controller: CellController) -> None:
    """The first Ctrl-C ends a move with exit code 130; the report says that the motion goes on."""
    await start("enable", *at(controller))
    async with Command("move", "z=500", controller=controller) as command:
        await moving(controller, command)
        before = len(controller.received)
        assert await command.end(signal.SIGINT) == 130
        output, errors = (stream.decode() for stream in command.process.communicate())
    assert errors == ""
    assert "move cancelled: during: Move and arrive" in output
    assert "what was sent may still take effect" in output
    z = controller.model.mirror.pose.z
    await until(lambda: controller.model.mirror.pose.z > z + 0.5)
    assert len(controller.received) == before
    assert controller.model.mirror.loop_closed


@pytest_twisted.ensureDeferred
async def test_the_second_interrupt(controller: CellController, tmp_path: Path) -> None:
    """A second Ctrl-C ends the program at once with exit code 130, whatever it waits for."""
    await start("enable", *at(controller))
    said = tmp_path / "said"
    with said.open("w") as stdout:
        command = Command(
            *["move", "z=500"],
            controller=controller,
            stdout=stdout.fileno(),
            program=[sys.executable, "-c", NEVER_CLOSES],
        )
    async with command:
        await moving(controller, command)
        before = len(controller.received)
        command.process.send_signal(signal.SIGINT)
        await until(lambda: "what was sent may still take effect" in said.read_text())
        assert command.process.poll() is None
        assert await command.end(signal.SIGINT) == 130
        assert command.process.communicate()[1] == b""
    assert len(controller.received) == before
