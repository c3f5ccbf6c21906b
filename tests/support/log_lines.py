"""The lines that a test has logged, by level."""

import logging

import pytest

__all__ = ["errors", "lines_at", "warnings"]


def lines_at(level: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that were logged at a level."""
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings that were logged."""
    return lines_at(logging.WARNING, caplog)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors that were logged."""
    return lines_at(logging.ERROR, caplog)
