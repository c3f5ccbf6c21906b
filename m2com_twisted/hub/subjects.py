"""Names on the hub: subjects, streams and headers.

Every name that is sent over the hub is defined here.
"""

import re
from collections.abc import Mapping

from ..wire.codec import STATUSES, Message

__all__ = [
    "ACK_TIMEOUT",
    "DEADLINE",
    "RECEIVED",
    "REQUEST_ID",
    "SEQUENCE",
    "SOURCE",
    "Subjects",
    "began_at",
    "number_in",
    "token",
]

#: Header: time at which the line arrived at the service, in nanoseconds since 1970, UTC.
RECEIVED = "M2-Received"
#: Header: the instance, the start time of the service, and the name of one of its
#: two sequences.
SOURCE = "M2-Source"
#: Header: number in the sequence of its source, from 1.  A gap means that messages are lost.
SEQUENCE = "M2-Seq"
#: Header of a command: time at which its caller stops waiting, in nanoseconds since 1970, UTC.
DEADLINE = "M2-Deadline"
#: Header of a command: the id of the request.  A repeat with the same id is not executed.
REQUEST_ID = "M2-Request-Id"
#: Header of a command: seconds for the acknowledgement of the controller.
ACK_TIMEOUT = "M2-Ack-Timeout"

#: The key field of events that have several values.  It is the last part of the
#: subject.  Without it, a new reader would get only the last of 84 modes.
_KEYS = {"powerSystemState": "powerType", "innerLoopControlMode": "address"}

# Names that all servers and file systems accept.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9_-]")

# More digits than any number or time has.  Python refuses to read a number of thousands of digits.
_MOST_DIGITS = 20

# Longer than any name of the controller.  The rest of a longer name is cut off.
_LONGEST_TOKEN = 64


class Subjects:
    """Subjects and streams of one instance.

    Parameters
    ----------
    instance
        Name of the controller on the hub.

    Raises
    ------
    ValueError
        If it is not 1 to 32 letters, digits, ``-`` and ``_``.
    """

    def __init__(self, instance: str) -> None:
        if not _NAME.fullmatch(instance):
            raise ValueError(
                f"an instance is named with 1 to 32 letters, digits, - and _, not {instance!r}"
            )
        self.instance = instance
        root = f"m2.{instance}"
        #: All telemetry, events, statuses of commands, and changes of our connections.
        self.telemetry = f"{root}.tel.>"
        self.events = f"{root}.evt.>"
        self.statuses = f"{root}.status.>"
        self.links = f"{root}.link.>"
        #: Subject of the heartbeats of a service, sent once a second.  No stream stores it.
        self.alive = f"{root}.alive"
        #: Subjects of commands.  They have another root, so that readers do not get them.
        self.commands = f"m2cmd.{instance}.*"
        #: Subject of the request that asks which service takes commands.
        self.server = f"m2srv.{instance}"
        #: Subjects of the records of requests, which prevent a second execution.
        self.requests = f"m2req.{instance}.>"
        self.events_stream = f"M2_{instance}_EVENTS"
        self.last_stream = f"M2_{instance}_LAST"
        self.telemetry_stream = f"M2_{instance}_TELEMETRY"
        self.requests_stream = f"M2_{instance}_REQUESTS"

    def of_telemetry(self, topic: str) -> str:
        """Return the subject of a topic."""
        return f"{self.telemetry[:-1]}{token(topic)}"

    def of_event(self, message: Message) -> str:
        """Return the subject of a message of the command port."""
        name = message.get("id")
        if name in STATUSES:
            return f"{self.statuses[:-1]}{name}"
        key = _KEYS.get(name) if isinstance(name, str) else None
        if key is None:
            return f"{self.events[:-1]}{token(name)}"
        return f"{self.events[:-1]}{name}.{token(message.get(key))}"

    def of_link(self, connection: str) -> str:
        """Return the subject of the state of a connection, ``command`` or ``telemetry``."""
        return f"{self.links[:-1]}{connection}"

    def of_command(self, name: str) -> str:
        """Return the subject of a command."""
        return f"{self.commands[:-1]}{token(name)}"

    def of_request(self, request_id: str) -> str:
        """Return the subject of the records of a request."""
        return f"{self.requests[:-1]}{request_id}"


def began_at(source: str) -> int:
    """Return the start time of a source, in nanoseconds since 1970.  0 if it is unknown."""
    parts = source.split("-")
    try:
        return int(parts[-2], 16)
    except (ValueError, IndexError):
        return 0


def number_in(headers: Mapping[str, str] | None, name: str) -> int:
    """Return the number in a header of a message.  0 if there is none."""
    text = (headers or {}).get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else 0


def token(name: object) -> str:
    """Return a name as one part of a subject.  Invalid characters are replaced by ``_``."""
    text = _NOT_IN_TOKEN.sub("_", str(name))[:_LONGEST_TOKEN]
    return text or "_"
