"""TestCases for trial: each test has a bench of its own."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..simulator import DEFAULT, CellController, Profile
from ..tcp_client import TcpClient
from .bench import Bench, MemoryBench, PortName, SocketBench

__all__ = ["MemoryTestCase", "SocketTestCase"]


class _OnBench:
    """What tests on a bench have, over sockets or in memory.

    Attributes
    ----------
    profile, seed
        Of the simulator; to be overridden.
    connect
        Which of the two clients are connected when a test begins; to be
        overridden.
    """

    profile: Profile = DEFAULT
    seed: int | None = 1
    connect: tuple[PortName, ...] = ("command", "telemetry")
    bench: Bench

    @property
    def controller(self) -> CellController:
        """The simulator."""
        return self.bench.controller

    @property
    def commands(self) -> TcpClient:
        """The client of the command port."""
        return self.bench.commands

    @property
    def telemetry(self) -> TcpClient:
        """The client of the telemetry port."""
        return self.bench.telemetry

    def _options(self) -> dict[str, Any]:
        return {"profile": self.profile, "seed": self.seed, "connect": self.connect}


class SocketTestCase(_OnBench, TestCase):
    """A trial TestCase with a simulator on real sockets, and clients connected to it.

    A test fails when an error is logged that it does not flush, when a script
    is not followed, or when anything is left running.  Tests are coroutines or
    return Deferreds.  What overrides `setUp` begins, and what overrides
    `tearDown` ends, with awaiting this one.

    Attributes
    ----------
    bench
        The `SocketBench`.
    """

    bench: SocketBench

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes a coroutine too
        """Set up the bench."""
        from twisted.internet import reactor

        self.bench = SocketBench(reactor, **self._options())
        await self.bench.start()

    async def tearDown(self) -> None:  # type: ignore[override]
        """Stop the bench, and judge."""
        await self.bench.stop()


class MemoryTestCase(_OnBench, SynchronousTestCase):
    """A trial TestCase with a simulator and clients in memory, and time that it controls.

    As `SocketTestCase`, but tests take no time and need no reactor.  A test
    may be a coroutine: time passes, as far as it has to, whenever it waits.
    In a test that is none, time passes by ``self.bench.advance(seconds)`` and
    ``self.bench.run(coroutine)``.

    Attributes
    ----------
    bench
        The `MemoryBench`.
    time_limit
        Seconds that a test that is a coroutine may take on its clock; to be
        overridden.
    """

    bench: MemoryBench
    time_limit = 3600.0

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)  # type: ignore[no-untyped-call]  # trial's
        test = getattr(self, methodName)
        if inspect.iscoroutinefunction(test):
            setattr(self, methodName, self._in_virtual_time(test))

    def _in_virtual_time(self, test: Callable[[], Any]) -> Callable[[], None]:
        @functools.wraps(test)
        def run() -> None:
            self.bench.run(test(), self.time_limit)

        # It is no coroutine function, whatever inspect finds under it.
        del run.__wrapped__
        return run

    def setUp(self) -> None:
        """Set up the bench."""
        super().setUp()
        self.bench = MemoryBench(**self._options())
        self.bench.run(self.bench.start())

    def tearDown(self) -> None:
        """Stop the bench, and judge."""
        self.bench.run(self.bench.stop())
        super().tearDown()
