"""A publisher with a controller that the test plays, and readers, on a real NATS server."""

import json
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from twisted.internet.defer import Deferred

from m2com_twisted.commands.outcome import CommandOutcome
from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.errors import NotConnectedError
from m2com_twisted.hub.publisher import HubPublisher
from m2com_twisted.hub.remote import RemoteController
from m2com_twisted.hub.settings import HubSettings
from m2com_twisted.service import ControllerState
from m2com_twisted.wire.codec import Message

from .nats_server import NatsServer
from .waiting import until

__all__ = ["PlayedService", "Reader", "new_settings", "played_service", "reader"]

#: Longest time to wait for a hub, in seconds.  It includes an outage.
PATIENCE = 30.0


def new_settings(server: NatsServer, **more: str) -> HubSettings:
    """Return the settings for an instance that no other test has."""
    return HubSettings.parse(server.url, f"test-{secrets.token_hex(4)}", **more)


class PlayedService:
    """A service that publishes to a hub.  The test plays its controller."""

    def __init__(self, settings: HubSettings, commands: Collection[str] = ()) -> None:
        self.settings = settings
        self.publisher = HubPublisher(settings)
        self.command = self.publisher.observer("command")
        self.telemetry = self.publisher.observer("telemetry")
        #: The commands that the controller executed.
        self.executed: list[tuple[str, Message]] = []
        #: If this is set, commands wait for it before they succeed.
        self.holding: Deferred[None] | None = None
        if commands:
            self.publisher.serve(self.run_command, commands)

    def connect(self) -> None:
        """Let both connections be made, and be sure at once."""
        for observer in (self.command, self.telemetry):
            observer.connection(ConnectionState.CONNECTED)
            observer.confirm()

    def disconnect(self) -> None:
        """Let both connections be lost."""
        for observer in (self.command, self.telemetry):
            observer.connection(ConnectionState.WAITING)

    def event(self, name: str, **fields: object) -> None:
        """Let the controller send an event."""
        message = {"id": name, **fields}
        self.command.received(json.dumps(message).encode(), message)

    def topic(self, name: str, **fields: object) -> None:
        """Let the controller send telemetry."""
        message = {"id": name, **fields}
        self.telemetry.received(json.dumps(message).encode(), message)

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Execute a command as the controller does."""
        if self.command.state is not ConnectionState.CONNECTED:
            raise NotConnectedError("not connected")
        self.executed.append((name, details or {}))
        if self.holding is not None:
            await self.holding
        number = len(self.executed)
        return CommandOutcome(name, number, 0.0, 0.001, 0.002, {"id": "success"})


class Reader:
    """A reader, and everything that it received."""

    def __init__(self, settings: HubSettings) -> None:
        self.events: list[Message] = []
        self.topics: list[Message] = []
        self.states: list[ControllerState] = []
        self.missed: list[tuple[str, int]] = []
        self.controller = RemoteController(
            settings,
            on_event=self._event,
            on_telemetry=self._topic,
            on_state=self.states.append,
            on_missed=lambda port, count: self.missed.append((port, count)),
        )

    def _event(self, message: Message) -> None:
        self.events.append(message)

    def _topic(self, message: Message) -> None:
        self.topics.append(message)

    def numbers(self, name: str) -> list[object]:
        """Return the field ``n`` of all events or topics of a name."""
        return [message["n"] for message in self.events + self.topics if message["id"] == name]

    async def until_up(self) -> None:
        """Wait until the reader knows that both connections are up."""
        await until(lambda: self.controller.state.both_up, PATIENCE)

    async def until_number(self, name: str, number: int) -> None:
        """Wait for the event or topic with this number."""
        await until(lambda: number in self.numbers(name), PATIENCE)


@asynccontextmanager
async def played_service(
    settings: HubSettings, commands: Collection[str] = ()
) -> AsyncIterator[PlayedService]:
    """Run a service that is connected and publishes."""
    service = PlayedService(settings, commands)
    service.publisher.startService()
    service.connect()
    try:
        await until(lambda: service.publisher.stats.events >= 2, PATIENCE)
        if commands:
            await until(lambda: service.publisher.stats.takes_commands, PATIENCE)
        yield service
    finally:
        await service.publisher.stopService()


@asynccontextmanager
async def reader(settings: HubSettings, wait: bool = True) -> AsyncIterator[Reader]:
    """Run a reader.  Wait until it knows that both connections are up, unless told otherwise."""
    one = Reader(settings)
    one.controller.startService()
    try:
        if wait:
            await one.until_up()
        yield one
    finally:
        await one.controller.stopService()
