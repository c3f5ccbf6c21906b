"""Observers of the two ports.  They put each message into the state of the mirror."""

import re
from collections.abc import Callable

from ..catalogue import events
from ..client.observers import LineObserver
from ..connection.state import ConnectionState
from ..wire.codec import Message
from .state import MirrorState
from .waiting import Waiting

__all__ = ["Port"]

#: The end of the line of a command.  The client writes id and sequence id last.
_COMMAND = re.compile(rb'"id": ?"cmd_(\w+)", ?"sequence_id": ?(\d+)\}$')

#: Length of the part of the line that is searched, in bytes: enough for the longest name.
_ENDING = 100


class Port(LineObserver):
    """Observes one port.  Each message goes into the state, then to the waiting callers.

    Parameters
    ----------
    parse
        Parses the messages of this port.
    connection_changed
        Called when the port is connected or lost.
    state
        The state of the mirror.
    waiting
        The callers that wait for messages.

    Attributes
    ----------
    unknown
        Number of messages that do not fit the catalogue, by id and reason.
    """

    #: Largest number of different unknown messages that are counted separately.
    _MOST_KINDS = 100

    def __init__(
        self,
        parse: Callable[[Message], object],
        connection_changed: Callable[[bool], None],
        state: MirrorState,
        waiting: Waiting,
    ) -> None:
        self._parse = parse
        self._connection_changed = connection_changed
        self._receive = state.receive
        self._command_sent = state.memory.command_sent
        self._seconds = state.memory.seconds
        self._waiting = waiting
        self._is_up = False
        self.unknown: dict[str, int] = {}

    def received(self, line: bytes, message: Message) -> None:
        """Override."""
        self._take(message, self._seconds())

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Override."""
        self._take(message, self._seconds() - age)

    def _take(self, message: Message, received_at: float) -> None:
        typed = self._parse(message)
        if type(typed) is events.Unknown:
            self._count(typed)
        self._receive(typed, received_at)
        self._waiting.notify(typed)

    def sent(self, line: bytes) -> None:
        """Override."""
        found = _COMMAND.search(line, max(0, len(line) - _ENDING))
        if found is not None:
            self._command_sent(found[1].decode(), int(found[2]))

    def connection(self, state: ConnectionState) -> None:
        """Override."""
        is_up = state is ConnectionState.CONNECTED
        if is_up is not self._is_up:
            self._is_up = is_up
            self._connection_changed(is_up)
            self._waiting.changed()

    def _count(self, unknown: events.Unknown) -> None:
        kind = f"{unknown.raw.get('id')}: {unknown.reason}"
        if kind in self.unknown or len(self.unknown) < self._MOST_KINDS:
            self.unknown[kind] = self.unknown.get(kind, 0) + 1
