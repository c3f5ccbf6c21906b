"""A random walk through a client's life; what `ConnectionState` says holds after every step."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import Clock

from m2com_twisted import ConnectionState, M2ComError, MsgType, TcpClient, default_retry_policy
from m2com_twisted.testing.error_log import ErrorLog
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Attempt, FakeEndpoint

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

# What must be walked in CI at least.  The examples suffice for half as many again, because
# Hypothesis ends some walks early, and its versions differ in that.
STEPS = 2000
EXAMPLES = 80
STEPS_PER_EXAMPLE = 40

# What a callback does.
BEHAVIOURS = [
    "raise",
    "wait",
    "wait, whatever happens",
    "close",
    "close after waiting",
    "start to close",
    "start to connect",
    "start a command",
    "run a command",
]


class CallbackError(Exception):
    """What a callback raises."""


@contextmanager
def error_log() -> Iterator[ErrorLog]:
    """Keep the errors that clients log for as long as the context lasts."""
    log = ErrorLog()
    log.start()
    try:
        yield log
    finally:
        log.stop()


class HastyEndpoint(FakeEndpoint):
    """May answer in the very moment in which it is asked."""

    answer = "later"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Begin an attempt."""
        result = super().connect(protocolFactory)
        if self.answer == "accept":
            self.last.accept()
        elif self.answer == "refuse":
            self.last.refuse()
        return result


