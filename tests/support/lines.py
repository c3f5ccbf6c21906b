"""Lines as the controller sends them."""

import json
from typing import Any

__all__ = ["CONNECTED", "line", "lines", "numbered", "status"]


#: The first line that a controller sends to a command client.
CONNECTED = b'{"id": "tcpIpConnected", "isConnected": true}\r\n'


def line(message_id: str, **fields: object) -> bytes:
    """Return the line of one message."""
    return lines({"id": message_id, **fields})


def lines(*messages: dict[str, Any]) -> bytes:
    """Return the lines of several messages in one chunk."""
    return b"".join(json.dumps(message).encode() + b"\r\n" for message in messages)


def numbered(*numbers: int) -> bytes:
    """Return a chunk of messages whose ids are these numbers."""
    return b"".join(line(str(number)) for number in numbers)


def status(name: str, sequence_id: object) -> dict[str, Any]:
    """Return the message that answers a command: ack, noack, success or fail."""
    return {"id": name, "sequence_id": sequence_id}
