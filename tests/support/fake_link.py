"""A link to a controller that the test plays."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from m2com_twisted import CommandOutcome, ConnectionState, ControllerState, MsgType
from m2com_twisted.catalogue import commands
from m2com_twisted.client.observers import LineObserver
from m2com_twisted.mirror import Mirror, Settings
from m2com_twisted.testing import VirtualClock

Message = dict[str, Any]

UP, DOWN = ConnectionState.CONNECTED, ConnectionState.WAITING


class FakeLink:
    """Takes commands, and answers them when the test asks for it.

    Attributes
    ----------
    pending
        The commands that wait for an answer: sequence id, name, details, and their Deferred.
    timeouts
        The two time limits that each command was given.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.state = ControllerState(UP, UP)
        self.pending: list[tuple[int, str, Message, Deferred[CommandOutcome]]] = []
        self.timeouts: list[tuple[float | None, float | None]] = []
        self._observers: list[tuple[LineObserver, LineObserver]] = []
        self._ids = 0

    def add_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Pass the messages of `event` and `telemetry` to two observers."""
        self._observers.append((command, telemetry))

    def remove_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Pass nothing more to the two observers."""
        self._observers.remove((command, telemetry))

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Keep a command until it is answered."""
        self._ids += 1
        self.timeouts.append((ack_timeout, timeout))
        answer: Deferred[CommandOutcome] = Deferred()
        self.pending.append((self._ids, name, details or {}, answer))
        return await answer

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Drop a message."""

    def event(self, name: str, **fields: Any) -> None:
        """Let the controller send a message on the command port."""
        for command, _ in self._observers:
            command.received(b"", {"id": name, **fields})

    def late_event(self, age: float, name: str, **fields: Any) -> None:
        """Show an event that a service received some seconds ago, as a reader of a hub does."""
        for command, _ in self._observers:
            getattr(command, "received_late")(b"", {"id": name, **fields}, age)  # noqa: B009

    def telemetry(self, name: str, **fields: Any) -> None:
        """Let the controller send a message on the telemetry port."""
        for _, telemetry in self._observers:
            telemetry.received(b"", {"id": name, **fields})

    def connect(self, command: bool = True, telemetry: bool = True) -> None:
        """Set each connection to up or down."""
        self.state = ControllerState(UP if command else DOWN, UP if telemetry else DOWN)
        for observer, other in self._observers:
            observer.connection(self.state.command)
            other.connection(self.state.telemetry)

    def ack(self, position: int = 0) -> None:
        """Acknowledge the oldest command that waits, or the one at another position."""
        self.event("ack", sequence_id=self.pending[position][0])

    def succeed(self) -> None:
        """Let the oldest command that waits succeed."""
        sequence_id, name, _, answer = self.pending.pop(0)
        now = self.clock.seconds()
        reply = {"id": "success", "sequence_id": sequence_id}
        answer.callback(CommandOutcome(name, sequence_id, now, now, now, reply))

    def fail(self, error: Callable[[str, int], Exception]) -> None:
        """Let the oldest command that waits fail.  Its name and id are passed to ``error``."""
        sequence_id, name, _, answer = self.pending.pop(0)
        answer.errback(error(name, sequence_id))


class Linked:
    """A mirror on a fake link.

    Parameters
    ----------
    settings
        Settings of the mirror.
    """

    def __init__(self, settings: Settings = Settings()) -> None:  # noqa: B008 - frozen
        self.clock = VirtualClock()
        self.link = FakeLink(self.clock)
        self.mirror = Mirror(link=self.link, reactor=self.clock, settings=settings)
        self.mirror.startService()
        self.outcome: list[Any] = []

    def run(self, command: commands.Command, timeout: float | None = None) -> Deferred[Any]:
        """Start a command.  Its result or error is appended to `outcome`."""
        running = Deferred.fromCoroutine(self.mirror.run(command, timeout=timeout))
        running.addBoth(lambda result: self.outcome.append(getattr(result, "value", result)))
        return running
