"""A day and a night of traffic in virtual time, with a fault in every minute.

What the simulator wrote, noted at its own end, is compared with what was delivered; what became of
each command, with the statuses that arrived for it.
"""

import gc
import json
import resource
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import (
    ClientClosedError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
    ConnectFailedError,
    ConnectionState,
    LineObserver,
    NotConnectedError,
    TcpClient,
)
from m2com_twisted.simulator.ports.injection import INJECTIONS
from m2com_twisted.testing import MemoryBench
from m2com_twisted.testing.memory import MemoryPort
from tests.soak.witness import Witness, WitnessedConnection

__all__ = ["Day", "DayReport"]

# Seconds of silence that end a connection: half-open ones must end, and 15 s later all is well.
_SILENCE = 10.0

# Commands that any state of the mirror answers, with success, fail or noack.
_COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("clearErrors", {}),
    ("power", {"powerType": 1, "status": True}),
    ("power", {"powerType": 2, "status": True}),
    ("power", {"powerType": 1, "status": False}),
    ("switchForceBalanceSystem", {"status": True}),
    ("positionMirror", dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot"), 0.0)),
    ("resetForceOffsets", {}),
    ("setTemperatureOffset", {"ring": [0.0] * 4}),
    ("switchCommandSource", {"isRemote": True}),
    ("noSuchCommand", {}),
]

# Bytes that the process may grow by after the first hour.  The client remembers the last 11,000
# commands, and nothing else for longer than a connection.
_GROWTH = 10_000_000

_FINAL = ("noack", "fail", "success")


@dataclass
class DayReport:
    """What was counted; `problems` is empty if all was as it must be."""

    hours: float
    seconds_taken: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    lost_on_the_way: int = 0
    connections: int = 0
    memory: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Ledger(LineObserver):
    """Compares what one client delivers with what the simulator wrote to it."""

    def __init__(self, witness: Witness, note_problem: Callable[[str], None]) -> None:
        self._witness = witness
        self._note_problem = note_problem
        self._connection: WitnessedConnection | None = None
        # Messages that arrived and are to be delivered.
        self._arrived: deque[Any] = deque()
        #: The statuses that arrived for each command that is not over.
        self.statuses: dict[int, Counter[str]] = {}
        #: Ids of the commands that were written.
        self.sent_ids: list[int] = []
        self.delivered = self.lost = 0

    # What the client shows

    def connection(self, state: ConnectionState) -> None:
        """Override: from a new connection on, its lines are expected."""
        if state is ConnectionState.CONNECTED:
            self._connection = self._witness.last
        elif self._connection is not None:
            # What the simulator wrote and never arrived, since the connection ended.
            self.lost += len(self._connection.written)
            self._connection.written.clear()
            self._connection = None

    def received(self, line: bytes, message: dict[str, Any]) -> None:
        """Override: it must be the next line that the simulator wrote."""
        self._expect(line)
        self._arrived.append(message)
        if "sequence_id" in message:
            self.statuses.setdefault(message["sequence_id"], Counter())[message["id"]] += 1

    def bad(self, line: bytes, reason: str) -> None:
        """Override: it must be the next line, or the beginning of it."""
        self._expect(line)

    def sent(self, line: bytes) -> None:
        """Override: note the id of a command."""
        if b'"sequence_id"' in line:
            self.sent_ids.append(json.loads(line)["sequence_id"])

    def _expect(self, line: bytes) -> None:
        written = self._connection.written.popleft() if self._connection is not None else b""
        if written != line and not (len(line) > 1000 and written.startswith(line)):
            self._note_problem(f"arrived: {line[:80]!r}, but written: {written[:80]!r}")

    # What the callback takes

    def deliver(self, message: dict[str, Any]) -> None:
        """Take a message, which must be the next one that arrived; a loss drops none of them."""
        self.delivered += 1
        if not self._arrived or self._arrived.popleft() is not message:
            self._note_problem(f"delivered twice or out of order: {str(message)[:80]}")

    def forget_undelivered(self) -> None:
        """Count as lost what a close has dropped before the callback."""
        self.lost += len(self._arrived)
        self._arrived.clear()


