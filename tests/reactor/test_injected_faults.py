"""What the client does about each fault that the simulator can be asked for.

Sockets are real, time is not: client and simulator share one Clock.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from m2com_twisted import CommandLost, CommandOutcome, CommandTimeout, TcpClient
from m2com_twisted.catalogue.faults import FAULTS, Fault, faults_in
from m2com_twisted.errors import CommandStage
from m2com_twisted.simulator import CellController
from m2com_twisted.wire.codec import Message
from tests.support.waiting import the_reactor, turn, until

COMMAND = "saveMirrorPosition"


class Link:
    """A controller, a client of its command port, and their time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.controller = CellController(seed=1, clock=self.clock)
        self.heard: list[Message] = []
        self.client = self.make_client(0)

    def make_client(self, port: int) -> TcpClient:
        """Return a client that dials again after a second."""
        return TcpClient(
            "127.0.0.1",
            port,
            self._hear,
            reactor=self.clock,
            endpoint=TCP4ClientEndpoint(the_reactor(), "127.0.0.1", port),
            retry_policy=lambda attempt: 1.0,
        )

    def _hear(self, message: Message) -> None:
        self.heard.append(message)

    async def pass_time(self, seconds: float, condition: Callable[[], object]) -> None:
        """Let time pass in small steps, until something holds and no longer."""
        steps = round(seconds / 0.01)
        while not condition():
            assert steps, "it did not come about in time"
            steps -= 1
            self.clock.advance(0.01)
            await turn()

    async def run(self) -> CommandOutcome:
        """Run a command that is answered without a fault."""
        return await self.client.run_command(COMMAND, timeout=5, ack_timeout=5)

    def begin(self) -> tuple[Deferred[Any], list[BaseException | None]]:
        """Begin a command that has half a second; return what it fails with, later."""
        errors: list[BaseException | None] = []

        def failed(failure: Failure) -> None:
            errors.append(failure.value)

        running: Deferred[Any] = Deferred.fromCoroutine(
            self.client.run_command(COMMAND, timeout=0.5, ack_timeout=0.5)
        )
        running.addCallbacks(lambda outcome: None, failed)
        return running, errors


@pytest_twisted.async_yield_fixture
async def link() -> AsyncIterator[Link]:
    """Connect a client to a controller."""
    link = Link()
    await link.controller.start()
    link.client = link.make_client(link.controller.command_port)
    await link.client.connect()
    await until(lambda: len(link.heard) >= 99)
    yield link
    await link.client.close()
    await link.controller.stop()
    assert link.clock.getDelayedCalls() == []


@pytest.mark.parametrize(("name", "reason"), [("drop", ConnectionDone), ("reset", ConnectionLost)])
@pytest_twisted.ensureDeferred
async def test_drop_and_reset(link: Link, name: str, reason: type[Exception]) -> None:
    """A command under way is lost at once; the client comes back and is served."""
    link.controller.inject("missing-success")
    running, errors = link.begin()
    await until(lambda: {"id": "ack", "sequence_id": 1} in link.heard)
    link.controller.inject(name)
    await until(lambda: not link.client.connected)
    await running
    [error] = errors
    assert isinstance(error, CommandLost)
    assert error.stage is CommandStage.ACKNOWLEDGED
    assert isinstance(link.client.stats.last_error, reason)
    await link.pass_time(2, lambda: link.client.connected)
    assert (await link.run()).sequence_id == 2


@pytest.mark.parametrize("name", ["half-open", "silence"])
@pytest_twisted.ensureDeferred
async def test_no_life(link: Link, name: str) -> None:
    """The read timeout gives the connection up; the client comes back and is served."""
    link.client.timeout = 3.0
    link.controller.inject(name)
    await link.pass_time(3.2, lambda: not link.client.connected)
    await link.pass_time(2, lambda: link.client.connected)
    await link.run()
    assert link.client.stats.connects == 2


