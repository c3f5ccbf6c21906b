"""Requests: commands from the hub, and the reasons for which they are refused."""

import json
import math
import re
import time
from collections.abc import Collection
from dataclasses import dataclass

from nats.aio.msg import Msg

from ..wire.codec import Message
from .caller import LONGEST_TIMEOUT
from .outcomes import Reply, untried
from .subjects import ACK_TIMEOUT, DEADLINE, REQUEST_ID

__all__ = ["Request", "parse_request"]

#: The pattern of a request id, which is one token of a subject.
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

#: Difference of clocks, in seconds, that is allowed before a deadline counts as too late.
_CLOCK_DIFFERENCE = 60.0


@dataclass(frozen=True)
class Request:
    """A command that may be executed once."""

    name: str
    request_id: str
    details: Message
    #: Time at which its caller stops waiting, in nanoseconds since 1970.
    deadline: int
    ack_timeout: float

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline, by the clock of this machine."""
        return (self.deadline - time.time_ns()) / 1e9


def parse_request(message: Msg, allowed: Collection[str]) -> Request | Reply:
    """Return the request in a message, or the reply that refuses it.

    Parameters
    ----------
    message
        A message with the subject of a command.
    allowed
        Names of the commands that may be executed.
    """
    name = message.subject.rpartition(".")[2]
    headers = message.headers or {}
    request_id, deadline = headers.get(REQUEST_ID, ""), headers.get(DEADLINE, "")
    if name not in allowed:
        return untried("refused", "was refused: the service does not take it from the hub")
    if not _REQUEST_ID.fullmatch(request_id):
        return untried("refused", f"was refused: it has no valid {REQUEST_ID}")
    if not (deadline.isascii() and deadline.isdecimal()):
        return untried("refused", f"was refused: it has no {DEADLINE}")
    try:
        details = json.loads(message.data or b"{}")
    except (ValueError, RecursionError) as error:
        return untried("refused", f"was refused: its details are not JSON: {error}")
    if not isinstance(details, dict):
        return untried("refused", "was refused: its details are no JSON object")
    request = Request(name, request_id, details, int(deadline), _number(headers.get(ACK_TIMEOUT)))
    if request.seconds_left <= 0:
        return untried("expired", "came after its deadline")
    if request.seconds_left > LONGEST_TIMEOUT + _CLOCK_DIFFERENCE:
        limit = f"{LONGEST_TIMEOUT:g} s"
        return untried("refused", f"was refused: its deadline is more than {limit} away")
    return request


def _number(text: str | None) -> float:
    """Return the seconds in a header; infinity if it is missing or invalid."""
    try:
        seconds = float(text or "inf")
    except ValueError:
        return math.inf
    return math.inf if math.isnan(seconds) else seconds
