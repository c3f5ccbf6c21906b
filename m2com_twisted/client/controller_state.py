"""Where both connections to the controller stand, and their counters."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from ..connection.state import ConnectionState
from ..support.stats import Stats

__all__ = ["ControllerState", "ControllerStats", "Port"]


class Port(Protocol):
    """A connection as far as its times are concerned; `TcpClient` is one."""

    @property
    def state_since(self) -> float | None:
        """When it came to its state."""

    @property
    def message_age(self) -> float | None:
        """Seconds since the last message."""


@dataclass(frozen=True)
class ControllerState:
    """Where each of the two connections stands.

    Two of them are equal if the states are, however long those last.
    """

    #: That to the port of commands and events.
    command: ConnectionState
    #: That to the port of telemetry.
    telemetry: ConnectionState
    #: When each came to its state: `time.monotonic`, or the time of the `Clock`
    #: that was passed in as the reactor; None before the service was started.
    command_since: float | None = field(default=None, compare=False)
    telemetry_since: float | None = field(default=None, compare=False)
    #: Seconds since the last message of each; None before the first.
    command_age: float | None = field(default=None, compare=False)
    telemetry_age: float | None = field(default=None, compare=False)

    def with_times(self, command: Port, telemetry: Port) -> "ControllerState":
        """Return the same with the times of two connections."""
        return replace(
            self,
            command_since=command.state_since,
            telemetry_since=telemetry.state_since,
            command_age=command.message_age,
            telemetry_age=telemetry.message_age,
        )

    @property
    def both_up(self) -> bool:
        """Whether both are connected."""
        return self.command is self.telemetry is ConnectionState.CONNECTED


@dataclass(frozen=True)
class ControllerStats:
    """The counters of each connection."""

    command: Stats
    telemetry: Stats
