"""The small parts: lines out of chunks, a steady beat, what commands declare."""

import logging
import subprocess
import sys

import pytest
from twisted.internet.task import Clock

from m2com_twisted.simulator.commands.table import COMMANDS
from m2com_twisted.simulator.ports.pacing import SteadyCall

LOG = logging.getLogger("test")


def test_a_beat_keeps_to_its_times() -> None:
    """A late call does not delay the later ones, and says how many were missed."""
    clock, counts = Clock(), list[int]()
    beat = SteadyCall(clock, 1.0, counts.append, LOG)
    beat.start()
    clock.advance(1.5)
    clock.advance(0.5)
    clock.advance(3.2)
    clock.advance(0.8)
    assert counts == [1, 1, 3, 1]
    beat.stop()
    beat.stop()
    assert clock.getDelayedCalls() == []


def test_a_beat_survives_a_clock_that_is_set_back() -> None:
    """It does not wait until the old time has come again."""
    clock, counts = Clock(), list[int]()
    clock.advance(1000)
    beat = SteadyCall(clock, 1.0, counts.append, LOG)
    beat.start()
    clock.advance(2.5)
    clock.rightNow -= 900
    for call in clock.getDelayedCalls():
        call.reset(0)  # as a real reactor would run it, sooner or later
    clock.pump([0.5] * 8)
    assert counts[0] == 2
    assert 4 <= len(counts) <= 6


def test_a_beat_that_begins_anew_beats_once() -> None:
    """There is one call at a time."""
    clock = Clock()
    beat = SteadyCall(clock, 1.0, lambda _: None, LOG)
    beat.start()
    beat.start()
    assert len(clock.getDelayedCalls()) == 1


def test_a_beat_goes_on_after_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    """Which is logged with its traceback."""
    clock = Clock()
    SteadyCall(clock, 1.0, lambda _: 1 / 0, LOG).start()  # type: ignore[arg-type]  # it never returns
    clock.pump([1.0] * 3)
    assert len(caplog.records) == 3
    assert all(record.exc_info for record in caplog.records)


def test_a_beat_may_be_stopped_from_its_own_call() -> None:
    """Nothing is left then."""
    clock = Clock()
    beat = SteadyCall(clock, 1.0, lambda _: beat.stop(), LOG)
    beat.start()
    clock.advance(1)
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_declares_what_its_function_takes(command: object) -> None:
    """Each argument but the model is a parameter, by its name in snake_case."""
    from inspect import signature

    from m2com_twisted.simulator.commands.command import Command

    assert isinstance(command, Command)
    _, *arguments = signature(command.function).parameters
    declared = [p.argument for p in command.parameters if not p.ignored]
    assert sorted(declared) == sorted(arguments)
    optional = {p.argument for p in command.parameters if p.optional and not p.ignored}
    defaults = {
        name
        for name, parameter in signature(command.function).parameters.items()
        if parameter.default is not parameter.empty
    }
    assert optional == defaults
    assert command.summary.endswith(".")


def test_there_are_25_commands() -> None:
    """As many as the controller has registered."""
    assert len(COMMANDS) == 25


@pytest.mark.parametrize("module", ["simulator", "programs.m2sim_tap"])
def test_importing_installs_no_reactor(module: str) -> None:
    """And takes no numpy."""
    code = (
        f"import sys, m2com_twisted.{module}; "
        "print('twisted.internet.reactor' in sys.modules, 'numpy' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert output.stdout.split() == [b"False", b"False"]