@pytest_twisted.ensureDeferred
async def test_slow_drip(link: Link) -> None:
    """Messages come out whole, however slowly, and a command just takes longer."""
    link.controller.inject("slow-drip")
    before = len(link.heard)
    running = Deferred.fromCoroutine(link.run())
    await link.pass_time(4, lambda: running.called)
    assert (await running).latency > 0.5
    assert link.heard[before]["id"] == "ack"
    assert link.client.stats.bad_lines == 0


@pytest_twisted.ensureDeferred
async def test_accept_then_close(link: Link) -> None:
    """The client keeps trying, a second apart, until it is let in."""
    link.controller.inject("accept-then-close", count=3)
    link.controller.inject("drop")
    await link.pass_time(10, lambda: link.client.stats.connects == 5)
    assert link.clock.seconds() >= 4
    await until(lambda: link.heard.count({"id": "tcpIpConnected", "isConnected": True}) == 2)
    await link.run()


@pytest.mark.parametrize(
    ("name", "counter"),
    [
        ("garbage-line", "bad_lines"),
        ("invalid-utf8", "bad_lines"),
        ("oversize-line", "oversize_lines"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_bad_lines(link: Link, name: str, counter: str) -> None:
    """A bad line is counted and skipped; the connection stays, and the next line is delivered."""
    link.controller.inject(name)
    await link.run()
    assert getattr(link.client.stats, counter) == 1
    assert link.client.stats.connects == 1
    await until(lambda: link.heard[-1]["id"] == "success")


@pytest_twisted.ensureDeferred
async def test_late_ack(link: Link) -> None:
    """The command times out, its outcome unknown; the late answers complete no other."""
    link.controller.inject("late-ack", seconds=1.0)
    running, errors = link.begin()
    await link.pass_time(0.6, lambda: running.called)
    [error] = errors
    assert isinstance(error, CommandTimeout)
    assert error.stage is CommandStage.SENT
    assert error.outcome_unknown
    following = Deferred.fromCoroutine(link.run())
    await link.pass_time(1, lambda: following.called)
    assert (await following).sequence_id == 2
    answers = [(m["id"], m["sequence_id"]) for m in link.heard if "sequence_id" in m]
    assert answers == [("ack", 1), ("success", 1), ("ack", 2), ("success", 2)]


@pytest_twisted.ensureDeferred
async def test_missing_ack(link: Link) -> None:
    """The final answer is enough."""
    link.controller.inject("missing-ack")
    outcome = await link.run()
    assert outcome.accepted_at is None
    assert (await link.run()).accepted_at is not None


@pytest.mark.parametrize("name", ["missing-success", "wrong-id"])
@pytest_twisted.ensureDeferred
async def test_no_final_answer(link: Link, name: str) -> None:
    """The command times out although acknowledged; a stranger's answer completes nothing."""
    link.controller.inject(name)
    running, errors = link.begin()
    await link.pass_time(0.6, lambda: running.called)
    [error] = errors
    assert isinstance(error, CommandTimeout)
    assert error.stage is CommandStage.ACKNOWLEDGED
    assert (await link.run()).sequence_id == 2


@pytest_twisted.ensureDeferred
async def test_duplicate_success(link: Link) -> None:
    """The second completes no other command."""
    link.controller.inject("duplicate-success")
    assert (await link.run()).sequence_id == 1
    link.controller.inject("missing-success")
    running, errors = link.begin()
    await link.pass_time(0.6, lambda: running.called)
    assert [type(error) for error in errors] == [CommandTimeout]
    assert link.heard.count({"id": "success", "sequence_id": 1}) == 2


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.code))
@pytest_twisted.ensureDeferred
async def test_each_fault(link: Link, fault: Fault) -> None:
    """The client hears of it, and the table says what it is; commands go on."""
    await link.pass_time(0.2, lambda: link.heard[-1]["id"] == "summaryFaultsStatus")
    await link.client.run_command("clearErrors")
    link.heard.clear()
    link.controller.inject(f"fault-{fault.code}")
    await link.pass_time(
        0.2, lambda: any(message["id"] == "summaryFaultsStatus" for message in link.heard)
    )
    [status] = [m["status"] for m in link.heard if m["id"] == "summaryFaultsStatus"]
    assert faults_in(status) == [fault]
    await link.run()
