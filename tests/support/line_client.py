"""A simple client for tests of the messages that a controller sends."""

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

__all__ = ["Client"]


class Client(Protocol):
    """A client that keeps the received bytes.  A test can wait for them."""

    transport: Any

    def __init__(self) -> None:
        self.data = b""
        self.lost: Deferred[Exception] = Deferred()
        self._waiting: list[tuple[int, Deferred[None]]] = []

    def dataReceived(self, data: bytes) -> None:
        """Override: keep the data."""
        self.data += data
        self._check()

    def _check(self) -> None:
        for entry in list(self._waiting):
            if self.data.count(b"\r\n") >= entry[0]:
                self._waiting.remove(entry)
                entry[1].callback(None)

    def lines(self, count: int) -> Deferred[None]:
        """Return a Deferred that fires when this number of lines has come."""
        deferred: Deferred[None] = Deferred()
        self._waiting.append((count, deferred))
        self._check()
        return deferred

    def take(self) -> list[dict[str, Any]]:
        """Return the messages so far, and forget them."""
        *lines, self.data = self.data.split(b"\r\n")
        return [json.loads(line) for line in lines]

    def command(self, sequence_id: int, name: str, **parameters: object) -> None:
        """Send a command."""
        message = {"id": f"cmd_{name}", "sequence_id": sequence_id, **parameters}
        self.transport.write(json.dumps(message).encode() + b"\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: fire `lost` with the reason."""
        assert isinstance(reason.value, Exception)
        self.lost.callback(reason.value)
