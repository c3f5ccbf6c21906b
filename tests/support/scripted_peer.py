"""A connected client, and a controller whose replies the test chooses."""

import json
from typing import Any

from twisted.internet.defer import Deferred

from m2com_twisted import CommandOutcome
from tests.support.fake_endpoint import Fixture
from tests.support.lines import lines, status


class Scripted(Fixture):
    """A connected client.  The controller sends only the messages of `reply`."""

    def __init__(self, callback: Any = None, **options: Any) -> None:
        super().__init__(callback, **options)
        self.peer = self.connect()

    def run(self, name: str = "power", **arguments: Any) -> Deferred[CommandOutcome]:
        """Run a command."""
        return Deferred.fromCoroutine(self.client.run_command(name, **arguments))

    def close(self) -> Deferred[None]:
        """Start to close the client.  The connection stays open until the test loses it."""
        return Deferred.fromCoroutine(self.client.close())

    def reply(self, *replies: tuple[str, object] | dict[str, Any]) -> None:
        """Let the client receive replies in one chunk: status and id, or a whole message."""
        self.peer.receive(lines(*(r if isinstance(r, dict) else status(*r) for r in replies)))

    def fill_buffer(self) -> None:
        """Leave no space in the transport's write buffer."""
        self._write_gate.pauseProducing()

    def drain_buffer(self) -> None:
        """Make space in the transport's write buffer."""
        self._write_gate.resumeProducing()

    @property
    def _write_gate(self) -> Any:
        return self.peer.transport.producer

    @property
    def commands(self) -> list[dict[str, Any]]:
        """The bytes that the client has written to its newest connection."""
        return [json.loads(line) for line in self.sent().splitlines()]

    @property
    def sent_ids(self) -> list[int]:
        """The sequence ids of the commands on the newest connection."""
        return [command["sequence_id"] for command in self.commands]
