"""The states and counters of both connections to the controller."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from ..connection.state import ConnectionState
from ..support.stats import Stats

__all__ = ["ControllerState", "ControllerStats", "Port"]


class Port(Protocol):
    """The times of a connection.  `TcpClient` has this interface."""

    @property
    def state_since(self) -> float | None:
        """Time of the last change of state."""

    @property
    def message_age(self) -> float | None:
        """Seconds since the last message."""


@dataclass(frozen=True)
class ControllerState:
    """The state of each of the two connections.

    Two objects are equal if their states are equal.  The times are not compared.
    """

    #: State of the connection to the port of commands and events.
    command: ConnectionState
    #: State of the connection to the port of telemetry.
    telemetry: ConnectionState
    #: Time of the last change of each state, by `time.monotonic` or by the `Clock`
    #: that was passed as the reactor.  None before the start of the service.
    command_since: float | None = field(default=None, compare=False)
    telemetry_since: float | None = field(default=None, compare=False)
    #: Seconds since the last message of each port; None before the first one.
    command_age: float | None = field(default=None, compare=False)
    telemetry_age: float | None = field(default=None, compare=False)

    def with_times(self, command: Port, telemetry: Port) -> "ControllerState":
        """Return a copy with the times of two connections."""
        return replace(
            self,
            command_since=command.state_since,
            telemetry_since=telemetry.state_since,
            command_age=command.message_age,
            telemetry_age=telemetry.message_age,
        )

    @property
    def both_up(self) -> bool:
        """Whether both ports are connected."""
        return self.command is self.telemetry is ConnectionState.CONNECTED


@dataclass(frozen=True)
class ControllerStats:
    """The counters of each connection."""

    command: Stats
    telemetry: Stats
