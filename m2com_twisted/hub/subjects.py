"""Names on the hub: subjects, streams and headers.

Pure; every name that goes over the wire of the hub stands here once.
"""

import re

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
    "token",
]

#: Header: when the line arrived at the service, in nanoseconds since 1970, UTC.
RECEIVED = "M2-Received"
#: Header: which service, started when, and which of its two sequences.
SOURCE = "M2-Source"
#: Header: number in the sequence of its source, from 1 on.  A gap means that messages are lost.
SEQUENCE = "M2-Seq"
#: Header of a command: when its caller stops waiting, in nanoseconds since 1970, UTC.
DEADLINE = "M2-Deadline"
#: Header of a command: its identity; a repeat with the same one is not executed again.
REQUEST_ID = "M2-Request-Id"
#: Header of a command: seconds it may take to be acknowledged by the controller.
ACK_TIMEOUT = "M2-Ack-Timeout"

#: The field that tells one of several values of an event from another.  It is
#: the last part of the subject; otherwise a late joiner would get the last of
#: 84 modes only.
_KEYS = {"powerSystemState": "powerType", "innerLoopControlMode": "address"}

# Names that every server and every file system accepts.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9_-]")

# Names longer than any the controller has; what follows would only fill headers.
_LONGEST_TOKEN = 64


class Subjects:
    """Subjects and streams of one instance.

    Parameters
    ----------
    instance
        Name of the controller among those on the hub.

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
        #: Subject of the sign of life of a service, once a second; in no stream.
        self.alive = f"{root}.alive"
        #: Subjects of commands.  Their root is another, so that no reader gets them.
        self.commands = f"m2cmd.{instance}.*"
        #: Subject of the question which service takes commands.
        self.server = f"m2srv.{instance}"
        #: Subjects of the notes about requests, so that none is executed twice.
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
        """Return the subject to send a command to."""
        return f"{self.commands[:-1]}{token(name)}"

    def of_request(self, request_id: str) -> str:
        """Return the subject under which a request is noted."""
        return f"{self.requests[:-1]}{request_id}"


def began_at(source: str) -> int:
    """Return when a source began, in nanoseconds since 1970; 0 if it does not say."""
    parts = source.split("-")
    try:
        return int(parts[-2], 16)
    except (ValueError, IndexError):
        return 0


def token(name: object) -> str:
    """Return a name as one part of a subject; characters that do not fit become ``_``."""
    text = _NOT_IN_TOKEN.sub("_", str(name))[:_LONGEST_TOKEN]
    return text or "_"
