"""A process whose wall clock changes while timers run.

``python -m tests.support.stepped_clock 3600`` changes the clock by an hour at bad moments.  It
prints a JSON object with the seconds that each running operation took.
"""

import json
import sys
import time

# This must come before the imports of Twisted, which keep the function that they find.
_true_time = time.time
_offset = 0.0


def _stepped_time() -> float:
    return _true_time() + _offset


time.time = _stepped_time

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.task import deferLater, react  # noqa: E402

from m2com_twisted import (  # noqa: E402
    CellControllerService,
    CommandTimeout,
    Elevation,
    ElevationFeeder,
    TcpClient,
)
from m2com_twisted.simulator import CellController  # noqa: E402
from m2com_twisted.support.clock import use_monotonic_clock  # noqa: E402

#: Longest wait for an operation, in seconds.
_PATIENCE = 10.0


def step(seconds: float) -> None:
    """Change the wall clock by a number of seconds."""
    global _offset
    _offset += seconds


class Scenario:
    """A simulator and its clients.  The wall clock changes at bad moments."""

    def __init__(self, reactor: Any, seconds: float) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._controller = CellController(reactor=reactor)
        self.took: dict[str, float | None] = {}

    async def run(self) -> None:
        """Run all parts of the scenario."""
        await self._controller.start()
        await self._service()
        await self._silence()
        await self._command()
        await self._controller.stop()

    async def _measure(self, what: str, done: Callable[[], object]) -> None:
        """Change the wall clock, and measure the time until a condition holds."""
        step(self._seconds)
        begun = time.monotonic()
        while not done() and time.monotonic() < begun + _PATIENCE:
            await deferLater(self._reactor, 0.02)
        self.took[what] = time.monotonic() - begun if done() else None

    async def _service(self) -> None:
        """Measure whether the service still sends the elevation, and connects again."""
        feeder = ElevationFeeder(lambda: Elevation(60.0, time.monotonic()))
        service = CellControllerService(
            "127.0.0.1",
            self._controller.command_port,
            self._controller.telemetry_port,
            elevation=feeder,
            reactor=self._reactor,
        )
        service.startService()
        await self._measure("connecting", lambda: service.state.both_up)
        sent = feeder.sent
        await self._measure("feeding", lambda: feeder.sent >= sent + 20)
        stats = service.stats
        self.took["cut"] = stats.command.connects + stats.telemetry.connects - 2
        self._controller.inject("drop")
        self._controller.inject("drop", port="telemetry")
        await deferLater(self._reactor, 0.1)
        await self._measure("redialling", lambda: service.state.both_up)
        await service.stopService()

    async def _silence(self) -> None:
        """Measure whether a read timeout ends a connection when the peer becomes silent."""
        client = TcpClient(
            "127.0.0.1", self._controller.telemetry_port, _ignore, reactor=self._reactor
        )
        client.timeout = 1.0
        await client.connect()
        await self._measure("hearing", lambda: client.stats.messages > 100)
        self._controller.inject("silence", port="telemetry")
        await self._measure("noticing silence", lambda: not client.connected)
        await client.close()

    async def _command(self) -> None:
        """Measure whether a command without an answer times out."""
        client = TcpClient(
            "127.0.0.1", self._controller.command_port, _ignore, reactor=self._reactor
        )
        await client.connect()
        self._controller.inject("missing-success")
        errors: list[BaseException | None] = []
        running = Deferred.fromCoroutine(client.run_command("clearErrors", timeout=1.0))
        running.addErrback(lambda failure: errors.append(failure.value))
        await self._measure("giving a command up", lambda: running.called)
        if not isinstance(errors[0], CommandTimeout):
            self.took["giving a command up"] = None
        await client.close()


def _ignore(message: object) -> None:
    """Take a message, and do nothing."""


async def _main(reactor: Any, seconds: str) -> None:
    use_monotonic_clock(reactor)
    scenario = Scenario(reactor, float(seconds))
    await scenario.run()
    print(json.dumps(scenario.took))


if __name__ == "__main__":
    react(_main, sys.argv[1:])
