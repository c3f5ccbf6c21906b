"""What a peer may send that is not a message: it costs a line in the log, never the connection."""

import logging

import pytest

from tests.support.fake_endpoint import Fixture
from tests.support.lines import line, numbered
from tests.support.log_lines import warnings

BAD_LINES = [
    pytest.param(text, id=repr(text[:24]))
    for text in [
        b"{",
        b"}",
        b"{}}",
        b'{"id": "a"',
        b'{"id": "a",}',
        b'{"id": "a"} {"id": "b"}',
        b'{"id": "a"}\n{"id": "b"}',
        b'{"id" "a"}',
        b"{'id': 'a'}",
        b"{id: 1}",
        b'{"id": a}',
        b'{"id": "a\tb"}',
        b'{"id": "a\x00"}',
        b'{"id": "\\x41"}',
        b'{"id": "\\ud8"}',
        b'{"id": 01}',
        b'{"id": .5}',
        b'{"id": 1.}',
        b'{"id": +1}',
        b'{"id": 0x10}',
        b'{"id": nan}',
        b'{"id": True}',
        b'{"id": ' + b"9" * 4301 + b"}",
        b'{"id": ' + b"[" * 200_000,
        b'{"id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"id": ' * 100_000 + b"0" + b"}" * 100_000,
        b'{"id": "\xb0C"}',
        b'{"id": "\xc3"}',
        b'{"id": "\xf8\x88\x80\x80\x80"}',
        b"\xff\xfe{",
        b"\x00",
        b"\xff" * 1000,
        b"[]",
        b'["id", "ack"]',
        b'"ack"',
        b"7",
        b"1e400",
        b"true",
        b"null",
        b"NaN",
        b" ",
        b"Heartbeat",
        b"heartbeat ",
        b"GET / HTTP/1.1",
        b"%s %d %(name)s",
        b"{}" * 1000,
    ]
]


@pytest.mark.parametrize("text", BAD_LINES)
def test_a_bad_line_is_reported_and_skipped(text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A bad line is counted and gives one warning, and the next line is delivered."""
    fixture = Fixture()
    attempt = fixture.connect()
    attempt.receive(numbered(1) + text + b"\r\n" + numbered(2))
    attempt.receive(numbered(3))
    assert fixture.messages == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    stats = fixture.client.stats
    assert (stats.messages, stats.bad_lines, stats.oversize_lines) == (3, 1, 0)
    assert fixture.client.connected
    assert not attempt.transport.disconnecting
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelno == logging.WARNING
    warning = record.getMessage()
    assert repr(text[:200]) in warning
    assert len(warning) < 4 * 200 + 300
    assert any(reason in warning for reason in ("not JSON", "not UTF-8", "not a JSON", "nested"))


@pytest.mark.parametrize(
    "text",
    [b"{}", b'{"ID": 1}', b'{"id": 3}', b'{"id": null, "sequence_id": "x"}', b'{"id": ["ack"]}'],
)
def test_an_object_of_any_kind_is_a_message(text: bytes) -> None:
    """Any JSON object is delivered, with or without an id: what it means is the user's to say."""
    fixture = Fixture()
    fixture.connect().receive(text + b"\r\n")
    assert len(fixture.messages) == 1
    assert fixture.client.stats.bad_lines == 0


@pytest.mark.parametrize("sign", [b"", b"heartbeat"])
def test_a_sign_of_life_is_nothing_more(sign: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """An empty line or a bare heartbeat counts as life: it is not delivered, and not logged."""
    caplog.set_level(logging.WARNING)
    fixture = Fixture()
    fixture.client.timeout = 5
    attempt = fixture.connect()
    for _ in range(10):
        fixture.clock.advance(4)
        attempt.receive(sign + b"\r\n")
    assert fixture.client.connected
    assert fixture.messages == []
    stats = fixture.client.stats
    assert (stats.messages, stats.bad_lines) == (0, 0)
    assert stats.last_message_time is None
    assert caplog.messages == []


def test_repeats_are_logged_every_10_s_at_most(caplog: pytest.LogCaptureFixture) -> None:
    """Bad lines are logged every 10 s at most, with the number of those that were left out."""
    fixture = Fixture(max_line_length=50)
    attempt = fixture.connect()
    for _ in range(25):
        attempt.receive(b"bad\r\n" * 3 + b"x" * 51 + b"\r\n")
        fixture.clock.advance(1)
    attempt.receive(numbered(1))
    stats = fixture.client.stats
    assert (stats.messages, stats.bad_lines, stats.oversize_lines) == (1, 75, 25)
    assert [text.rpartition("(")[2] for text in warnings(caplog)] == [
        f"{count} more not logged before it)" for count in (0, 39, 39)
    ]


def test_a_bad_line_in_the_midst_of_a_burst_costs_itself_alone() -> None:
    """Bad lines among thousands of good ones, oversize ones too, are all that is missing."""
    fixture = Fixture(max_line_length=200)
    attempt = fixture.connect()
    chunk = b"".join(
        line("e", number=number) + (b"bad\r\n" if number % 10 else b"y" * 201 + b"\r\n")
        for number in range(1000)
    )
    attempt.receive(chunk)
    assert [message["number"] for message in fixture.messages] == list(range(1000))
    stats = fixture.client.stats
    assert (stats.bad_lines, stats.oversize_lines) == (900, 100)


def test_nothing_that_comes_after_closing_is_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that arrive while the client closes are neither delivered nor counted."""
    fixture = Fixture()
    attempt = fixture.connect()
    before = fixture.client.stats
    fixture.client.close().send(None)
    attempt.receive(numbered(1) + b"bad\r\n")
    attempt.lose()
    assert fixture.messages == []
    assert fixture.client.stats == before
    assert warnings(caplog) == []
