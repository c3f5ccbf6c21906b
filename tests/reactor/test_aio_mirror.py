"""The mirror for asyncio code, on a simulated controller over sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted import aio
from m2com_twisted.catalogue import events, telemetry
from m2com_twisted.mirror import Condition, StepState
from m2com_twisted.simulator import CellController
from tests.support.aio_bench import Bench, in_asyncio


@asynccontextmanager
async def simulated(bench: Bench) -> AsyncIterator[CellController]:
    """Run a simulated controller on the reactor of a bench.

    It is stopped when a test fails, too: left running, it would fail all tests that follow.
    """
    controller = CellController(reactor=bench.reactor.reactor)
    await Deferred.fromCoroutine(controller.start()).asFuture(asyncio.get_running_loop())
    try:
        yield controller
    finally:
        await Deferred.fromCoroutine(controller.stop()).asFuture(asyncio.get_running_loop())


def mirror_of(bench: Bench, controller: CellController) -> aio.Mirror:
    """Return a mirror of a simulated controller."""
    ports = controller.command_port, controller.telemetry_port
    return aio.Mirror("127.0.0.1", *ports, reactor=bench.reactor.reactor)


@in_asyncio
async def test_enable_and_make_safe(bench: Bench) -> None:
    """Procedures, commands and waiting are awaited in asyncio tasks."""
    async with simulated(bench) as controller, mirror_of(bench, controller) as mirror:
        await mirror.enable()
        # Waited for, since telemetry is old for a moment if the machine stood still until now.
        await mirror.wait_for(lambda state: mirror.condition is Condition.TRACKING, timeout=20.0)
        assert (await mirror.clear_errors()).is_proved
        position = await mirror.next(telemetry.Position, timeout=20.0)
        assert position.z == pytest.approx(0.0, abs=1.0)
        report = await mirror.make_safe()
        assert report.safe


@in_asyncio
async def test_async_for(bench: Bench) -> None:
    """Messages are iterated over in an asyncio task."""
    async with simulated(bench) as controller, mirror_of(bench, controller) as mirror:
        subscription = mirror.subscribe(events.SummaryFaultsStatus)
        clearing = asyncio.ensure_future(mirror.clear_errors())
        async for event in subscription:
            if not event.status:
                subscription.cancel()
        await clearing


@in_asyncio
async def test_a_cancelled_task(bench: Bench) -> None:
    """Cancelling the task ends the procedure, and the report tells how far it came."""
    async with simulated(bench) as controller, mirror_of(bench, controller) as mirror:
        enabling = asyncio.ensure_future(mirror.enable())
        await asyncio.sleep(0.05)
        enabling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await enabling
        report = mirror.last_report
        assert report is not None
        assert report.state is StepState.CANCELLED
