"""Chunks to lines, by themselves; what a client makes of them is in test_framing.py."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.wire.framing import LineSplitter

LIMIT = 8


def fed(chunks: list[bytes], limit: int = LIMIT) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of a stream, and the beginnings of those that are too long."""
    oversize: list[bytes] = []
    splitter = LineSplitter(limit, oversize.append)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines, oversize


@given(
    stream=st.text("\r\nab").map(str.encode),
    cuts=st.lists(st.integers(0, 100)),
)
def test_lines_come_out_however_they_are_cut(stream: bytes, cuts: list[int]) -> None:
    """A stream gives what splitting it at CRLF gives; those over the limit are reported instead."""
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    lines, oversize = fed(chunks)
    *whole, rest = stream.split(b"\r\n")
    assert lines == [line + b"\r" for line in whole if len(line) <= LIMIT]
    too_long = [line for line in whole if len(line) > LIMIT]
    # One byte more is not too long yet: it may be the CR of the terminator.
    if len(rest) > LIMIT + 1:
        too_long.append(rest)
    assert len(oversize) == len(too_long)
    for beginning, line in zip(oversize, too_long, strict=True):
        assert (line + b"\r").startswith(beginning)
        assert len(beginning) > LIMIT


def test_an_oversize_line_is_reported_before_its_end() -> None:
    """A line is reported as soon as it is too long, and only once."""
    oversize: list[bytes] = []
    splitter = LineSplitter(3, oversize.append)
    assert splitter.feed(b"abc\r") == []
    assert oversize == []
    assert splitter.feed(b"d") == []
    assert oversize == [b"abc\rd"]
    assert splitter.feed(b"efgh\r") == []
    assert splitter.feed(b"\nab\r\n") == [b"ab\r"]
    assert oversize == [b"abc\rd"]


@pytest.mark.parametrize("data", [b"a\rb\nc\r\n", b"\n\n\r\n", b"\r\r\n"])
def test_only_crlf_ends_a_line(data: bytes) -> None:
    """A lone CR or LF is part of it."""
    assert fed([data])[0] == [data[:-1]]
