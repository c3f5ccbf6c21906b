"""Log lines on their way to Twisted's log."""

import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from twisted.logger import ILogObserver

from m2com_twisted.programs.log_carrier import LogCarrier

LOG = logging.getLogger("m2com.carried")


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """Carry the lines of a logger into a list."""
    events: list[dict[str, Any]] = []
    carrier = LogCarrier(LOG, logging.INFO, observer=cast(ILogObserver, events.append))
    carrier.start()
    yield events
    carrier.stop()
    LOG.error("after the stop")
    assert "after the stop" not in [event["message"] for event in events]


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (logging.INFO, "info"),
        (logging.WARNING, "warn"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "critical"),
        (logging.INFO + 5, "info"),
    ],
)
def test_each_line_has_its_own_level(events: list[dict[str, Any]], level: int, name: str) -> None:
    """A line of a child logger comes through, text and level unchanged."""
    LOG.getChild("TcpClient").log(level, "%d {braces}", 1)
    assert events[-1]["message"] == "1 {braces}"
    assert events[-1]["log_level"].name == name


def test_below_the_level_nothing_comes(events: list[dict[str, Any]]) -> None:
    """Debug is for those who ask for it."""
    LOG.debug("detail")
    assert not events


def test_exception_comes_with_its_traceback(events: list[dict[str, Any]]) -> None:
    """As a failure, which Twisted's log shows."""
    try:
        raise ZeroDivisionError("here")
    except ZeroDivisionError:
        LOG.exception("It failed")
    assert "test_log_carrier" in events[-1]["log_failure"].getTraceback()
