"""TestCases for trial: each test has a bench of its own."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import TestResult

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..simulator import DEFAULT, CellController, Profile
from ..tcp_client import TcpClient
from .bench import Bench, PortName, SocketBench
from .memory_bench import MemoryBench

__all__ = ["MemoryTestCase", "SocketTestCase"]


class _OnBench(SynchronousTestCase):
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

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)  # type: ignore[no-untyped-call]  # trial's
        self._method_name = methodName
        self._test_begun = False

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

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Override: run the test through `_run_test`.

        Only now is it replaced: by then trial has made sure that it is the
        method that was asked for.
        """
        test = getattr(type(self), self._method_name).__get__(self)
        replaced = functools.wraps(test)(functools.partial(self._run_test, test))
        # It is no coroutine function, whatever is found under it.
        del replaced.__wrapped__
        self._test_begun = False
        setattr(self, self._method_name, replaced)
        super().run(result)  # type: ignore[no-untyped-call]  # trial's
        return result

    def _run_test(self, test: Callable[[], object]) -> object:
        """Run the test; to be overridden."""
        self._test_begun = True
        outcome = test()
        # Trial looks for it before, but sees this method now.
        if inspect.isgenerator(outcome):
            raise TypeError(f"{test!r} is a generator function and would never run.")
        return outcome

    async def _end_unless_test_begun(self) -> None:
        """Stop the bench where no `tearDown` will: one that a subclass failed to set up.

        A cleanup; trial makes these before it tears down.
        """
        if not self._test_begun:
            await self.bench.end()

    def _bench_options(self) -> dict[str, Any]:
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

        self.bench = SocketBench(reactor, **self._bench_options())
        await self.bench.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(self._end_unless_test_begun()))

    async def tearDown(self) -> None:  # type: ignore[override]
        """Stop the bench, and judge."""
        await self.bench.stop()


class MemoryTestCase(_OnBench):
    """A trial TestCase with a simulator and clients in memory, and time that it controls.

    As `SocketTestCase`, but tests take no time and need no reactor.  A test
    may be a coroutine, or return a Deferred: time passes, as far as it has to,
    whenever it waits.  In a test that is neither, and in `setUp` and
    `tearDown`, which are plain methods here, time passes by
    ``self.bench.advance(seconds)`` and ``self.bench.run(coroutine)``.

    Attributes
    ----------
    bench
        The `MemoryBench`.
    time_limit
        Seconds that a test may wait for on its clock; to be overridden.
    """

    bench: MemoryBench
    time_limit = 3600.0

    def _run_test(self, test: Callable[[], object]) -> object:
        outcome = super()._run_test(test)
        if isinstance(outcome, Awaitable):
            self.bench.run(_wait_for(outcome), self.time_limit)
        return None

    def setUp(self) -> None:
        """Set up the bench."""
        super().setUp()
        self.bench = MemoryBench(**self._bench_options())
        self.bench.run(self.bench.start())
        self.addCleanup(lambda: self.bench.run(self._end_unless_test_begun()))

    def tearDown(self) -> None:
        """Stop the bench, and judge."""
        self.bench.run(self.bench.stop())
        super().tearDown()


async def _wait_for(outcome: Awaitable[object]) -> None:
    await outcome
