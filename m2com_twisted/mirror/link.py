"""The interface that the mirror needs from a connection to the controller.

`CellControllerService` has this interface.  Any other object with these methods works as well.
"""

from typing import Protocol

from ..catalogue.enums import MsgType
from ..client.observers import LineObserver
from ..commands.outcome import CommandOutcome
from ..service import ControllerState
from ..wire.codec import Message

__all__ = ["Link"]


class Link(Protocol):
    """Sends commands to the controller, and passes its messages to observers."""

    @property
    def state(self) -> ControllerState:
        """The present state of the two connections."""

    def add_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Add one observer to each port."""

    def remove_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Remove the observers of both ports."""

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Send a command and wait until the controller has executed it: see `TcpClient`."""

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Write a message to the port that takes its type: see `TcpClient`."""
