"""The command port.  It executes one command at a time, in order, and answers each.

Source: :ref:`protocol-messages`, :ref:`protocol-answers`, :ref:`protocol-lifetime`.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ...wire.codec import Message
from ..commands.command import Wait
from ..commands.parameters import CommandRefusedError
from ..commands.table import COMMANDS
from ..model.model import CYCLE, Model
from ..model.profiles import Profile
from ..model.welcome import welcome
from .answers import Answer
from .connection import Connection
from .inbound import InboundError, OversizeLine, ReceivedMessages, elevation_told, parse
from .pacing import SteadyCall
from .port_factory import PortFactory
from .sequence_rule import SequenceRule

__all__ = ["CommandPort"]

#: Reading is paused while the queue has more lines than this.
_QUEUE_LINES = 100
_QUEUE_BYTES = 256 * 1024

#: Longest pause of the process, in seconds, that is simulated afterwards.  If the machine slept
#: for an hour, the events of that hour would otherwise come at once.
_MAX_STANDSTILL = 10.0

_COMMAND_PREFIX = "cmd_"


class CommandPort:
    """Takes lines from the client and answers the commands among them.

    A command that takes time continues when its client leaves.  Its answer is then lost, and
    the commands of the next client wait for its end.

    Parameters
    ----------
    model, profile, clock, received, log
        The objects of the controller.
    factory
        The factory of the port.
    next_answer
        Makes the replies to the next command.
    reboot
        Called after the replies to ``rebootController``.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        clock: IReactorTime,
        received: ReceivedMessages,
        log: logging.Logger,
        factory: PortFactory,
        next_answer: Callable[[], Answer],
        reboot: Callable[[], None],
    ) -> None:
        self._model = model
        self._profile = profile
        self._clock = clock
        self._received = received
        self._log = log
        self._reboot = reboot
        self._factory = factory
        self._next_answer = next_answer
        self._pace = SteadyCall(clock, CYCLE, lambda cycles: self.step(cycles * CYCLE), log)
        self._queue: deque[bytes | OversizeLine] = deque()
        self._queued_bytes = 0
        self._reading_paused = False
        self._running: Iterator[Wait] | None = None
        self._call: IDelayedCall | None = None
        self._next_start = -math.inf
        self._sequence = SequenceRule()
        self._welcomed = False

    def start(self) -> None:
        """Start the simulated time of the model."""
        self._pace.start()

    def stop(self) -> None:
        """Abandon the running command.  The next client counts as the first."""
        self._pace.stop()
        if self._call is not None:
            self._call.cancel()
        self._call = self._running = None
        self._welcomed = False
        self._forget_queue()

    def send(self, message: Message) -> None:
        """Send a message to the client, if there is one."""
        if self._factory.client is not None:
            self._factory.client.send(message)

    def step(self, seconds: float) -> None:
        """Advance the model, and send the events that it produces."""
        client = self._factory.client
        if client is not None:
            client.check_reading()
        if client is not None or self._profile.runs_alone:
            for event in self._model.step(min(seconds, _MAX_STANDSTILL)):
                self.send(event)

    # Methods that the connection calls.

    def client_connected(self, connection: Connection) -> None:
        """Send the welcome messages, if the profile contains them."""
        self._log.info("Command client connected from %s.", connection.peer)
        self._sequence = SequenceRule()
        self._forget_queue()
        if self._profile.welcome_always or not self._welcomed:
            # Sent to the first client as well, which may connect long after the start.
            self._model.faults.report_again()
            self._welcomed = True
            for message in welcome(self._model):
                connection.send(message)

    def client_lost(self, connection: Connection) -> None:
        """Drop the commands of the client, and the script."""
        self._log.info("Command client at %s left.", connection.peer)
        if self._factory.forget(connection):
            self._forget_queue()
            self._model.leave()

    def line_received(self, connection: Connection, line: bytes | OversizeLine) -> None:
        """Put a line in the queue.  Pause reading if the queue is long."""
        self._queue.append(line)
        self._queued_bytes += len(line)
        self._serve()
        self._balance_reading()

    def client_ready(self, connection: Connection) -> None:
        """Continue with the commands, which wait while the client does not read."""
        self._serve()
        self._balance_reading()

    def _forget_queue(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0
        self._reading_paused = False

    def _balance_reading(self) -> None:
        client = self._factory.client
        if client is None:
            return
        full = len(self._queue) >= _QUEUE_LINES or self._queued_bytes >= _QUEUE_BYTES
        if full and not self._reading_paused:
            self._reading_paused = True
            client.pause_reading()
        elif self._reading_paused and not self._queue:
            self._reading_paused = False
            client.resume_reading()

    # One command at a time.

    def _serve(self) -> None:
        """Take lines from the queue until one of them takes time."""
        while self._queue and self._running is None and self._call is None:
            if self._model.reboot_requested:
                return
            client = self._factory.client
            if client is None or client.blocked:
                return
            wait = self._next_start - self._clock.seconds()
            if wait > 0:
                self._call = self._clock.callLater(wait, self._continue)
                return
            line = self._queue.popleft()
            self._queued_bytes -= len(line)
            self._take(client, line)

    def _continue(self) -> None:
        """Continue after a wait."""
        self._call = None
        if self._running is not None:
            self._advance(self._running)
        self._serve()
        self._balance_reading()

    def _take(self, client: Connection, line: bytes | OversizeLine) -> None:
        try:
            message = self._understand(line)
        except InboundError as error:
            self._log.warning("Ignored a line from %s: %s", client.peer, error)
            message = None
        if message is None:
            self._cycle_after_line()
            return
        name = message["id"][len(_COMMAND_PREFIX) :]
        sequence_id = message["sequence_id"]
        refused = self._sequence.refused(sequence_id) if self._profile.consecutive_ids else None
        if refused is not None or name not in COMMANDS:
            client.send({"id": "noack", "sequence_id": sequence_id if refused is None else refused})
            self._cycle_after_line()
        else:
            self._next_start = self._clock.seconds() + self._profile.command_interval
            self._running = self._conduct(client, name, message)
            self._advance(self._running)

    def _understand(self, line: bytes | OversizeLine) -> Message | None:
        """Return the command on a line.  None if the line contains something else.

        Raises
        ------
        InboundError
            If the command can be neither answered nor executed.
        """
        message = parse(line)
        if message is None:
            return None
        self._received.append(message, len(line))
        if not message["id"].startswith(_COMMAND_PREFIX):
            # The elevation is used only on the telemetry port.
            elevation_told(message, self._model.as_original)
            return None
        if not self._can_be_echoed(message):
            raise InboundError("the command has no sequence_id to answer to")
        return message

    def _can_be_echoed(self, message: Message) -> bool:
        """Whether a command has a sequence id for its reply.  The original accepts any value."""
        sequence_id = message.get("sequence_id")
        if isinstance(sequence_id, float):
            return math.isfinite(sequence_id)
        anything = self._profile.as_original and "sequence_id" in message
        return anything or isinstance(sequence_id, int | str)

    def _conduct(self, client: Connection, name: str, message: Message) -> Iterator[Wait]:
        """Answer a command and send its events.  Yield each wait."""
        sequence_id = message["sequence_id"]
        answer = self._next_answer()
        if answer.delay:
            yield Wait(answer.delay)
        for reply in answer.acknowledgement(sequence_id):
            client.send(reply)
        outcome = "fail"
        try:
            for step in COMMANDS[name].run(self._model, message):
                if isinstance(step, Wait):
                    yield step
                else:
                    self.send(step)
            outcome = "success"
        except CommandRefusedError as error:
            self._log.info("Command %s %s failed: %s", name, sequence_id, error)
        except Exception:
            # The real controller would continue as well.
            self._log.exception("Command %s %s erred.", name, sequence_id)
        for reply in answer.final(outcome, sequence_id):
            client.send(reply)

    def _advance(self, running: Iterator[Wait]) -> None:
        """Continue a command until it waits or ends."""
        wait = next(running, None)
        if wait is not None:
            self._call = self._clock.callLater(wait.seconds, self._continue)
            return
        self._running = None
        if self._model.reboot_requested:
            self._reboot()
        self._cycle_after_line()

    def _cycle_after_line(self) -> None:
        """Simulate a cycle at once, as the original does after each line."""
        if self._profile.as_original and self._factory.client is not None:
            self._pace.start()
            for event in self._model.cycle():
                self.send(event)
