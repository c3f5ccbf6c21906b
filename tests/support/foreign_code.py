"""One random case of a client whose callbacks and other objects call the client again.

At every place where the client calls code of its user, this code does something at random.  It
may call any method of the client, cancel a call that waits, lose the connection, or raise.
"""

import json
import logging
from collections.abc import Callable, Coroutine, Iterator
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import Clock

from m2com_twisted import ConnectionState, M2ComError, MsgType, TcpClient
from tests.support.fake_endpoint import Attempt, FakeEndpoint, FakeTransport

__all__ = ["ForeignCode", "ForeignError"]

# In how many of ten calls foreign code does something, and how often at most in one case.  The
# limit makes each case end.
ACTS_OF_TEN = 4
MOST_ACTS = 40

STEPS = 25

CONNECTED = ConnectionState.CONNECTED
CLOSING = ConnectionState.CLOSING
IDLE = ConnectionState.IDLE


class ForeignError(Exception):
    """The error that foreign code raises."""


class Wait:
    """A running coroutine of the client.  Its caller acts at random after its end."""

    def __init__(
        self, case: "ForeignCode", name: str, coroutine: Coroutine[Deferred[Any], Any, Any]
    ) -> None:
        self.name = name
        self.done = False
        self._deferred = Deferred.fromCoroutine(self._follow(case, coroutine))
        self._deferred.addErrback(lambda failure: failure.trap(ForeignError, SystemExit))

    async def _follow(
        self, case: "ForeignCode", coroutine: Coroutine[Deferred[Any], Any, Any]
    ) -> None:
        try:
            await coroutine
        except (M2ComError, CancelledError, ForeignError, SystemExit, RuntimeError):
            self.done = True
            case.act(f"{self.name} failed")
        else:
            self.done = True
            case.check_success(self.name)
            case.act(f"{self.name} succeeded")

    def cancel(self) -> None:
        """Cancel the coroutine."""
        self._deferred.cancel()


