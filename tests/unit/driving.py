"""What the tests of a client say all the time."""

import json
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tests.unit.fakes import Attempt, Fixture

T = TypeVar("T")


def line(message_id: str, **fields: object) -> bytes:
    """Return a line as the controller would send it."""
    return json.dumps({"id": message_id, **fields}).encode() + b"\r\n"


def numbered(*numbers: int) -> bytes:
    """Return a chunk of messages whose ids are these numbers."""
    return b"".join(line(str(number)) for number in numbers)


def start(coroutine: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """Have a coroutine run as far as it can."""
    return Deferred.fromCoroutine(coroutine)


def result_of(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """Return or raise what a coroutine comes to, which must not need to wait."""
    outcome: list[Any] = []
    start(coroutine).addBoth(outcome.append)
    assert outcome, "still waits"
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    result: T = outcome[0]
    return result


def close(fixture: Fixture, attempt: Attempt) -> None:
    """Close a client whose peer closes its end at once."""
    closing = start(fixture.client.close())
    attempt.lose()
    assert closing.called


def lines_at(level: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged at a level."""
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings that were logged."""
    return lines_at(logging.WARNING, caplog)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors that were logged."""
    return lines_at(logging.ERROR, caplog)
