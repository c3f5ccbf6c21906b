"""A controller that follows a script, and reports every other message."""

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IDelayedCall

from ..simulator.ports.connection import Connection
from ..simulator.ports.inbound import InboundError, OversizeLine, parse
from ..simulator.ports.port_factory import PortFactory
from ..support.interfaces import Reactor, as_reactor
from ..wire.codec import TERMINATOR, Message

__all__ = ["Answer", "ScriptedController"]

_COMMAND_PREFIX = "cmd_"

#: An action for a client; it gets the message that it answers.
_Action = Callable[[Connection, Message], None]


class Answer:
    """The answer of the controller to a message: actions, one after the other.

    Each method adds an action and returns the answer, so that calls can be chained.
    """

    def __init__(self) -> None:
        # Each action with the seconds to wait before it.
        self.actions: list[tuple[float, _Action]] = []
        self._delay = 0.0

    def after(self, seconds: float) -> "Answer":
        """Wait before the next action."""
        self._delay += seconds
        return self

    def ack(self) -> "Answer":
        """Acknowledge the command."""
        return self._status("ack")

    def noack(self) -> "Answer":
        """Reject the command."""
        return self._status("noack")

    def success(self) -> "Answer":
        """Report that the command succeeded."""
        return self._status("success")

    def fail(self) -> "Answer":
        """Report that the command failed."""
        return self._status("fail")

    def send(self, message_id: str, **fields: object) -> "Answer":
        """Send an event, telemetry, or any message with this id and these fields."""
        message = {"id": message_id, **fields}
        return self._add(lambda client, asked: client.send(message))

    def send_line(self, line: bytes) -> "Answer":
        """Send bytes unchanged, and a line end."""
        return self._add(lambda client, asked: client.write(line + TERMINATOR))

    def close(self) -> "Answer":
        """Close the connection."""
        return self._add(lambda client, asked: client.close())

    def reset(self) -> "Answer":
        """Reset the connection."""
        return self._add(lambda client, asked: client.abort())

    def _status(self, status: str) -> "Answer":
        return self._add(
            lambda client, asked: client.send(
                {"id": status, "sequence_id": asked.get("sequence_id")}
            )
        )

    def _add(self, action: _Action) -> "Answer":
        self.actions.append((self._delay, action))
        self._delay = 0.0
        return self


@dataclass
class _Expectation:
    """A message that the script expects, and the answer to it."""

    message_id: str
    fields: Message | None
    answer: Answer = field(default_factory=Answer)

    def matches(self, message: Message) -> bool:
        if message.get("id") != self.message_id:
            return False
        return self.fields is None or _fields(message) == self.fields

    def __str__(self) -> str:
        return _described(self.message_id, self.fields)


class ScriptedController:
    """Expects messages in a given order, answers each as told, and reports all others.

    An unexpected command is answered with ``noack``, so that the test need not
    wait for a timeout.  Any other unexpected message is not answered.  In both
    cases the test fails at its end.

    Parameters
    ----------
    clock
        Clock that measures the delays.
    log
        Logger for connections.  None: a logger of its own.

    Attributes
    ----------
    factory
        Factory of its protocols, for one port with one client at a time.
    received
        All received messages, oldest first.
    """

    def __init__(self, clock: Reactor, log: logging.Logger | None = None) -> None:
        self._clock = as_reactor(clock)
        log = log or logging.getLogger(type(self).__name__)
        self.factory = PortFactory(lambda: Connection(self, self._clock, log), log)
        self.received: list[Message] = []
        self._greeting = Answer()
        self._script: list[_Expectation] = []
        self._met = 0
        self._problems: list[str] = []
        # The actions that are still to be done, in order, and the delayed call for the next.
        self._actions: deque[tuple[float, _Action, Connection, Message]] = deque()
        self._call: IDelayedCall | None = None

    # The methods for the test.

    def greet(self) -> Answer:
        """Return the answer to each client that connects; add actions to it."""
        return self._greeting

    def expect_command(self, name: str, details: Message | None = None) -> Answer:
        """Expect a command next, and return the answer to it; add actions to it.

        Parameters
        ----------
        name
            Its name, without the prefix ``cmd_``.
        details
            All its parameters.  None: any.
        """
        return self.expect(_COMMAND_PREFIX + name, details)

    def expect(self, message_id: str, fields: Message | None = None) -> Answer:
        """Expect a message next, and return the answer to it; add actions to it.

        Parameters
        ----------
        message_id
            Its id, as on the wire.
        fields
            All its fields except ``id`` and ``sequence_id``.  None: any.
        """
        expectation = _Expectation(message_id, fields)
        self._script.append(expectation)
        return expectation.answer

    def problems(self) -> list[str]:
        """Return the messages that were not in the script, and the steps that never came."""
        missing = self._script[self._met :]
        return [*self._problems, *(f"It expected {one}, which never came." for one in missing)]

    def stop(self) -> None:
        """Close all connections, and stop answering."""
        self._actions.clear()
        self._wait_no_more()
        for connection in list(self.factory.connections):
            connection.abort()

    # The methods for the connection.

    def client_connected(self, connection: Connection) -> None:
        """Greet the client."""
        self._do(self._greeting, connection, {})

    def client_lost(self, connection: Connection) -> None:
        """Forget the actions for this client."""
        self.factory.forget(connection)
        self._actions = deque(one for one in self._actions if one[2] is not connection)
        if not self._actions:
            self._wait_no_more()

    def client_ready(self, connection: Connection) -> None:
        """Do nothing: the transport keeps what the client has not read."""

    def line_received(self, connection: Connection, line: bytes | OversizeLine) -> None:
        """Compare a message with the script."""
        try:
            message = parse(line)
        except InboundError as error:
            self._report(f"a bad line: {error}")
            return
        if message is None:
            return  # it only shows that the client is alive
        self.received.append(message)
        expected = self._script[self._met] if self._met < len(self._script) else None
        if expected is not None and expected.matches(message):
            self._met += 1
            self._do(expected.answer, connection, message)
            return
        self._report(_described(message["id"], _fields(message)))
        if message["id"].startswith(_COMMAND_PREFIX):
            self._do(Answer().noack(), connection, message)

    def _report(self, came: str) -> None:
        expected = "nothing more"
        if self._met < len(self._script):
            expected = f"{self._script[self._met]} (step {self._met + 1} of {len(self._script)})"
        self._problems.append(f"It expected {expected}, but it received {came}.")

    def _do(self, answer: Answer, connection: Connection, asked: Message) -> None:
        """Add actions after those that wait.

        The real controller also executes one command after the other.
        """
        self._actions.extend((delay, action, connection, asked) for delay, action in answer.actions)
        if self._call is None:
            self._go_on()

    def _wait_no_more(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _go_on(self) -> None:
        """Do the actions that need no waiting, and wait for the next."""
        self._call = None
        while self._actions:
            delay, action, connection, asked = self._actions[0]
            if delay:
                self._actions[0] = (0.0, action, connection, asked)
                self._call = self._clock.callLater(delay, self._go_on)
                return
            self._actions.popleft()
            action(connection, asked)


def _fields(message: Message) -> Message:
    """Return the fields of a message without its id and sequence id."""
    return {name: value for name, value in message.items() if name not in ("id", "sequence_id")}


def _described(message_id: str, fields: Message | None) -> str:
    """Return a message in readable form."""
    kind = "the command " if message_id.startswith(_COMMAND_PREFIX) else ""
    shown = "with any details" if fields is None else json.dumps(fields)
    return f"{kind}{message_id.removeprefix(_COMMAND_PREFIX)} {shown}"