class ForeignEndpoint(FakeEndpoint):
    """An endpoint that connects or refuses at once, or waits.  It calls the client again."""

    def __init__(self, case: "ForeignCode") -> None:
        super().__init__()
        self._case = case
        self.answer = "later"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Start an attempt, or raise."""
        self._case.act("endpoint")
        result = super().connect(protocolFactory)
        attempt = self.last
        attempt.transport = ForeignTransport(self._case, attempt)
        cancel = attempt._cancel

        def foreign_cancel(deferred: Deferred[IProtocol]) -> None:
            cancel(deferred)
            self._case.act("canceller")

        result._canceller = foreign_cancel
        if self.answer == "accept":
            attempt.accept()
        elif self.answer == "make":
            attempt.make_connection()
        elif self.answer == "refuse":
            attempt.refuse()
        return result


class ForeignTransport(FakeTransport):
    """A transport that ends one call of the reactor later, as sockets do."""

    def __init__(self, case: "ForeignCode", attempt: Attempt) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._case = case
        self._attempt = attempt
        self._stuck = case.random.random() < 0.3

    def loseConnection(self) -> None:
        """End in the next call of the reactor, unless the peer does not read."""
        super().loseConnection()  # type: ignore[no-untyped-call]  # Twisted's
        if not self._stuck:
            self._case.clock.callLater(0, self._end)

    def abortConnection(self) -> None:
        """End in the next call of the reactor."""
        super().abortConnection()
        self._case.clock.callLater(0, self._end)

    def _end(self) -> None:
        if self.connected:
            self._attempt.lose(ConnectionLost())


class ForeignIds:
    """A sequence generator that calls the client again."""

    def __init__(self, case: "ForeignCode") -> None:
        self._case = case
        self._last = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self._case.act("sequence generator")
        self._last += 1
        return self._last


class ForeignHandler(logging.Handler):
    """A log handler that calls the client again.  It keeps records that must not be logged."""

    def __init__(self, case: "ForeignCode") -> None:
        super().__init__(logging.DEBUG)
        self._case = case
        self.unexpected: list[str] = []

    def handle(self, record: logging.LogRecord) -> bool:
        """Override: do not catch errors.  Some handlers do not catch them either."""
        if record.levelno >= logging.CRITICAL:
            self.unexpected.append(self.format(record))
        self._case.act("log handler")
        return True


class ForeignObserver:
    """A line observer that calls the client again."""

    def __init__(self, case: "ForeignCode") -> None:
        self._case = case
        self.state = IDLE

    def received(self, line: bytes, message: dict[str, Any]) -> None:
        """Take a received message."""
        self._case.act("observer of what is received")

    def sent(self, line: bytes) -> None:
        """Take a line that was sent."""
        self._case.act("observer of what is sent")

    def bad(self, line: bytes, reason: str) -> None:
        """Take a bad line."""
        self._case.act("observer of bad lines")

    def connection(self, state: ConnectionState) -> None:
        """Take a new state, which must differ from the last one."""
        assert state is not self.state
        self.state = state
        self._case.act("observer of the state")


class ForeignCode:
    """One random case.

    Parameters
    ----------
    random
        Chooses everything.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.clock = Clock()
        self.endpoint = ForeignEndpoint(self)
        self.observer = ForeignObserver(self)
        self.handler = ForeignHandler(self)
        #: The steps and actions so far, for a person who examines a failed case.
        self.story: list[str] = []
        self.acts = 0
        self.over = False
        self.waits: list[Wait] = []
        self.gates: list[Deferred[None]] = []
        self.running = 0
        self.changes = 0
        self.received = 0
        self.delivered: list[int] = []
        self.failures: list[str] = []
        # Messages of attempts before this one must not be delivered any more.
        self.barrier = 0
        log = logging.Logger("foreign", logging.DEBUG)
        log.addHandler(self.handler)
        log.getChild = lambda suffix: log  # type: ignore[method-assign]  # no manager has it
        self.client = TcpClient(
            "m2.example",
            50000,
            self.on_message,
            log=log,
            endpoint=self.endpoint,
            reactor=self.clock,
            sequence_generator=ForeignIds(self),
            retry_policy=self.policy if random.random() < 0.8 else None,
            connect_callback=self.on_change,
            observers=[self.observer],
            max_queue_length=3,
            max_line_length=200,
            overflow=random.choice(["pause", "drop_oldest"]),
        )

    # Code of the user

    def act(self, where: str) -> None:
        """Do something at random, or nothing.  This may raise."""
        if self.acts >= MOST_ACTS or self.random.randrange(10) >= ACTS_OF_TEN:
            return
        self.acts += 1
        what = self.random.choice(
            [
                self.connect,
                self.connect,
                self.start,
                self.close,
                self.close,
                self.write,
                self.run,
                self.set_timeout,
                self.cancel,
                self.cancel,
                self.lose,
                self.receive,
                self.let_go,
                self.fail,
            ]
        )
        self.story.append(f"  {where}: {what.__name__}")
        what()

    def fail(self) -> None:
        """Raise."""
        raise self.random.choice([ForeignError, ForeignError, SystemExit])

    def policy(self, failures: int) -> float:
        """Return a delay."""
        self.act("retry policy")
        return self.random.choice([0.0, 1.0, 30.0])

    def on_change(self, client: TcpClient) -> Any:
        """Take a change of the connection."""
        self.changes += 1
        return self.behave("connect callback")

    def on_message(self, message: dict[str, Any]) -> Any:
        """Take a message."""
        if message["attempt"] < self.barrier:
            self.failures.append(f"message {message} was delivered after close was called")
        self.delivered.append(message["n"])
        return self.behave("callback")

    def behave(self, where: str) -> Any:
        """Behave as a callback of any kind."""
        kind = self.random.choice(["plain", "coroutine", "waits", "waits", "command", "closes"])
        if kind == "plain" or self.over:
            self.act(where)
            return None
        return self._behave(where, kind)

    async def _behave(self, where: str, kind: str) -> None:
        self.running += 1
        try:
            self.act(where)
            if kind == "waits":
                gate: Deferred[None] = Deferred()
                self.gates.append(gate)
                await gate
                self.act(f"{where} after waiting")
            elif kind == "command":
                try:
                    await self.client.run_command("power", ack_timeout=5)
                except M2ComError:
                    self.act(f"{where} after its command")
            elif kind == "closes" and self.acts < MOST_ACTS and self.random.random() < 0.3:
                self.story.append(f"  {where}: awaits close")
                self.note_close()
                await self.client.close()
        finally:
            self.running -= 1

    # Calls that anybody may make

    def wait(self, name: str, coroutine: Coroutine[Deferred[Any], Any, Any]) -> None:
        """Run a coroutine of the client, and wait for its end."""
        self.waits.append(Wait(self, name, coroutine))

    def connect(self) -> None:
        """Connect."""
        self.wait("connect", self.client.connect(self.random.choice([0, 1, 10])))

    def start(self) -> None:
        """Start."""
        self.client.start(self.random.choice([1, 10]))

    def close(self) -> None:
        """Close."""
        self.note_close()
        self.wait("close", self.client.close())

    def note_close(self) -> None:
        """Record that messages of all attempts so far must not be delivered any more."""
        self.barrier = len(self.endpoint.attempts)

    def write(self) -> None:
        """Write a message or a command that nobody waits for."""
        kind = self.random.choice([MsgType.Command, MsgType.Event])
        self.wait("write", self.client.write_message(kind, "name"))

    def run(self) -> None:
        """Run a command."""
        timeout = self.random.choice([1, 60, None])
        self.wait("run", self.client.run_command("power", timeout=timeout))

    def set_timeout(self) -> None:
        """Set the read timeout."""
        self.client.timeout = self.random.choice([None, 0.5, 5])

    def cancel(self) -> None:
        """Cancel a random coroutine that has not ended."""
        pending = [wait for wait in self.waits if not wait.done]
        if pending:
            self.random.choice(pending).cancel()

    def let_go(self) -> None:
        """Let a waiting callback continue."""
        pending = [gate for gate in self.gates if not gate.called]
        if pending:
            self.random.choice(pending).callback(None)

    # Events of the network

    def lose(self) -> None:
        """Lose a connection."""
        if alive := self.alive():
            self.random.choice(alive).lose(ConnectionLost())

    def receive(self) -> None:
        """Receive messages, statuses of commands, and a line that may be bad."""
        readable = [attempt for attempt in self.alive() if not attempt.transport.disconnecting]
        if not readable:
            return
        attempt = self.random.choice(readable)
        lines = []
        for _ in range(self.random.randrange(5)):
            self.received += 1
            message: dict[str, Any] = {"id": "event", "n": self.received}
            message["attempt"] = self.endpoint.attempts.index(attempt)
            if self.random.random() < 0.3:
                message["id"] = self.random.choice(["ack", "noack", "success", "fail"])
                message["sequence_id"] = self.client.last_sequence_id - self.random.randrange(3)
            lines.append(json.dumps(message).encode())
        lines.append(self.random.choice([b"", b"junk", b"heartbeat", b"x" * 300]))
        attempt.receive(b"\r\n".join([b"", *lines, b""]))

    def answer(self) -> None:
        """Choose the next answer of the endpoint, and end the attempts that wait."""
        self.endpoint.answer = self.random.choice(["later", "later", "accept", "make", "refuse"])
        for attempt in self.dialled():
            choice = self.random.choice(["accept", "accept", "make", "refuse", "late", "lost"])
            if attempt.made:
                attempt.hand_over()
            elif choice == "accept":
                attempt.accept()
            elif choice == "make":
                attempt.make_connection()
            elif choice == "refuse":
                attempt.refuse()
            elif choice == "late":
                attempt.accept_when_cancelled()
            else:
                attempt.accept_and_lose()

    def buffer(self) -> None:
        """Let each transport report that it is full, or that it accepts data again."""
        for attempt in self.alive():
            producer: Any = attempt.transport.producer
            if producer is not None:
                self.random.choice([producer.pauseProducing, producer.resumeProducing])()

    def pass_time(self) -> None:
        """Let time pass."""
        self.clock.advance(self.random.choice([0, 0.1, 1, 2, 5, 30]))

    def dialled(self) -> list[Attempt]:
        """Return the attempts that wait for an answer."""
        return [a for a in self.endpoint.attempts if a.pending and not a.cancelled]

    def alive(self) -> list[Attempt]:
        """Return the connections whose transport has not ended."""
        return [attempt for attempt in self.endpoint.attempts if attempt.connected]

    # The case

    def play(self) -> None:
        """Play the case to its end.  Raise AssertionError if a check fails."""
        steps: list[Callable[[], None]] = [
            self.connect,
            self.start,
            self.close,
            self.write,
            self.run,
            self.set_timeout,
            self.cancel,
            self.let_go,
            self.lose,
            self.receive,
            self.receive,
            self.receive,
            self.answer,
            self.answer,
            self.answer,
            self.buffer,
            self.pass_time,
            self.pass_time,
        ]
        for _ in range(STEPS):
            step = self.random.choice(steps)
            self.story.append(step.__name__)
            step()
            self.check()
        self.end()

    def check_success(self, name: str) -> None:
        """Check the state of the client after a successful call."""
        if name == "connect" and not self.client.connected:
            self.failures.append("connect returned without a connection")

    def check(self) -> None:
        """Check the conditions that hold after every step."""
        state, client = self.client.state, self.client
        assert self.failures == []
        assert self.handler.unexpected == []
        assert self.observer.state is state
        calls: list[Any] = list(self.clock.getDelayedCalls())
        retries = [call for call in calls if call.func.__name__ == "_retry_due"]
        assert len(retries) == (state is ConnectionState.WAITING)
        assert len(self.dialled()) == (state is ConnectionState.CONNECTING)
        usable = [a for a in self.alive() if not a.transport.disconnecting and not a.pending]
        assert len(usable) == client.connected
        assert client.connected <= (state is CONNECTED)
        if client.connected or state is IDLE:
            assert not self.pending("connect")
        if state is not CLOSING:
            assert not self.pending("close")
        if state not in (CONNECTED, CLOSING):
            assert not self.pending("write", "run")
        assert self.delivered == sorted(set(self.delivered))
        if self.running == 0 and state is not CLOSING:
            assert self.changes % 2 == (state is CONNECTED)
            assert client.stats.queue_depth == 0

    def check_ids(self) -> None:
        """Check that the ids of commands have no gap, over all connections."""
        written = b"".join(attempt.transport.value() for attempt in self.endpoint.attempts)
        messages = [json.loads(line) for line in written.splitlines()]
        ids = [message["sequence_id"] for message in messages if "sequence_id" in message]
        assert sorted(ids) == list(range(1, len(ids) + 1))
        assert self.client.last_sequence_id == (max(ids) if ids else -1)

    def pending(self, *names: str) -> list[Wait]:
        """Return the coroutines of these names that have not ended."""
        return [wait for wait in self.waits if wait.name in names and not wait.done]

    def end(self) -> None:
        """Close the client.  Check that everything ends, and that the client works again."""
        self.acts = MOST_ACTS
        self.over = True
        self.story.append("the end")
        self.endpoint.answer = "later"
        self.close()
        for _ in range(20):
            self.let_go()
        self.clock.pump([0, 0, 2, 0, 0])
        self.check()
        assert self.running == 0
        assert self.client.state is IDLE
        assert [wait.name for wait in self.waits if not wait.done] == []
        assert self.alive() == []
        assert self.clock.getDelayedCalls() == []
        self.client.timeout = None
        self.connect()
        self.dialled()[-1].accept()
        assert self.client.connected
        before = len(self.delivered)
        while len(self.delivered) == before:
            self.receive()
            self.let_go()
        self.close()
        self.clock.pump([0, 2, 0])
        self.check()
        self.check_ids()
        assert self.clock.getDelayedCalls() == []
