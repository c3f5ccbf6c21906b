"""The counters of a client, and the message rate."""

from typing import Any

import pytest

from m2com_twisted.support.stats import MessageRate
from tests.support.fake_endpoint import Fixture


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


def test_the_counters_are_complete_inside_a_plain_callback() -> None:
    """A snapshot taken while a message is delivered counts it, and no line after it."""

    def callback(message: dict[str, Any]) -> None:
        stats = fixture.client.stats
        seen.append((stats.messages, stats.bad_lines, stats.last_message_time, stats.bytes))

    seen: list[tuple[int, int, float | None, int]] = []
    fixture = Fixture(callback)
    attempt = fixture.connect()
    fixture.clock.advance(5)
    chunk = b'{"id": "1"}\r\nbad\r\n\r\n{"id": "2"}\r\n{"id": "3"}\r\n'
    attempt.receive(chunk)
    fixture.clock.advance(1)
    attempt.receive(b'{"id": "4"}\r\n')
    size = len(chunk)
    assert seen == [(1, 0, 5, size), (2, 1, 5, size), (3, 1, 5, size), (4, 1, 6, size + 13)]
