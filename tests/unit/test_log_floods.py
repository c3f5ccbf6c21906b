"""What a peer can send as often as it likes costs a bounded number of log lines."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from m2com_twisted import CommandRejected
from tests.support.coroutines import error_of, start
from tests.support.fake_endpoint import Fixture
from tests.support.lines import line

COUNT = 5000

STATUSES = ("ack", "noack", "success", "fail")


def statuses(kind: str, *, of_one: bool = False) -> Iterator[bytes]:
    """Yield statuses of commands that this client did not send, or of one that is over."""
    for number in range(COUNT):
        yield line(kind, sequence_id=1 if of_one else 1000 + number)


def useless(kind: str, sequence_id: Any) -> Iterator[bytes]:
    """Yield statuses that no command can be told by."""
    for _ in range(COUNT):
        yield line(kind, sequence_id=sequence_id)


FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    **{f"{kind} unknown": partial(statuses, kind) for kind in STATUSES},
    **{f"{kind} late": partial(statuses, kind, of_one=True) for kind in STATUSES},
    **{
        f"{kind} {value!r}": partial(useless, kind, value)
        for kind in STATUSES
        for value in ("1", None, True, 1.5, [1], 10**400, -1)
    },
    "no message": lambda: iter([b"nonsense\r\n"] * COUNT),
    "no object": lambda: iter([json.dumps(3).encode() + b"\r\n"] * COUNT),
    "not text": lambda: iter([b"\xff\xfe\r\n"] * COUNT),
    "too long": lambda: iter([b"x" * 300 + b"\r\n"] * COUNT),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_flood_is_bounded_in_lines(flood: str, caplog: pytest.LogCaptureFixture) -> None:
    """Five thousand events of one kind give a limited number of log lines."""
    caplog.set_level("INFO")
    fixture = Fixture(max_line_length=200)
    attempt = fixture.connect()
    over = start(fixture.client.run_command("power"))
    attempt.receive(line("noack", sequence_id=1))
    assert isinstance(error_of(over), CommandRejected)
    waiting = start(fixture.client.run_command("power"))
    caplog.clear()
    attempt.receive(b"".join(FLOODS[flood]()))
    assert len(caplog.records) <= 25
    waiting.addErrback(lambda _: None).cancel()


def test_what_was_left_out_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The next line after ten seconds says how many were left out."""
    caplog.set_level("INFO")
    fixture = Fixture()
    attempt = fixture.connect()
    caplog.clear()
    attempt.receive(b"".join(statuses("ack")))
    written = len(caplog.records)
    fixture.clock.advance(10)
    attempt.receive(line("ack", sequence_id=9999))
    assert f"({COUNT - written} lines left out before this one)" in caplog.messages[-1]


def test_a_dozen_late_answers_are_shown_in_full(caplog: pytest.LogCaptureFixture) -> None:
    """A dozen late answers are logged in full."""
    caplog.set_level("INFO")
    fixture = Fixture()
    attempt = fixture.connect()
    for _ in range(12):
        start(fixture.client.run_command("power", timeout=1)).addErrback(lambda _: None)
    fixture.clock.advance(1)
    caplog.clear()
    attempt.receive(b"".join(line("success", sequence_id=1 + number) for number in range(12)))
    assert len([text for text in caplog.messages if "late Success for power" in text]) == 12
