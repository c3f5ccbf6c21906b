"""The message rate."""

import pytest

from m2com_twisted.support.stats import MessageRate


def test_there_is_no_rate_before_the_first_window_is_over() -> None:
    """For the first 2 s the rate is 0."""
    rate = MessageRate()
    assert rate.read(5) == 0
    rate.add(10, 6)
    assert rate.read(6.9) == 0
    assert rate.read(7) == 5


def test_the_rate_is_that_of_the_last_whole_window() -> None:
    """The rate is what came in the last window of 2 s, divided by its length."""
    rate = MessageRate()
    for now in range(10):
        rate.add(100, now)
    assert rate.read(9) == pytest.approx(100)
    rate.add(1000, 9.5)
    assert rate.read(9.9) == pytest.approx(100)
    assert rate.read(10) == pytest.approx(600)


def test_the_rate_falls_to_zero_in_silence() -> None:
    """After a window without messages the rate is 0, however long nobody asked."""
    rate = MessageRate()
    rate.add(100, 0)
    assert rate.read(10) == 10
    assert rate.read(12) == 0
    rate.add(8, 100)
    assert rate.read(100) == 0
    assert rate.read(104) == 2