class Day:
    """A bench in memory on which something goes wrong in every minute.

    Parameters
    ----------
    hours
        How long, in virtual time.
    seed
        Chooses what goes wrong, and when.
    telemetry
        Whether the telemetry port is used too, which takes most of the time.
    """

    def __init__(self, hours: float, seed: int, *, telemetry: bool = True) -> None:
        self._random = Random(seed)
        self.report = DayReport(hours)
        self._bench = MemoryBench(seed=seed, connect=())
        clock = self._bench.clock
        controller = self._bench.controller
        self._names = ["command", "telemetry"] if telemetry else ["command"]
        factories = {
            "command": controller.command_factory,
            "telemetry": controller.telemetry_factory,
        }
        self._ledgers: dict[str, Ledger] = {}
        self._clients: dict[str, TcpClient] = {}
        for name in self._names:
            witness = Witness(factories[name])
            port: Any = name
            self._bench.ports[port] = MemoryPort(witness, clock)
            ledger = self._ledgers[name] = Ledger(witness, self._note_problem)
            client = self._bench.client(port, ledger.deliver, observers=[ledger])
            client.timeout = _SILENCE
            self._clients[name] = client

    def run(self) -> DayReport:
        """Let the time pass, and return what was counted."""
        begun = time.monotonic()
        bench = self._bench
        bench.run(bench.start())
        try:
            bench.run(self._live(), within=float("inf"))
        finally:
            try:
                bench.run(bench.stop())
            except AssertionError as error:
                self._note_problem(str(error))
        self._judge_the_end()
        self.report.seconds_taken = time.monotonic() - begun
        return self.report

    def _note_problem(self, what: str) -> None:
        # The first ones say it all.
        if len(self.report.problems) < 20:
            self.report.problems.append(f"at {self._bench.clock.seconds():.1f} s: {what}")

    async def _live(self) -> None:
        faults = self._faults()
        commands = Deferred.fromCoroutine(self._command_without_end())
        for client in self._clients.values():
            client.start()
        for minute in range(round(self.report.hours * 60)):
            self._schedule(self._fault, next(faults))
            self._schedule(self._act)
            await self._bench.sleep(60)
            if minute % 60 == 59:
                gc.collect()
                self.report.memory.append(_resident_bytes())
        commands.addErrback(lambda failure: failure.trap(CancelledError))
        commands.cancel()
        # Long enough for all that was begun in the last minute.
        await self._bench.sleep(120)

    def _schedule(self, function: Callable[..., object], *arguments: object) -> None:
        self._bench.clock.callLater(self._random.uniform(0, 50), function, *arguments)

    # Faults

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Yield every injection for every port, again and again, each time in another order."""
        kinds = [(name, port) for name in INJECTIONS for port in self._names]
        while True:
            self._random.shuffle(kinds)
            yield from kinds

    def _fault(self, kind: tuple[str, str]) -> None:
        name, port = kind
        self.report.faults[f"{name}"] += 1
        chosen: Any = port
        seconds = 3.0 if name == "late-ack" else None
        self._bench.controller.inject(name, port=chosen, seconds=seconds)
        if name == "slow-drip":
            # It goes on for as long as the connection lasts.
            self._schedule(partial(self._bench.controller.inject, "reset", port=chosen))

    # What the application, and the network, do meanwhile

    def _act(self) -> None:
        action = self._random.choice(
            [
                self._close_and_connect,
                self._close_and_start,
                self._close_twice_and_connect_at_once,
                self._connect_and_start_while_up,
                self._connect_and_cancel,
                self._refuse,
                self._give_no_answer,
                self._restart_the_controller,
            ]
        )
        self.report.actions[action.__name__.strip("_").replace("_", " ")] += 1
        name = self._random.choice(self._names)
        self._begin(action(name, self._clients[name]))

    def _begin(self, coroutine: Coroutine[Deferred[Any], Any, object]) -> Deferred[object]:
        def failed(failure: Any) -> None:
            expected = (ClientClosedError, ConnectFailedError, CancelledError)
            if not failure.check(*expected):
                self._note_problem(f"raised: {failure.value!r}")

        return Deferred.fromCoroutine(coroutine).addErrback(failed)

    async def _close(self, name: str, client: TcpClient) -> None:
        await client.close()
        self._ledgers[name].forget_undelivered()

    async def _close_and_connect(self, name: str, client: TcpClient) -> None:
        await self._close(name, client)
        await self._bench.sleep(self._random.uniform(0, 5))
        client.start()
        await client.connect()

    async def _close_and_start(self, name: str, client: TcpClient) -> None:
        closing = self._begin(self._close(name, client))
        client.start()
        await closing

    async def _close_twice_and_connect_at_once(self, name: str, client: TcpClient) -> None:
        closings = [self._begin(self._close(name, client)) for _ in range(2)]
        connecting = self._begin(client.connect())
        for closing in closings:
            await closing
        await connecting
        client.start()

    async def _connect_and_start_while_up(self, name: str, client: TcpClient) -> None:
        client.start()
        await client.connect()

    async def _connect_and_cancel(self, name: str, client: TcpClient) -> None:
        connecting = self._begin(client.connect())
        await self._bench.sleep(self._random.uniform(0, 2))
        connecting.cancel()
        client.start()

    async def _refuse(self, name: str, client: TcpClient) -> None:
        await self._answer(name, "refuse")

    async def _give_no_answer(self, name: str, client: TcpClient) -> None:
        await self._answer(name, "nothing")

    async def _answer(self, name: str, answer: Any) -> None:
        port: Any = name
        self._bench.ports[port].answer = answer
        chosen: Any = name
        self._bench.controller.inject("reset", port=chosen)
        await self._bench.sleep(self._random.uniform(1, 30))
        self._bench.ports[port].answer = "accept"

    async def _restart_the_controller(self, name: str, client: TcpClient) -> None:
        await self._bench.controller.stop()
        await self._bench.sleep(self._random.uniform(1, 20))
        await self._bench.start_controller()

    # Commands

    async def _command_without_end(self) -> None:
        client = self._clients["command"]
        while True:
            for _ in range(self._random.choice((1, 1, 1, 3))):
                self._begin(self._command(client))
            await self._bench.sleep(self._random.uniform(0.1, 20))

    async def _command(self, client: TcpClient) -> None:
        name, details = self._random.choice(_COMMANDS)
        statuses = self._ledgers["command"].statuses
        try:
            outcome = await client.run_command(name, details, ack_timeout=5.0, timeout=15.0)
        except NotConnectedError:
            self.report.outcomes["not connected"] += 1
        except (CommandRejected, CommandFailed, CommandTimeout, CommandLost) as error:
            self.report.outcomes[type(error).__name__] += 1
            self._judge(type(error).__name__, error.sequence_id, error.stage, statuses)
        else:
            self.report.outcomes["success"] += 1
            self._judge("success", outcome.sequence_id, CommandStage.ACKNOWLEDGED, statuses)

    def _judge(
        self,
        outcome: str,
        sequence_id: int | None,
        stage: CommandStage,
        statuses: dict[int, Counter[str]],
    ) -> None:
        """Compare what became of a command with the statuses that arrived for it."""
        if sequence_id is None:
            return
        arrived = statuses.pop(sequence_id, Counter())
        final = next((status for status in _FINAL if arrived[status]), None)
        expected = {"noack": "CommandRejected", "fail": "CommandFailed", "success": "success"}
        if final is not None and expected[final] != outcome:
            self._note_problem(f"command {sequence_id}: {outcome}, but there came {dict(arrived)}")
        if final is None and outcome not in ("CommandTimeout", "CommandLost"):
            self._note_problem(f"command {sequence_id}: {outcome}, but no final status came")
        if final is None and (stage is CommandStage.ACKNOWLEDGED) != (arrived["ack"] > 0):
            self._note_problem(f"command {sequence_id}: {stage}, but there came {dict(arrived)}")

    # The end

    def _judge_the_end(self) -> None:
        report = self.report
        for name, client in self._clients.items():
            ledger = self._ledgers[name]
            report.delivered += ledger.delivered
            report.lost_on_the_way += ledger.lost
            report.connections += client.stats.connects
        if report.memory and report.memory[-1] - report.memory[0] > _GROWTH:
            self._note_problem(f"memory grew from {report.memory[0]} to {report.memory[-1]} bytes")
        ledger = self._ledgers["command"]
        sent = ledger.sent_ids
        received = ledger._witness.received_ids
        if sent != sorted(set(sent)):
            self._note_problem("a sequence id was sent twice")
        if received != sorted(set(received)) or not set(received) <= set(sent):
            self._note_problem("the simulator received a command twice, or one that was not sent")


def _resident_bytes() -> int:
    """Return the memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
