"""What docs/connection.rst says, where it can be held against the code."""

import inspect
import logging
import re
from pathlib import Path

import pytest

from m2com_twisted import ConnectionState, default_retry_policy
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture

TEXT = (Path(__file__).parents[2] / "docs" / "connection.rst").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_docstring() -> None:
    """The invariants stand in two places, word for word."""
    docstring = inspect.getdoc(ConnectionState) or ""
    table = re.search(r"^===.*^===.*?$", docstring, re.MULTILINE | re.DOTALL)
    assert table is not None
    assert table[0] in TEXT


def test_the_delays_are_those_of_the_default_policy() -> None:
    """Each row of the table is what the policy returns with the least and the most jitter."""
    rows = re.findall(r"^(\d+) +([\d.]+) to ([\d.]+)$", TEXT, re.MULTILINE)
    assert len(rows) == 8
    for failures, shortest, longest in rows:
        assert default_retry_policy(lambda: 0.0)(int(failures)) == float(shortest)
        assert default_retry_policy(lambda: 1.0)(int(failures)) == float(longest)


def test_the_log_lines_are_those_of_a_client(caplog: pytest.LogCaptureFixture) -> None:
    """A client whose connection is lost, refused, recovered, taken and closed logs just these."""
    caplog.set_level(logging.INFO)
    fixture = Fixture(name="m2-command", retry_policy=lambda failures: 2.0)
    fixture.connect().receive(b"{}\r\n")
    fixture.clock.advance(60)
    fixture.endpoint.last.lose()
    fixture.clock.advance(2)
    fixture.endpoint.last.refuse()
    fixture.clock.advance(2)
    fixture.endpoint.last.accept().receive(b"{}\r\n")
    fixture.clock.advance(5)
    fixture.endpoint.last.lose()
    for _ in range(3):
        fixture.clock.advance(2)
        fixture.endpoint.last.accept().lose()
    closing = Call(fixture.client.close())
    assert closing.returned
    logged = [f"{record.levelname:8} {record.getMessage()}" for record in caplog.records]
    shown = re.findall(r"^    ((?:INFO|WARNING) .*)$", TEXT, re.MULTILINE)
    assert shown == logged
