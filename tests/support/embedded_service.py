"""A service with both connections, on a Clock and two fake endpoints."""

from typing import Any

from twisted.internet.task import Clock

from m2com_twisted import CellControllerService
from tests.support.fake_endpoint import FakeEndpoint

__all__ = ["Embedded"]


class Embedded:
    """A service with two fake endpoints.  Its messages and states are kept in a list."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.command = FakeEndpoint()
        self.telemetry = FakeEndpoint()
        self.told: list[Any] = []
        defaults: dict[str, Any] = {
            "on_event": lambda message: self.told.append(message["id"]),
            "on_telemetry": lambda message: self.told.append(message["id"]),
            "on_state": self.told.append,
            "retry_policy": lambda failures: 1.0,
        }
        self.service = CellControllerService(
            "m2.example",
            command_endpoint=self.command,
            telemetry_endpoint=self.telemetry,
            reactor=self.clock,
            **{**defaults, **options},
        )

    def start(self) -> None:
        """Start the service and make both connections."""
        self.service.startService()
        self.command.last.accept()
        self.telemetry.last.accept()
