"""Bytes to messages, wherever the network cuts them."""

import itertools
import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_endpoint import Fixture
from tests.support.json_values import json_lines, same
from tests.support.lines import line, numbered
from tests.support.log_lines import warnings


def ids(fixture: Fixture) -> list[str]:
    """Return the ids of what was delivered."""
    return [message["id"] for message in fixture.messages]


@given(st.data())
def test_any_messages_cut_anywhere_arrive_in_order_once_each(data: st.DataObject) -> None:
    """However a stream of messages is cut up, each is what `json.loads` makes of its line."""
    sent = data.draw(st.lists(json_lines(), max_size=8))
    stream = b"".join(text + b"\r\n" for text in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    fixture = Fixture()
    attempt = fixture.connect()
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        attempt.receive(stream[start:end])
    assert len(fixture.messages) == len(sent)
    assert all(map(same, fixture.messages, map(json.loads, sent)))
    assert fixture.client.stats.bad_lines == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_stream_in_tiny_chunks(size: int) -> None:
    """A stream that comes byte by byte, so that CR and LF come apart, is read as any other."""
    stream = numbered(1) + line("\u00b5", text="\U0001f52d \r \n \r\n") + b"\r\n" + numbered(2)
    fixture = Fixture()
    attempt = fixture.connect()
    for start in range(0, len(stream), size):
        attempt.receive(stream[start : start + size])
    assert ids(fixture) == ["1", "\u00b5", "2"]
    assert fixture.messages[1]["text"] == "\U0001f52d \r \n \r\n"
    assert fixture.client.stats.bytes == len(stream)


@pytest.mark.parametrize(
    "chunks",
    [
        (b'{"id": "1"}', b"\r\n"),
        (b'{"id": "1"}\r', b"\n"),
        (b'{"id": "1"', b"}\r\n"),
        (b'{"id": "1"}\r', b'\n{"id": "2"}\r\n'),
        (b'{"id": "1"}\r\n{"id": "2"}\r', b"\n"),
        (b'{"id": "1"}\r', b"", b"\n"),
        (b'{"id": "1"}\r\n\r', b"\n"),
        (b'{"id":\r', b' "1"}\r', b"\n"),
        (b'{"id":\n "1"}\r\n',),
        (b'{"id":\r "1"}\r\n',),
        (b'{"id": "1"}\r\r\n',),
        (b'\n{"id": "1"}\r\n',),
        (b'\n\n{"id": "1"}\r\n',),
        (b'{"id":\n "1"}\r\n{"id": "2"}\r\n',),
        (b'{"id": "1"}\r\n\n\r', b' {"id": "2"}\r\n'),
    ],
    ids=repr,
)
def test_only_crlf_ends_a_line(chunks: tuple[bytes, ...]) -> None:
    """CRLF ends a line, also when it is cut in two; a bare CR or LF is white space to JSON."""
    fixture = Fixture()
    attempt = fixture.connect()
    for chunk in chunks:
        attempt.receive(chunk)
    expected = ["1", "2"] if any(b'"2"' in chunk for chunk in chunks) else ["1"]
    assert ids(fixture) == expected
    assert fixture.client.stats.bad_lines == 0


def test_lines_that_end_in_a_bare_lf_glue_together() -> None:
    """Two messages with a bare LF between them are one bad line."""
    fixture = Fixture()
    fixture.connect().receive(b'{"id": "1"}\n{"id": "2"}\r\n' + numbered(3))
    assert ids(fixture) == ["3"]
    assert fixture.client.stats.bad_lines == 1


def test_thousands_of_lines_in_chunks_of_64_kib() -> None:
    """A stream of small lines read 64 KiB at a time arrives complete and in order."""
    stream = b"".join(line("e", number=number) for number in range(20_000))
    fixture = Fixture()
    attempt = fixture.connect()
    for start in range(0, len(stream), 2**16):
        attempt.receive(stream[start : start + 2**16])
    assert [message["number"] for message in fixture.messages] == list(range(20_000))


def padded(size: int) -> bytes:
    """Return a message of this many bytes, without its terminator."""
    empty = b'{"id": "long", "text": ""}'
    return empty[:-2] + b"x" * (size - len(empty)) + empty[-2:]


def chunked(data: bytes, size: int) -> list[bytes]:
    """Cut data into chunks of a size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


CHUNK_SIZES = [1, 2, 99, 100, 101, 102, 103, 150, 1000]


@pytest.mark.parametrize("size", CHUNK_SIZES)
def test_a_line_of_exactly_the_limit_is_read(size: int) -> None:
    """A line as long as the limit is a message, however it is cut."""
    fixture = Fixture(max_line_length=100)
    attempt = fixture.connect()
    for chunk in chunked((padded(100) + b"\r\n") * 3 + numbered(1), size):
        attempt.receive(chunk)
    assert ids(fixture) == ["long", "long", "long", "1"]
    assert fixture.client.stats.oversize_lines == 0


@pytest.mark.parametrize("excess", [1, 2, 3, 150])
@pytest.mark.parametrize("size", CHUNK_SIZES)
def test_a_longer_line_is_skipped_to_its_end(
    size: int, excess: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A line over the limit is counted and reported once; those around it are delivered."""
    fixture = Fixture(max_line_length=100)
    attempt = fixture.connect()
    stream = numbered(1) + padded(100 + excess) + b"\r\n" + numbered(2, 3)
    for chunk in chunked(stream, size):
        attempt.receive(chunk)
    assert ids(fixture) == ["1", "2", "3"]
    stats = fixture.client.stats
    assert (stats.messages, stats.oversize_lines, stats.bad_lines) == (3, 1, 0)
    [warning] = warnings(caplog)
    assert "longer than 100 bytes" in warning
    assert '{"id": "long"' in warning
    assert fixture.client.connected


def test_the_default_limit_is_1_mib() -> None:
    """A line of a mebibyte is a message, and one more byte is too long."""
    fixture = Fixture()
    attempt = fixture.connect()
    for chunk in chunked(padded(2**20) + b"\r\n" + padded(2**20 + 1) + b"\r\n", 2**16):
        attempt.receive(chunk)
    assert ids(fixture) == ["long"]
    assert fixture.client.stats.oversize_lines == 1


def test_a_hundred_megabytes_without_an_end_take_no_memory() -> None:
    """A line that does not end is skipped in bounded memory, and the next one is delivered."""
    fixture = Fixture()
    attempt = fixture.connect()
    chunk = b"x" * 2**16
    started = time.process_time()
    tracemalloc.start()
    try:
        for _ in range(1600):
            attempt.receive(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5
    assert peak < 4 * 2**20
    attempt.receive(b"\r\n" + numbered(1))
    assert ids(fixture) == ["1"]
    assert fixture.client.stats.oversize_lines == 1


def test_a_long_line_in_small_chunks_takes_linear_time() -> None:
    """A line close to the limit may come in segments of the network's size: no copy for each."""
    fixture = Fixture(max_line_length=2**24)
    attempt = fixture.connect()
    data = padded(2**24) + b"\r\n"
    started = time.process_time()
    for chunk in chunked(data, 1448):
        attempt.receive(chunk)
    # Copying what has come for each of the 11,600 segments takes over 10 s.
    assert time.process_time() - started < 2
    assert ids(fixture) == ["long"]


@pytest.mark.parametrize("ending", [b'{"id": "1"', b'{"id": "1"}', b'{"id": "1"}\r'])
def test_a_line_cut_off_by_the_end_of_the_connection_is_no_message(ending: bytes) -> None:
    """A line that the end of the connection cuts off is not delivered."""
    fixture = Fixture(retry_policy=lambda failures: 1.0)
    attempt = fixture.connect()
    attempt.receive(ending)
    attempt.lose()
    fixture.clock.advance(1)
    fixture.endpoint.last.accept().receive(b"\n" + numbered(2))
    assert ids(fixture) == ["2"]


def test_a_chunk_of_one_line_that_is_a_byte_too_long() -> None:
    """The limit holds to the byte, also for a line that came whole."""
    fixture = Fixture(max_line_length=100)
    fixture.connect().receive(padded(101) + b"\r\n")
    assert ids(fixture) == []
    assert fixture.client.stats.oversize_lines == 1


def test_a_line_of_many_long_chunks_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """A line of many long chunks is reported once."""
    fixture = Fixture(max_line_length=100)
    attempt = fixture.connect()
    for _ in range(3):
        attempt.receive(b"x" * 1000)
    attempt.receive(b"\r\n" + numbered(1))
    assert ids(fixture) == ["1"]
    assert fixture.client.stats.oversize_lines == 1
    assert warnings(caplog)[0].count(": b'xxx") == 1
