"""TestCases for trial: each test has its own bench."""

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
    """Base of the TestCases over sockets and in memory.

    Attributes
    ----------
    profile, seed
        Profile and seed of the simulator.  A subclass may override them.
    connect
        The clients that are connected when a test begins.  A subclass may override this.
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

        Before this, trial checks that the test has the requested method.  So the method is
        replaced only here.
        """
        test = getattr(type(self), self._method_name).__get__(self)
        replaced = functools.wraps(test)(functools.partial(self._run_test, test))
        # `replaced` is no coroutine function, even if the wrapped test is one.
        del replaced.__wrapped__
        self._test_begun = False
        setattr(self, self._method_name, replaced)
        super().run(result)  # type: ignore[no-untyped-call]  # trial's
        return result

    def _run_test(self, test: Callable[[], object]) -> object:
        """Run the test; subclasses override this."""
        self._test_begun = True
        outcome = test()
        # Trial would refuse a generator function, but it sees `_run_test` instead.
        if inspect.isgenerator(outcome):
            raise TypeError(f"{test!r} is a generator function and would never run.")
        return outcome

    async def _end_unless_test_begun(self) -> None:
        """Stop the bench if the `setUp` of a subclass failed, because no `tearDown` follows.

        This is a cleanup.  Trial runs cleanups before `tearDown`.
        """
        if not self._test_begun:
            await self.bench.end()

    def _bench_options(self) -> dict[str, Any]:
        return {"profile": self.profile, "seed": self.seed, "connect": self.connect}


class SocketTestCase(_OnBench, TestCase):
    """A trial TestCase with a simulator on real sockets, and clients connected to it.

    A test fails if it logs an error and does not flush it, if a script is not
    followed, or if anything is left running.  Tests are coroutines or return
    Deferreds.  A subclass that overrides `setUp` awaits the inherited one first;
    one that overrides `tearDown` awaits the inherited one last.

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
        """Stop the bench, which checks what happened."""
        await self.bench.stop()


class MemoryTestCase(_OnBench):
    """A trial TestCase with a simulator and clients in memory, in virtual time.

    It is like `SocketTestCase`, but tests take no real time and need no reactor.
    A test may be a coroutine or return a Deferred.  While it waits, virtual time
    passes as far as necessary.  Other tests, `setUp` and `tearDown` are plain methods.
    They let time pass with ``self.bench.advance(seconds)`` and
    ``self.bench.run(coroutine)``.

    Attributes
    ----------
    bench
        The `MemoryBench`.
    time_limit
        Seconds of virtual time that a test may wait.  A subclass may override this.
    """

    bench: MemoryBench
    time_limit = 3600.0

    def _run_test(self, test: Callable[[], object]) -> object:
        outcome = super()._run_test(test)
        if isinstance(outcome, Awaitable):
            self.bench.run(_wait_for(outcome), self.time_limit)
        return None

    def _new_bench(self) -> MemoryBench:
        """Return the bench of a test.  Subclasses may override this."""
        return MemoryBench(**self._bench_options())

    def setUp(self) -> None:
        """Set up the bench."""
        super().setUp()
        self.bench = self._new_bench()
        self.bench.run(self.bench.start())
        self.addCleanup(lambda: self.bench.run(self._end_unless_test_begun()))

    def tearDown(self) -> None:
        """Stop the bench, which checks what happened."""
        self.bench.run(self.bench.stop())
        super().tearDown()


async def _wait_for(outcome: Awaitable[object]) -> None:
    await outcome
