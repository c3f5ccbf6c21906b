"""One message to one line, and back.

Pure functions; the only place that knows JSON.
"""

import json
from typing import Any

import msgspec

from .errors import BadLineError, UnserializableMessageError

__all__ = ["TERMINATOR", "Message", "decode", "encode"]

#: A message: one JSON object.  Its values are what JSON can hold, which only
#: the reader of a particular message can narrow down.
Message = dict[str, Any]

#: What ends a line; a bare LF does not (protocol, section 1).
TERMINATOR = b"\r\n"

# The defaults of json.dumps, so that lines equal those of the original byte
# for byte, but for NaN and infinity: they are not JSON, and a mirror must not
# be sent to them.  Built once: json.dumps would build an encoder for each call.
_encode_json = json.JSONEncoder(allow_nan=False).encode

# Typed, so that "not an object" costs nothing to find out.
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


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


def decode(line: bytes) -> Message:
    """Return the message on a line, without its terminator.

    Accepts what `json.loads` accepts, with the same values.

    Raises
    ------
    BadLineError
        If the line is not JSON, or not an object.
    """
    try:
        return _decode_object(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(line)


def _decode_leniently(line: bytes) -> Message:
    """Let `json.loads` settle what msgspec rejects.

    It accepts more: NaN and infinity (the real controller is LabVIEW, which
    writes them), 1e400, lone surrogates, a byte order mark.
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
