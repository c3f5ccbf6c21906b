"""Chunks to lines, by themselves; what a client makes of them is in test_framing.py."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.wire.framing import LineSplitter, OversizeLine

LIMIT = 8


def fed(chunks: list[bytes], limit: int = LIMIT) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of a stream, and the beginnings of those that are too long."""
    splitter = LineSplitter(limit)
    both = [line for chunk in chunks for line in splitter.feed(chunk)]
    lines = [line for line in both if not isinstance(line, OversizeLine)]
    return lines, [line for line in both if isinstance(line, OversizeLine)]


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
    splitter = LineSplitter(3)
    assert splitter.feed(b"abc\r") == []
    assert not splitter.found_oversize
    assert splitter.feed(b"d") == [OversizeLine(b"abc\rd")]
    assert splitter.found_oversize
    assert splitter.feed(b"efgh\r") == []
    assert splitter.feed(b"\nab\r\n") == [b"ab\r"]
    assert not splitter.found_oversize


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nd\r\n"])
def test_an_oversize_line_keeps_its_place(end: bytes) -> None:
    """An oversize line comes after the lines before it and before those after it."""
    lines = LineSplitter(3).feed(b"ab\r\n12345" + end)
    assert [(type(line), line[:2]) for line in lines[:2]] == [(bytes, b"ab"), (OversizeLine, b"12")]
    assert lines[2:] == ([b"d\r"] if end.endswith(b"d\r\n") else [])


@pytest.mark.parametrize("data", [b"a\rb\nc\r\n", b"\n\n\r\n", b"\r\r\n"])
def test_only_crlf_ends_a_line(data: bytes) -> None:
    """A lone CR or LF is part of it."""
    assert fed([data])[0] == [data[:-1]]
