"""Foreign code that calls back from everywhere: nothing it does breaks the client."""

import logging
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.foreign_code import ForeignCode

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover


@pytest.fixture(autouse=True)
def _quiet_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print no traceback of each handler that raises."""
    monkeypatch.setattr(logging, "raiseExceptions", False)


@given(st.integers(0, 2**32))
@settings(max_examples=2000, derandomize=True, database=None, deadline=None)
def test_the_client_keeps_its_promises_whoever_calls_back(seed: int) -> None:
    """Callbacks, waiters, observers, log handlers, policies, endpoints call any method and raise.

    After every step the table of `ConnectionState` holds, nobody waits without a
    reason or is told what is not so, messages and commands come once and in
    order; in the end nothing is left, and the client connects again.
    """
    case = ForeignCode(Random(seed))
    try:
        case.play()
    except AssertionError as error:
        wrong = [str(error), *case.failures, *case.handler.unexpected, *case.story]
        raise AssertionError("\n".join(wrong)) from error
