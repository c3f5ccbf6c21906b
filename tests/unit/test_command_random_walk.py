"""Commands under anything that may happen, in any order: each completes once, as it should."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from m2com_twisted import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandOutcome,
    CommandRejected,
    CommandStage,
    CommandTimeout,
    ConnectionState,
    MsgType,
    NotConnectedError,
)
from tests.support.scripted_peer import Scripted

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

# Binary fractions, so that sums of them are exact.
TIMES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
TIMEOUTS = st.none() | TIMES
INDEX = st.integers(0, 1000)
REPLIES = st.lists(
    st.tuples(st.sampled_from(["ack", "noack", "success", "fail"]), INDEX), min_size=1, max_size=4
)
# What whoever awaits a command does when it has completed.
REACTIONS = st.sampled_from(["nothing"] * 4 + ["send", "cancel", "close"])


@dataclass
class Model:
    """What the test knows of a command that somebody awaits."""

    name: str
    called_at: float
    ack_by: float
    finish_by: float
    reaction: str
    sequence_id: int | None = None
    sent_at: float = math.nan
    accepted_at: float | None = None
    running: Deferred[CommandOutcome] = field(default_factory=Deferred)
    results: list[object] = field(default_factory=list)

    @property
    def answer_by(self) -> float:
        """When it times out, as things stand."""
        return self.finish_by if self.accepted_at is not None else min(self.ack_by, self.finish_by)

    @property
    def stage(self) -> CommandStage:
        """How far it got."""
        if self.sequence_id is None:
            return CommandStage.NEVER_SENT
        return CommandStage.SENT if self.accepted_at is None else CommandStage.ACKNOWLEDGED


class CommandMachine(RuleBasedStateMachine):
    """Sends, replies, losses, cancellations and timeouts in any order, and what they imply.

    `cause` is what happens right now; a result is checked against it at the
    moment that it comes, and after each step what had to complete is checked
    to have done so.
    """

    @initialize()
    def start(self) -> None:
        """Connect a client whose sequence has gaps where the test wants them."""
        self.next_id = 1
        self.fixture = Scripted(
            sequence_generator=self.ids(), retry_policy=lambda failures: 0.25, max_queue_length=9999
        )
        self.commands: list[Model] = []
        self.gaps = [0]  # ids that are never sent
        self.wire: list[int] = []  # those of earlier connections
        self.has_space = True
        self.closing: Deferred[None] | None = None
        self.cause: tuple[Any, ...] = ()

    def ids(self) -> Iterator[int]:
        """Yield the sequence ids."""
        while True:
            self.next_id += 1
            yield self.next_id - 1

    # What the test knows

    @property
    def now(self) -> float:
        """The time."""
        return self.fixture.clock.seconds()

    @property
    def open(self) -> list[Model]:
        """The commands that have not completed."""
        return [command for command in self.commands if not command.results]

    def finished(self, command: Model, result: object) -> None:
        """Check a result against what happens right now, and react to it."""
        assert command.results == [], "completed twice"
        command.results.append(result)
        if isinstance(result, Failure):
            self.check_error(command, result.value)
        else:
            assert isinstance(result, CommandOutcome)
            assert self.cause == ("success", command.sequence_id)
            assert (result.command, result.sequence_id) == (command.name, command.sequence_id)
            assert (result.sent_at, result.finished_at) == (command.sent_at, self.now)
            assert result.accepted_at == command.accepted_at
        self.react(command.reaction)

    def check_error(self, command: Model, error: BaseException | None) -> None:
        """Check that an error follows from what happens right now."""
        cause = self.cause
        if isinstance(error, CommandError):
            assert (error.command, error.sequence_id) == (command.name, command.sequence_id)
            assert error.stage is command.stage
        if type(error) is CommandFailed:
            assert cause == ("fail", command.sequence_id)
        elif type(error) is CommandRejected:
            name, sequence_id = cause
            assert name == "noack"
            assert command.sequence_id is not None
            after_gap = sequence_id in self.gaps and sequence_id < command.sequence_id
            assert sequence_id == command.sequence_id or (after_gap and command.accepted_at is None)
        elif type(error) is CommandTimeout:
            assert cause == ("time",)
            assert command.answer_by <= self.now
        elif type(error) is CommandLost:
            assert cause in [("lose",), ("close",)]
        elif isinstance(error, NotConnectedError):
            assert command.sequence_id is None
            assert self.fixture.client.state is not ConnectionState.CONNECTED
        else:
            assert isinstance(error, CancelledError)
            assert cause == ("cancel", command.name)

    def happen(self, *cause: object) -> "Happening":
        """Say what happens right now."""
        return Happening(self, cause)

    # What happens

    def react(self, reaction: str) -> None:
        """Do something from within the completion of a command."""
        if reaction == "send":
            self.send_one(None, None, "nothing")
        elif reaction == "cancel" and self.open:
            self.cancel_one(self.open[-1])
        elif reaction == "close":
            self.close_client()

    def send_one(self, ack_timeout: float | None, timeout: float | None, reaction: str) -> None:
        """Run a command, and have its result checked when it comes."""
        command = Model(
            f"c{len(self.commands)}",
            self.now,
            self.now + (math.inf if ack_timeout is None else ack_timeout),
            self.now + (math.inf if timeout is None else timeout),
            reaction,
        )
        self.commands.append(command)
        # What completes at once does so before `running` is known.
        command.running = self.fixture.run(
            command.name, ack_timeout=ack_timeout, timeout=timeout, details={"at": self.now}
        )
        self.learn_ids()
        command.running.addBoth(lambda result: self.finished(command, result))

    def learn_ids(self) -> None:
        """Read off the wire which commands have been sent by now."""
        by_name = {command.name: command for command in self.commands}
        for line in self.fixture.commands:
            command = by_name.get(line["id"].removeprefix("cmd_"))
            if command is not None and command.sequence_id is None:
                command.sequence_id = line["sequence_id"]
                command.sent_at = self.now

    def cancel_one(self, command: Model) -> None:
        """Cancel a command."""
        with self.happen("cancel", command.name):
            command.running.cancel()

    def close_client(self) -> None:
        """Close the client; its connection stays until the test loses it."""
        with self.happen("close"):
            closing = self.fixture.close()
        self.closing = self.closing or closing

    @rule(ack_timeout=TIMEOUTS, timeout=TIMEOUTS, reaction=REACTIONS)
    def send(self, ack_timeout: float | None, timeout: float | None, reaction: str) -> None:
        """Run a command."""
        self.send_one(ack_timeout, timeout, reaction)

    @precondition(lambda self: self.fixture.client.connected and self.has_space)
    @rule()
    def send_unawaited(self) -> None:
        """Send a command that nobody awaits."""
        Deferred.fromCoroutine(self.fixture.client.write_message(MsgType.Command, "unawaited"))

    @rule()
    def leave_a_gap(self) -> None:
        """Have the generator skip an id."""
        self.gaps.append(self.next_id)
        self.next_id += 1

    @precondition(lambda self: self.fixture.client.connected)
    @rule(replies=REPLIES)
    def reply(self, replies: list[tuple[str, int]]) -> None:
        """Reply to any ids, sent or not, the next one included."""
        for name, index in replies:
            if self.fixture.client.connected:
                self.reply_one(name, index % (self.next_id + 1))

    def reply_one(self, name: str, sequence_id: int) -> None:
        """Reply, and check that all completed that had to."""
        unacknowledged = [
            command
            for command in self.open
            if command.sequence_id is not None and command.accepted_at is None
        ]
        must_complete = [
            command for command in self.open if command.sequence_id == sequence_id and name != "ack"
        ]
        if name == "noack" and sequence_id in self.gaps:
            must_complete += [c for c in unacknowledged if (c.sequence_id or 0) > sequence_id]
        for command in unacknowledged:
            if name == "ack" and command.sequence_id == sequence_id:
                command.accepted_at = self.now
        with self.happen(name, sequence_id):
            self.fixture.reply((name, sequence_id))
        assert not [command.name for command in must_complete if not command.results]

    @precondition(lambda self: self.open)
    @rule(index=INDEX)
    def cancel(self, index: int) -> None:
        """Cancel a command."""
        command = self.open[index % len(self.open)]
        self.cancel_one(command)
        assert command.results

    @rule(seconds=TIMES)
    def wait(self, seconds: float) -> None:
        """Let time pass, from one event to the next so that each is seen at its time."""
        with self.happen("time"):
            end = self.now + seconds
            while self.now < end:
                self.fixture.clock.advance(0.25)
                self.accept_connection()
        assert not [command.name for command in self.open if command.answer_by <= self.now]

    def accept_connection(self) -> None:
        """Accept the connection, if the client dials."""
        if self.fixture.client.state is ConnectionState.CONNECTING:
            self.wire += self.fixture_ids()
            self.fixture.peer = self.fixture.endpoint.last.accept()
            self.has_space = True

    def fixture_ids(self) -> list[int]:
        """Return the ids on the newest connection."""
        lines = self.fixture.peer.transport.value().splitlines()
        return [json.loads(line)["sequence_id"] for line in lines]

    @precondition(lambda self: self.fixture.client.connected)
    @rule()
    def lose(self) -> None:
        """Lose the connection."""
        with self.happen("lose"):
            self.fixture.peer.lose()
        assert not self.open

    @precondition(lambda self: self.closing is None)
    @rule()
    def close(self) -> None:
        """Close the client."""
        self.close_client()
        assert not self.open

    @precondition(lambda self: self.closing is not None)
    @rule()
    def connect_again(self) -> None:
        """Have the closed connection gone, and connect again."""
        assert self.closing is not None
        if self.fixture.peer.transport.connected:
            self.fixture.peer.lose()
        assert self.closing.called
        assert not self.fixture.clock.getDelayedCalls()
        self.closing = None
        Deferred.fromCoroutine(self.fixture.client.connect())
        self.accept_connection()

    @precondition(lambda self: self.fixture.client.connected)
    @rule(has_space=st.booleans())
    def change_space(self, has_space: bool) -> None:
        """Fill the write buffer, or drain it, upon which those who wait write."""
        self.has_space = has_space
        (self.fixture.drain_buffer if has_space else self.fixture.fill_buffer)()
        self.learn_ids()
        assert not has_space or all(command.sequence_id for command in self.open)

    # What holds after each step

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        """Check that the ids on the wire are in order, once each, and the last is known."""
        sent = self.wire + self.fixture_ids()
        assert sent == sorted(set(sent))
        assert not set(sent) & set(self.gaps)
        assert self.fixture.client.last_sequence_id == (sent[-1] if sent else -1)

    @invariant()
    def no_timer_without_a_command(self) -> None:
        """Check that a connected client without commands has no deadline in the reactor."""
        if self.fixture.client.connected and not self.open:
            # After an outage one call waits to see whether the new connection lasts.
            left = [str(call) for call in self.fixture.clock.getDelayedCalls()]
            assert not [call for call in left if "Outages" not in call]

    def teardown(self) -> None:
        """Close: all that is open fails, and nothing is left."""
        if not hasattr(self, "fixture"):
            return
        self.close_client()
        assert not self.open
        if self.fixture.peer.transport.connected:
            self.fixture.peer.lose()
        assert not self.fixture.clock.getDelayedCalls()


class Happening:
    """The time during which something happens; another may happen within."""

    def __init__(self, machine: CommandMachine, cause: tuple[Any, ...]) -> None:
        self.machine = machine
        self.cause = cause

    def __enter__(self) -> None:
        """Begin."""
        self.outer, self.machine.cause = self.machine.cause, self.cause

    def __exit__(self, *exception: object) -> None:
        """End."""
        self.machine.cause = self.outer


TestCommands = CommandMachine.TestCase
TestCommands.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
