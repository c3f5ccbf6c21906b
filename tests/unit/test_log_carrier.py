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
    """Lines below the level do not reach the log."""
    LOG.debug("detail")
    assert not events


def test_exception_comes_with_its_traceback(events: list[dict[str, Any]]) -> None:
    """An exception that is logged reaches Twisted's log as a failure."""
    try:
        raise ZeroDivisionError("here")
    except ZeroDivisionError:
        LOG.exception("It failed")
    assert "test_log_carrier" in events[-1]["log_failure"].getTraceback()


def test_text_of_others_is_escaped(events: list[dict[str, Any]]) -> None:
    """Control characters in log lines and errors are escaped before a terminal shows them."""
    try:
        raise ValueError("\x1b[2Jcleared\n2026-11-26 INFO forged")
    except ValueError:
        LOG.exception("from %s", "the\npeer\x07")
    assert events[-1]["message"] == r"from the\npeer\u0007"
    text = events[-1]["log_failure"].getTraceback()
    assert text.replace("\n", "").isprintable()
    assert r"\u001b[2Jcleared" in text
    assert "\n2026" not in text


@pytest.mark.parametrize("level", [-5, 0, 1, 1000])
def test_any_level_is_carried(events: list[dict[str, Any]], level: int) -> None:
    """Any number of a level becomes one of Twisted's levels."""
    carrier = next(handler for handler in LOG.handlers if isinstance(handler, LogCarrier))
    carrier.handle(LOG.makeRecord("m2com", level, "", 1, "text", (), None))
    assert events[-1]["log_level"].name == ("critical" if level == 1000 else "debug")


class Unspeakable(Exception):  # noqa: N818 - its text is all that matters
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(("text", "argument"), [("%d", "x"), ("%s", Unspeakable())])
def test_a_record_that_cannot_be_shown_is_harmless(
    events: list[dict[str, Any]],
    text: str,
    argument: object,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A record that cannot be formatted is reported on stderr, and the program goes on."""
    # The handlers of pytest raise.
    monkeypatch.setattr(LOG, "propagate", False)
    LOG.error(text, argument)
    assert not events
    assert "Logging error" in capsys.readouterr().err


def test_an_observer_that_fails_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """An observer of Twisted's log that fails does not reach the code that logs."""

    def observer(event: object) -> None:
        raise ZeroDivisionError

    carrier = LogCarrier(LOG, observer=cast(ILogObserver, observer))
    carrier.start()
    LOG.error("a line")
    carrier.stop()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_logger_is_left_as_it_was() -> None:
    """After any number of starts and stops the logger has its own level and handlers."""
    before = LOG.level, list(LOG.handlers)
    carrier = LogCarrier(LOG, logging.DEBUG)
    carrier.stop()
    for _ in range(2):
        carrier.start()
        carrier.start()
        assert (LOG.level, len(LOG.handlers)) == (logging.DEBUG, len(before[1]) + 1)
        carrier.stop()
        carrier.stop()
        assert (LOG.level, LOG.handlers) == before
