"""The subcommands of m2com that run the mirror, against a simulated controller."""

import pytest
import pytest_twisted
from twisted.internet.task import deferLater

from m2com_twisted.simulator import CellController
from tests.support.subcommands import at, start
from tests.support.waiting import the_reactor, until


@pytest_twisted.ensureDeferred
async def test_enable_and_disable(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """`enable` and disable show their steps and the condition of the mirror; exit code 0."""
    assert await start("enable", *at(controller)) == 0
    shown = capsys.readouterr().out
    assert "enable: Motor power on ..." in shown
    assert "enable: Loop closed: done after" in shown
    assert "the mirror: tracking" in shown
    assert controller.model.mirror.loop_closed
    assert await start("disable", *at(controller)) == 0
    assert "the mirror: disabled" in capsys.readouterr().out
    assert not controller.model.motor_on


@pytest_twisted.ensureDeferred
async def test_safe(controller: CellController, capsys: pytest.CaptureFixture[str]) -> None:
    """The report of the stops is shown, and the exit code is 0 since it was seen."""
    await start("enable", *at(controller))
    assert await start("safe", *at(controller)) == 0
    shown = capsys.readouterr().out
    assert "make_safe done" in shown
    assert "motor power: no: state: PoweredOff" in shown
    assert not controller.model.motor_on


@pytest_twisted.ensureDeferred
async def test_move_arrives(controller: CellController, capsys: pytest.CaptureFixture[str]) -> None:
    """`move` ends when the mirror is in its position."""
    await start("enable", *at(controller))
    assert await start("move", "z=2", *at(controller)) == 0
    assert "move done" in capsys.readouterr().out
    assert controller.model.mirror.pose.z == pytest.approx(2.0, abs=1.0)


@pytest_twisted.ensureDeferred
async def test_move_that_is_interrupted(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """After Ctrl-C, move sends nothing, and reports that the motion may go on; exit code 130."""
    await start("enable", *at(controller))
    moving = start("move", "z=500", *at(controller))
    await until(lambda: controller.model.mirror.pose.z > 0.5)
    before = len(controller.received)
    moving.cancel()
    assert await moving == 130
    assert "what was sent may still take effect" in capsys.readouterr().out
    await deferLater(the_reactor(), 0.2)
    assert len(controller.received) == before


@pytest_twisted.ensureDeferred
async def test_move_without_a_closed_loop(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step that fails is named, and the exit code is 3."""
    assert await start("move", "z=2", *at(controller)) == 3
    assert "motor_power: no" in capsys.readouterr().out


@pytest_twisted.ensureDeferred
async def test_move_out_of_range(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """A move beyond the limits is refused with exit code 1."""
    assert await start("move", "z=5000", *at(controller)) == 1
    assert "the limit is 4000" in capsys.readouterr().err


@pytest_twisted.ensureDeferred
async def test_status(controller: CellController, capsys: pytest.CaptureFixture[str]) -> None:
    """`status` shows what is known of the mirror, and where it comes from."""
    assert await start("status", *at(controller)) == 0
    shown = capsys.readouterr().out
    assert "mirror                   disabled" in shown
    assert "6053 controller communication" in shown
    assert "motor power              no: state: Init" in shown


@pytest_twisted.ensureDeferred
async def test_faults(controller: CellController, capsys: pytest.CaptureFixture[str]) -> None:
    """Faults are shown with advice; the exit code says whether there are any."""
    assert await start("faults", *at(controller)) == 3
    shown = capsys.readouterr().out
    assert "6053 fault: controller communication" in shown
    assert await start("faults", "--clear", *at(controller)) == 0
    assert "no faults" in capsys.readouterr().out
