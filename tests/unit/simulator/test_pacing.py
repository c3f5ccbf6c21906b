"""`SteadyCall`: a call at steady times."""

import logging

import pytest
from twisted.internet.task import Clock

from m2com_twisted.simulator.ports.pacing import SteadyCall

LOG = logging.getLogger("test")


def test_a_steady_call_keeps_to_its_times() -> None:
    """A late call does not delay the later ones, and says how many were missed."""
    clock, counts = Clock(), list[int]()
    steady = SteadyCall(clock, 1.0, counts.append, LOG)
    steady.start()
    clock.advance(1.5)
    clock.advance(0.5)
    clock.advance(3.2)
    clock.advance(0.8)
    assert counts == [1, 1, 3, 1]
    steady.stop()
    steady.stop()
    assert clock.getDelayedCalls() == []


def test_a_steady_call_survives_a_clock_that_is_set_back() -> None:
    """A steady call does not wait for the old time when the clock is set back."""
    clock, counts = Clock(), list[int]()
    clock.advance(1000)
    steady = SteadyCall(clock, 1.0, counts.append, LOG)
    steady.start()
    clock.advance(2.5)
    clock.rightNow -= 900
    for call in clock.getDelayedCalls():
        call.reset(0)  # as a real reactor would run it, sooner or later
    clock.pump([0.5] * 8)
    assert counts[0] == 2
    assert 4 <= len(counts) <= 6


def test_a_call_that_is_started_twice_is_one() -> None:
    """Starting a steady call twice makes one call at a time."""
    clock = Clock()
    steady = SteadyCall(clock, 1.0, lambda _: None, LOG)
    steady.start()
    steady.start()
    assert len(clock.getDelayedCalls()) == 1


def test_a_steady_call_goes_on_after_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    """An exception of a steady call is logged with its traceback, and calls go on."""
    clock = Clock()
    SteadyCall(clock, 1.0, lambda _: 1 / 0, LOG).start()  # type: ignore[arg-type]  # it never returns
    clock.pump([1.0] * 3)
    assert len(caplog.records) == 3
    assert all(record.exc_info for record in caplog.records)


def test_a_steady_call_may_be_stopped_from_its_own_call() -> None:
    """A steady call that is stopped from inside leaves nothing on the clock."""
    clock = Clock()
    steady = SteadyCall(clock, 1.0, lambda _: steady.stop(), LOG)
    steady.start()
    clock.advance(1)
    assert clock.getDelayedCalls() == []
