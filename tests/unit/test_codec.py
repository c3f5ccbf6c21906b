"""One message to one line, and back."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m2com_twisted import (
    BadLineError,
    InvalidMessageError,
    MsgType,
    UnserializableMessageError,
)
from m2com_twisted.wire.codec import Message, decode, encode, with_header, with_sequence_id
from tests.support.json_values import UNSERIALIZABLE, finite_objects, json_lines, same


def assert_decoded_as_json_does(line: bytes) -> None:
    """Check that a line is decoded, or refused, as `json.loads` does it."""
    try:
        expected = json.loads(line)
    except (ValueError, RecursionError):
        expected = None
    if isinstance(expected, dict):
        assert same(decode(line), expected)
    else:
        with pytest.raises(BadLineError):
            decode(line)


@given(json_lines())
def test_what_json_accepts_is_accepted_with_the_same_value(line: bytes) -> None:
    """Every object that `json.loads` reads is read with the same value and types."""
    assert same(decode(line), json.loads(line))


@given(json_lines(), st.data())
def test_what_json_refuses_is_a_bad_line(line: bytes, data: st.DataObject) -> None:
    """A line that was damaged is read, or refused, as `json.loads` would."""
    start = data.draw(st.integers(0, len(line)))
    stop = data.draw(st.integers(start, min(len(line), start + 3)))
    damage = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"}", b"[", b"\\u", b"1e9"]))
    assert_decoded_as_json_does(line[:start] + damage + line[stop:])


@given(st.from_regex(rb'\{"n":[-+0-9.eENaIinfty]{1,12}\}', fullmatch=True))
def test_numbers_are_read_as_json_reads_them(line: bytes) -> None:
    """Text that looks like a number is read, or refused, as `json.loads` would."""
    assert_decoded_as_json_does(line)


@pytest.mark.parametrize(
    "value",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"18410715311050326015",  # the mask of faults: more than a signed 64-bit integer holds
        b"18446744073709551616",
        b"-9223372036854775809",
        b"9" * 4300,
        b"-0",
        b"-0.0",
        b"0.1" + b"0" * 5000,
        b"123456789012345678.0",
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\u0000\\u2028"',
        b'"\xc2\xa0\xf4\x8f\xbf\xbf"',
        b"[[[[]], {}]]",
        b'1, "n": 2',
    ],
)
def test_odd_values_are_kept(value: bytes) -> None:
    """Odd values that a JSON writer may send keep value and type."""
    line = b'{"n": ' + value + b"}"
    assert same(decode(line), json.loads(line))


@pytest.mark.parametrize("line", [b'\xef\xbb\xbf{"a": 1}', b' \t{"a": 1}\n\r ', b"{}"])
def test_surroundings_do_not_matter(line: bytes) -> None:
    """A byte order mark and white space around a message are ignored, as `json.loads` does."""
    assert decode(line) == json.loads(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"1" * 4301 + b"}", "not JSON: Exceeds the limit"),
        (b'{"a": "\xff"}', "not UTF-8: invalid start byte at byte 7"),
        (b'{"\xc3": 1}', "not UTF-8"),
        (b"[1, 2]", "not a JSON object but list"),
        (b'"text"', "not a JSON object but str"),
        (b"3", "not a JSON object but int"),
        (b"NaN", "not a JSON object but float"),
        (b"null", "not a JSON object but NoneType"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_bad_line_has_a_reason(line: bytes, reason: str) -> None:
    """A line that is no message is a BadLineError that says why in a few words."""
    with pytest.raises(BadLineError) as caught:
        decode(line)
    assert caught.value.reason.startswith(reason)
    assert len(caught.value.reason) < 200


@given(finite_objects)
@example({"status": True, "mode": MsgType.Event, "forces": (0.1, -0.0, 1e22)})
@example({1: "int", 2.5: "float", None: "none"})
def test_encoding_equals_the_defaults_of_json(message: dict[str, Any]) -> None:
    """A line is what `json.dumps` makes of the message with its defaults, and CRLF."""
    assert encode(message) == json.dumps(message).encode() + b"\r\n"


@pytest.mark.parametrize("message", UNSERIALIZABLE, ids=range(len(UNSERIALIZABLE)))
def test_what_has_no_json_form_is_refused(message: dict[str, Any]) -> None:
    """NaN, infinity, a foreign type or a cycle is an error of its own: no null, no NaN."""
    with pytest.raises(UnserializableMessageError) as caught:
        encode(message)
    assert isinstance(caught.value, ValueError)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((MsgType.Command, "power", None, None), {"id": "cmd_power", "sequence_id": 0}),
        (
            (MsgType.Command, "power", {"status": True}, "ignored"),
            {"status": True, "id": "cmd_power", "sequence_id": 0},
        ),
        (
            (MsgType.Event, "mountInPosition", {"inPosition": True}, "MTMount"),
            {"inPosition": True, "id": "evt_mountInPosition", "compName": "MTMount"},
        ),
        ((MsgType.Telemetry, "elevation", {}, None), {"id": "tel_elevation"}),
        ((MsgType.Telemetry, "elevation", {}, ""), {"id": "tel_elevation", "compName": ""}),
        ((1, "power", {}, None), {"id": "cmd_power", "sequence_id": 0}),
    ],
)
def test_the_header_follows_the_details(
    arguments: tuple[Any, Any, Any, Any], expected: dict[str, Any]
) -> None:
    """The details come first, then the id, then what the kind of message has besides."""
    assert list(with_header(*arguments).items()) == list(expected.items())


@pytest.mark.parametrize(
    "arguments",
    [
        (MsgType.Command, "power", {"id": 1}, None),
        (9, "power", {"id": 1}, None),
        (9, "power", {}, None),
        ("Command", "power", {}, None),
        (None, "power", {}, None),
        ([], "power", {}, None),
        (MsgType.Command, 3, {}, None),
        (MsgType.Command, "power", 3, None),
        (MsgType.Command, "power", "text", None),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(arguments: tuple[Any, Any, Any, Any]) -> None:
    """An 'id' in the details, a type that is not supported, or nonsense is a ValueError."""
    with pytest.raises(InvalidMessageError):
        with_header(*arguments)


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"x": 1.5, "names": ["a", {"sequence_id": 0}], "nothing": None},
        {"sequence_id": 7, "x": 1},
        {"x": 1, "sequence_id": 0},
    ],
)
@pytest.mark.parametrize("sequence_id", [0, 1, 2**31 - 1, -3])
def test_sequence_id_of_a_command(details: Message, sequence_id: int) -> None:
    """The line of a command is that of the details, the id and the sequence id as one message."""
    line = encode(with_header(MsgType.Command, "move", details, None))
    message = {**details, "id": "cmd_move", "sequence_id": sequence_id}
    assert with_sequence_id(line, sequence_id) == json.dumps(message).encode() + b"\r\n"