class ConnectionMachine(RuleBasedStateMachine):
    """A client, its user, its controller and its reactor, all doing as they like."""

    steps = 0
    log: ErrorLog

    def __init__(self) -> None:
        super().__init__()
        self.log.flush_errors()
        self.clock = Clock()
        self.endpoint = HastyEndpoint()
        self.client = TcpClient(
            "m2.example",
            50000,
            self.on_message,
            endpoint=self.endpoint,
            reactor=self.clock,
            retry_policy=default_retry_policy(lambda: 0.5),
            connect_callback=self.on_change,
            max_queue_length=3,
        )
        self.calls: dict[str, list[Call]] = {"connect": [], "close": [], "write": [], "run": []}
        self.plans: list[str] = []
        self.waits: list[Deferred[None]] = []
        self.running = 0
        self.received = 0
        self.delivered: list[int] = []
        self.changes = 0

    # The user

    async def on_message(self, message: dict[str, Any]) -> None:
        """Keep the number of a message and do what was planned."""
        self.delivered.append(message["n"])
        await self.behave()

    async def on_change(self, client: TcpClient) -> None:
        """Count a change of the connection and do what was planned."""
        self.changes += 1
        await self.behave()

    async def behave(self) -> None:
        """Do what was planned for the next callback."""
        self.running += 1
        try:
            await self.act(self.plans.pop() if self.plans else "return")
        finally:
            self.running -= 1

    async def act(self, behaviour: str) -> None:
        """Do one thing."""
        if behaviour == "raise":
            raise CallbackError
        if behaviour in ("wait", "close after waiting"):
            await self.wait()
        if behaviour == "wait, whatever happens":
            try:
                await self.wait()
            except CancelledError:
                await self.wait()
        if behaviour in ("close", "close after waiting"):
            await self.client.close()
        if behaviour == "start to close":
            self.close()
        if behaviour == "start to connect":
            self.connect(10)
        if behaviour == "start a command":
            self.run_command(5)
        if behaviour == "run a command":
            try:
                await self.client.run_command("power", ack_timeout=5)
            except M2ComError:
                await self.client.close()

    def wait(self) -> Deferred[None]:
        """Return something to wait for, which `release` ends."""
        self.waits.append(Deferred())
        return self.waits[-1]

    @rule(behaviour=st.sampled_from(BEHAVIOURS))
    def plan(self, behaviour: str) -> None:
        """Let the next callback do something."""
        self.plans.append(behaviour)

    @precondition(lambda self: self.waits)
    @rule()
    def release(self) -> None:
        """End what callbacks wait for."""
        waits, self.waits = self.waits, []
        for wait in waits:
            if not wait.called:
                wait.callback(None)

    @rule(timeout=st.sampled_from([0, 1, 10, 100]))
    def connect(self, timeout: float) -> None:
        """Connect."""
        self.calls["connect"].append(Call(self.client.connect(timeout)))

    @rule()
    def close(self) -> None:
        """Close."""
        self.calls["close"].append(Call(self.client.close()))

    @rule()
    def write(self) -> None:
        """Write a command and do not wait for its outcome."""
        self.calls["write"].append(Call(self.client.write_message(MsgType.Command, "power")))

    @rule(timeout=st.sampled_from([1, 60, None]))
    def run_command(self, timeout: float | None) -> None:
        """Run a command; if it is lost with the connection, once more."""

        async def run() -> None:
            try:
                await self.client.run_command("power", timeout=timeout)
            except M2ComError:
                await self.client.run_command("power", timeout=timeout)

        self.calls["run"].append(Call(run()))

    @precondition(lambda self: self.pending("connect", "close", "write", "run"))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel something that was called."""
        data.draw(st.sampled_from(self.pending("connect", "close", "write", "run"))).cancel()

    @rule(timeout=st.sampled_from([None, 0.5, 5]))
    def set_timeout(self, timeout: float | None) -> None:
        """Set the read timeout."""
        self.client.timeout = timeout

    def pending(self, *names: str) -> list[Call]:
        """Return the calls that have not ended."""
        return [call for name in names for call in self.calls[name] if not call.done]

    # The controller and the network

    def dialled(self) -> list[Attempt]:
        """Return the attempts that wait for an answer."""
        return [attempt for attempt in self.endpoint.attempts if attempt.pending]

    def connections(self) -> list[Attempt]:
        """Return the connections whose transport has not ended."""
        return [attempt for attempt in self.endpoint.attempts if attempt.connected]

    def open_connections(self) -> list[Attempt]:
        """Return the connections that nobody is closing."""
        return [attempt for attempt in self.connections() if not attempt.transport.disconnecting]

    @rule(answer=st.sampled_from(["later", "later", "accept", "refuse"]))
    def answer(self, answer: str) -> None:
        """Let the endpoint answer at once from now on, or not."""
        self.endpoint.answer = answer

    @precondition(lambda self: self.dialled())
    @rule(how=st.sampled_from(["accept", "accept", "accept_and_lose", "refuse"]))
    def end_attempt(self, how: str) -> None:
        """Answer the attempt."""
        getattr(self.dialled()[-1], how)()

    @precondition(lambda self: self.dialled())
    @rule()
    def accept_when_cancelled(self) -> None:
        """Let the attempt succeed too late to be given up."""
        self.dialled()[-1].accept_when_cancelled()

    @precondition(lambda self: self.connections())
    @rule()
    def lose(self) -> None:
        """Lose a connection, or end one that is being closed."""
        self.connections()[0].lose(ConnectionLost())

    @precondition(lambda self: self.open_connections())
    @rule(count=st.integers(1, 5), end=st.sampled_from([b"", b"{", b"junk\r\n", b"heartbeat\r\n"]))
    def receive(self, count: int, end: bytes) -> None:
        """Receive messages, and something else after them."""
        lines = []
        for _ in range(count):
            self.received += 1
            lines.append(b'{"id": "event", "n": %d}\r\n' % self.received)
        self.open_connections()[0].receive(b"\r\n" + b"".join(lines) + end)

    @precondition(lambda self: self.open_connections())
    @rule(status=st.sampled_from(["ack", "noack", "success", "fail"]), ago=st.integers(0, 2))
    def reply(self, status: str, ago: int) -> None:
        """Receive the status of a command sent lately."""
        self.received += 1
        message = {
            "id": status,
            "sequence_id": self.client.last_sequence_id - ago,
            "n": self.received,
        }
        self.open_connections()[0].receive(b"\r\n" + json.dumps(message).encode() + b"\r\n")

    @precondition(lambda self: self.open_connections())
    @rule(full=st.booleans())
    def buffer(self, full: bool) -> None:
        """Let the transport's write buffer be full, or empty again."""
        producer: Any = self.open_connections()[0].transport.producer
        producer.pauseProducing() if full else producer.resumeProducing()

    @rule(seconds=st.sampled_from([0.1, 1, 2, 5, 10, 30]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    # What holds after every step

    @invariant()
    def count_step(self) -> None:
        """Count the steps of all examples."""
        type(self).steps += 1

    @invariant()
    def the_table_holds(self) -> None:
        """Each state has what the docstring of `ConnectionState` says, and nothing else."""
        state = self.client.state
        delayed: list[Any] = list(self.clock.getDelayedCalls())
        retries = [call for call in delayed if call.func.__name__ == "_retry_due"]
        assert len(self.dialled()) == (state is ConnectionState.CONNECTING)
        assert len(retries) == (state is ConnectionState.WAITING)
        assert len(self.open_connections()) == self.client.connected
        if self.client.connected:
            assert state is ConnectionState.CONNECTED
        assert self.client.should_be_connected == (
            state not in (ConnectionState.IDLE, ConnectionState.CLOSING)
        )

    @invariant()
    def who_waits_has_a_reason(self) -> None:
        """Nobody waits for what cannot come."""
        state = self.client.state
        if self.client.connected or state is ConnectionState.IDLE:
            assert self.pending("connect") == []
        if state is not ConnectionState.CLOSING:
            assert self.pending("close") == []
        if state is not ConnectionState.CONNECTED:
            assert len(self.client._parts.inbound._commands) == 0
            if state is not ConnectionState.CLOSING:
                assert self.pending("write", "run") == []

    @invariant()
    def nothing_is_left_when_idle(self) -> None:
        """In IDLE there is no delayed call of the client's."""
        if self.client.state is ConnectionState.IDLE:
            assert self.clock.getDelayedCalls() == []

    @invariant()
    def deliveries_are_in_order(self) -> None:
        """Messages come in order, none twice; each change of the connection is told once."""
        assert all(a < b for a, b in zip(self.delivered, self.delivered[1:], strict=False))
        if self.running == 0 and self.client.state is not ConnectionState.CLOSING:
            assert self.changes % 2 == (self.client.state is ConnectionState.CONNECTED)
            assert self.client.stats.queue_depth == 0

    @invariant()
    def commands_are_sent_once(self) -> None:
        """Over all connections the sequence ids on the wire have no gap and no repeat."""
        lines = b"".join(attempt.transport.value() for attempt in self.endpoint.attempts)
        ids = [json.loads(line)["sequence_id"] for line in lines.splitlines()]
        assert ids == list(range(1, len(ids) + 1))
        assert self.client.last_sequence_id == (ids[-1] if ids else -1)

    @invariant()
    def nothing_unexpected_is_logged(self) -> None:
        """No error but those that callbacks raise."""
        self.log.flush_errors(CallbackError)
        assert self.log.problems() == []

    def teardown(self) -> None:
        """Close; all ends then, and the client connects again."""
        self.plans.clear()
        self.endpoint.answer = "later"
        self.close()
        while self.connections():
            self.lose()
        self.release()
        self.clock.advance(2)
        self.release()
        while self.connections():
            self.lose()
        assert self.running == 0
        assert self.client.state is ConnectionState.IDLE
        assert self.pending(*self.calls) == []
        self.the_table_holds()
        self.nothing_is_left_when_idle()
        self.client.timeout = None
        self.connect(10)
        self.end_attempt("accept")
        self.receive(1, b"")
        assert self.delivered[-1] == self.received
        self.close()
        self.lose()
        self.nothing_is_left_when_idle()


def test_the_invariants_hold_on_a_random_walk() -> None:
    """All invariants hold after each of 2000 and more random steps."""
    ConnectionMachine.steps = 0
    with error_log() as log:
        ConnectionMachine.log = log
        run_state_machine_as_test(
            ConnectionMachine,
            settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS_PER_EXAMPLE),
        )
    assert ConnectionMachine.steps >= STEPS
