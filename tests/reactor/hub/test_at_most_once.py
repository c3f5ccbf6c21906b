"""Commands through a hub whose server and service are killed at random moments.

The script is a few seconds long; ``M2_CHAOS_SECONDS`` and ``M2_CHAOS_SEED`` in the environment make
it longer and another one.
"""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_twisted
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from m2com_twisted import CommandError, CommandStage, NotConnectedError
from m2com_twisted.hub import HubSettings
from m2com_twisted.simulator import CellController
from m2com_twisted.wire.codec import Message
from tests.support.coroutines import start
from tests.support.hub import PATIENCE, Reader, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.programs import script
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server

SECONDS = float(os.environ.get("M2_CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("M2_CHAOS_SEED", "1"))

#: Callers at the same time.
CALLERS = 4

#: Seconds that a caller may be told after its deadline: what a busy machine takes to run us again.
SLACK = 2.0


class Service:
    """The service as a process of its own, which can be killed."""

    def __init__(self, controller: CellController, server: NatsServer, directory: Path) -> None:
        self._arguments = [
            *(script("twistd"), "-n", "--pidfile=", "m2com"),
            *("-c", str(controller.command_port), "-t", str(controller.telemetry_port)),
            *("--hub", server.url, "--hub-commands", "positionMirror"),
        ]
        self._log = (directory / "service.log").open("ab")
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it is not waited for."""
        self._process = subprocess.Popen(
            self._arguments,
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Kill it, and close its log."""
        self.kill()
        self._log.close()


class Executed:
    """Counts how often the controller was sent each command."""

    def __init__(self, controller: CellController) -> None:
        self._controller = controller
        self._seen: Message | None = None
        self.counts: Counter[int] = Counter()

    def look(self) -> None:
        """Count what has come since the last look; the controller remembers the last thousand."""
        received = self._controller.received
        known = next((n + 1 for n, message in enumerate(received) if message is self._seen), 0)
        for message in received[known:]:
            if message.get("id") == "cmd_positionMirror":
                self.counts[round(message["x"] * 1000)] += 1
        self._seen = received[-1] if received else None


class Chaos:
    """What happens, and what everybody was told."""

    def __init__(self, one: Reader, server: NatsServer, service: Service) -> None:
        self._random = random.Random(SEED)
        self._one = one
        self._server = server
        self._service = service
        self._end = the_reactor().seconds() + SECONDS
        self._numbers = iter(range(1, 10**9))
        #: What the caller of each command was told, attempt by attempt.
        self.told: dict[int, list[str]] = {}
        self.kills: Counter[str] = Counter()
        self.late: list[float] = []

    @property
    def _goes_on(self) -> bool:
        return bool(the_reactor().seconds() < self._end)

    async def break_things(self) -> None:
        """Kill the service, kill the server, have it stand still, and bring back what was."""
        while self._goes_on:
            await self._sleep(0.3, 2.0)
            what = self._random.choice(["service", "service", "server", "pause"])
            self.kills[what] += 1
            if what == "service":
                self._service.kill()
                await self._sleep(0.0, 0.5)
                self._service.start()
                # Time to begin, and to take some commands.
                await self._sleep(1.5, 4.0)
            elif what == "server":
                self._server.kill()
                await self._sleep(0.0, 1.0)
                self._server.start()
            else:
                self._server.pause()
                await self._sleep(0.0, 1.0)
                self._server.resume()

    async def call(self) -> None:
        """Send one command after the other, some of them again where they were not done."""
        while self._goes_on:
            number = next(self._numbers)
            self.told[number] = []
            for _ in range(3):
                told = await self._call_once(number)
                self.told[number].append(told)
                if told == "done" or self._random.random() < 0.4:
                    break
                await self._sleep(0.0, 0.5)
            await self._sleep(0.0, 0.1)

    async def _call_once(self, number: int) -> str:
        timeout = self._random.choice([0.2, 0.5, 1.0, 3.0])
        began = the_reactor().seconds()
        try:
            await self._one.controller.run_command(
                "positionMirror", {"x": number / 1000}, timeout=timeout, request_id=f"r{number}"
            )
            return "done"
        except NotConnectedError:
            return "not sent"
        except CommandError as error:
            if error.stage is CommandStage.NEVER_SENT:
                return "not sent"
            return "unknown" if error.outcome_unknown else "done"
        finally:
            self.late.append(the_reactor().seconds() - began - timeout)

    async def _sleep(self, least: float, most: float) -> None:
        await deferLater(the_reactor(), self._random.uniform(least, most))


@asynccontextmanager
async def counting(controller: CellController) -> AsyncIterator[Executed]:
    """Count what the controller is sent, for as long as the context lasts."""
    executed = Executed(controller)
    is_over = False

    async def look() -> None:
        while not is_over:
            executed.look()
            await deferLater(the_reactor(), 0.05)

    looking = start(look())
    yield executed
    # What is still on its way has arrived by then.
    await deferLater(the_reactor(), 1.0)
    is_over = True
    await looking
    executed.look()


@pytest_twisted.ensureDeferred
async def test_no_command_is_executed_twice(
    own_server: NatsServer, controller: CellController, tmp_path: Path
) -> None:
    """Whichever process is killed, no command is executed twice, or after it was called unsent."""
    service = Service(controller, own_server, tmp_path)
    service.start()
    try:
        async with reader(HubSettings.parse(own_server.url), wait=False) as one:
            await until(lambda: one.controller.state.both_up, PATIENCE)
            chaos = Chaos(one, own_server, service)
            async with counting(controller) as executed:
                callers = [start(chaos.call()) for _ in range(CALLERS)]
                await gatherResults([*callers, start(chaos.break_things())])
    finally:
        service.close()
    counts, told = executed.counts, chaos.told
    sums = Counter(word for words in told.values() for word in words)
    print(f"{dict(sums)}, executed {sum(counts.values())}, {dict(chaos.kills)}", file=sys.stderr)
    assert [number for number, count in counts.items() if count > 1] == []
    unsent = {number for number, words in told.items() if set(words) == {"not sent"}}
    assert sorted(unsent & set(counts)) == []
    done = {number for number, words in told.items() if "done" in words}
    assert sorted(done - set(counts)) == []
    assert max(chaos.late) < SLACK
    # Otherwise it shows nothing.
    assert done
    assert sums["unknown"] + sums["not sent"] > 0
