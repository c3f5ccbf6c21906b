"""What the mirror needs of the connection to the controller.

`CellControllerService` is such a link; so is any other object with these methods.
"""

from typing import Protocol

from ..catalogue.enums import MsgType
from ..client.observers import LineObserver
from ..commands.outcome import CommandOutcome
from ..service import ControllerState
from ..wire.codec import Message

__all__ = ["Link"]


class Link(Protocol):
    """Sends commands to the controller, and lets others see what it says."""

    @property
    def state(self) -> ControllerState:
        """Where each of the two connections stands now."""

    def add_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Let an observer see each port from now on."""

    def remove_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Let two observers see nothing more."""

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
        """Write a message to the port that is for its type: see `TcpClient`."""
