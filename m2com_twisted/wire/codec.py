"""Turns one message into one line, and back.  All functions are pure."""

import json
from typing import Any

import msgspec

from ..catalogue.enums import CommandStatus, MsgType
from ..errors import BadLineError, InvalidMessageError, UnserializableMessageError

__all__ = [
    "STATUSES",
    "STRICT_ERRORS",
    "TERMINATOR",
    "Message",
    "decode",
    "decode_leniently",
    "decode_strictly",
    "encode",
    "encode_numbers",
    "with_header",
    "with_sequence_id",
]

#: A message: one JSON object.  Its values may be of any kind that JSON has; only the
#: reader of a particular message knows more about them.
Message = dict[str, Any]

#: The ids of the messages that are the status of a command (protocol-messages).
STATUSES = {
    "ack": CommandStatus.Ack,
    "noack": CommandStatus.NoAck,
    "success": CommandStatus.Success,
    "fail": CommandStatus.Fail,
}

#: The end of a line.  A bare LF does not end a line (protocol-transport).
TERMINATOR = b"\r\n"

# It has the defaults of json.dumps, so that lines have the same bytes as those of
# the original.  But NaN and infinity are refused: they are not JSON, and no mirror
# can move there.  It is built once, because json.dumps would build an encoder for
# each call.
_encode_json = json.JSONEncoder(allow_nan=False).encode

# Used only for numbers; see `encode_numbers`.
_encode_fast = msgspec.json.Encoder().encode
_LETTER_E, _LETTER_N = b"en"

#: The first half of `decode`.  The loop over all received messages calls it
#: directly, because one more call per message costs noticeable time.  The type
#: makes msgspec refuse what is not an object, at no cost.
decode_strictly = msgspec.json.Decoder(dict[str, Any]).decode

#: The errors that `decode_strictly` raises; `decode_leniently` may still accept the line.
STRICT_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


# The end of a command's line before it has a sequence id.
_NO_ID = b"0}" + TERMINATOR
_NO_SEQUENCE_ID = b'"sequence_id": ' + _NO_ID

# The prefixes of what a client sends (protocol-messages).
_PREFIXES = {MsgType.Command: "cmd_", MsgType.Event: "evt_", MsgType.Telemetry: "tel_"}


def with_header(
    msg_type: MsgType, msg_name: str, msg_details: Message | None, comp_name: str | None
) -> Message:
    """Return a copy of the details with the header of a message to the controller.

    A command's ``sequence_id`` is 0.  The sender replaces it when nothing can
    fail any more, so that no sequence id is lost.

    Raises
    ------
    InvalidMessageError
        If the details have an 'id', the type is not supported, the name is no
        string, or the details are no dict.
    """
    try:
        message: Message = dict(msg_details or {})
    except (TypeError, ValueError) as error:
        raise InvalidMessageError(f"The message details are not a dict: {error}") from error
    if "id" in message:
        raise InvalidMessageError("The 'id' is in the message details already.")
    try:
        # An int that equals a member is accepted, as MsgType(msg_type) accepts it.
        prefix = _PREFIXES[msg_type]
    except (KeyError, TypeError):
        raise InvalidMessageError(f"The message type {msg_type!r} is not supported.") from None
    if not isinstance(msg_name, str):
        raise InvalidMessageError(f"The message name {msg_name!r} is not a string.")
    message["id"] = prefix + msg_name
    if msg_type == MsgType.Command:
        message["sequence_id"] = 0
    elif comp_name is not None:
        message["compName"] = comp_name
    return message


def encode(message: Message) -> bytes:
    """Return the line for a message, terminator included.

    Raises
    ------
    UnserializableMessageError
        If the message has no JSON form, or holds NaN or infinity.
    """
    try:
        return _encode_json(message).encode("ascii") + TERMINATOR
    except (TypeError, ValueError, RecursionError) as error:
        raise UnserializableMessageError(f"The message has no JSON form: {error}") from error


def encode_numbers(value: object) -> bytes:
    """Return the JSON of a number, or of lists of numbers, as in the line of `encode`.

    msgspec takes a tenth of the time of json.  Its texts differ only for numbers that
    json writes with an exponent.  There it writes an exponent or many zeros.  It also
    writes null for NaN and infinity.  Such a value goes to json.

    Raises
    ------
    UnserializableMessageError
        If a number is NaN or infinity.
    """
    text = _encode_fast(value)
    # To look for a number takes a fifth of the time of looking for bytes.
    if _LETTER_E in text or _LETTER_N in text or text.find(b"0.0000") >= 0:
        return encode({"": value})[5:-3]
    return text.replace(b",", b", ")


def with_sequence_id(line: bytes, sequence_id: int) -> bytes:
    """Return the line of a command with its sequence id in place of the 0 of `with_header`.

    The id comes last in the line, so the command is not encoded again.
    Encoding takes most of the time of sending.
    """
    if line.endswith(_NO_SEQUENCE_ID):
        return b"%b%d}%b" % (line[: -len(_NO_ID)], sequence_id, TERMINATOR)
    # If the details have a sequence_id of their own, it is not the last field.
    return encode({**decode(line), "sequence_id": sequence_id})


def decode(line: bytes) -> Message:
    """Return the message on a line, without its terminator.

    Accepts what `json.loads` accepts, with the same values.

    Raises
    ------
    BadLineError
        If the line is not JSON, or not an object.
    """
    try:
        return decode_strictly(line)
    except STRICT_ERRORS:
        return decode_leniently(line)


def decode_leniently(line: bytes) -> Message:
    """Return the message on a line that msgspec rejects, as `json.loads` reads it.

    `json.loads` accepts more: NaN and infinity (the real controller is LabVIEW, which
    writes them), 1e400, lone surrogates, a byte order mark.

    Raises
    ------
    BadLineError
        If the line is not JSON, or not an object.
    """
    try:
        message = json.loads(line)
    except RecursionError as error:
        raise BadLineError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BadLineError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except ValueError as error:
        # JSONDecodeError, and the plain ValueError for a number of over 4300 digits.
        raise BadLineError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadLineError(f"not a JSON object but {type(message).__name__}")
    return message
