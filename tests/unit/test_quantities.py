"""Sizes, durations and times on a command line."""

from datetime import datetime, timedelta, timezone

import pytest

from m2com_twisted.support.quantities import (
    duration,
    is_size,
    moment,
    shown_duration,
    shown_size,
    size,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [("100GB", 10**11), ("1.5 kB", 1500), ("256MB", 256 * 10**6), ("2TB", 2 * 10**12)],
)
def test_size(text: str, number: int) -> None:
    """A size has a decimal unit."""
    assert size(text) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2_592_000), ("1h", 3600), ("1.5min", 90), ("10m", 600), ("10 s", 10)],
)
def test_duration(text: str, seconds: float) -> None:
    """A duration has a unit."""
    assert duration(text) == seconds


def test_units_of_a_duration_are_told() -> None:
    """The error of a duration lists all units, and m is none of size."""
    with pytest.raises(ValueError, match="with s, m, min, h, d, not '10w'"):
        duration("10w")
    assert not is_size("10m")


@pytest.mark.parametrize("text", ["", "GB", "100", "-1GB", "0MB", "1e3MB", "1GB2", "1Gb", "٣MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A number without a unit says too little."""
    with pytest.raises(ValueError, match="a size is a number greater than 0"):
        size(text)


def test_moment_is_utc_unless_it_says_otherwise() -> None:
    """A moment is UTC unless it has an offset; seconds may be left out."""
    expected = datetime(2026, 1, 31, 4, tzinfo=timezone.utc)
    for text in "2026-01-31T04:00", "2026-01-31 04:00:00", "2026-01-31T04:00:00Z":
        assert moment(text) == expected
        assert moment(text).utcoffset() == timedelta(0)
    assert moment("2026-01-31T01:00:00-03:00") == expected
    assert moment("2026-01-31") == expected - timedelta(hours=4)
    with pytest.raises(ValueError, match="a time is written as"):
        moment("04:00")


@pytest.mark.parametrize("text", ["1d", "36h", "7d", "90min", "45s", "0.5s"])
def test_a_duration_is_shown_as_it_is_given(text: str) -> None:
    """What is shown has the form that an option takes, in the largest unit that gives a number."""
    assert shown_duration(duration(text)) == text


@pytest.mark.parametrize("text", ["20GB", "1.5TB", "600kB", "2MB", "0.6kB"])
def test_a_size_is_shown_as_it_is_given(text: str) -> None:
    """What is shown has the form that an option takes."""
    assert shown_size(size(text)) == text
