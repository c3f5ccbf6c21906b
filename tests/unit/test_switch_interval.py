"""Tests of the time for which another thread can keep the reactor's thread waiting."""

import sys
from collections.abc import Iterator

import pytest

from m2com_twisted.support.switch_interval import shorten_switch_interval


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_another_thread_runs_for_a_millisecond_at_most() -> None:
    """A thread that runs Python must give way after 1 ms, not after Python's 5 ms."""
    sys.setswitchinterval(0.005)
    shorten_switch_interval()
    assert sys.getswitchinterval() == pytest.approx(0.001)


def test_a_shorter_interval_stays() -> None:
    """An interval that the user has made shorter is not made longer."""
    sys.setswitchinterval(0.0005)
    before = sys.getswitchinterval()
    shorten_switch_interval()
    assert sys.getswitchinterval() == before
