"""The mirror for asyncio code, on a simulated controller over sockets."""

import asyncio

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted import aio
from m2com_twisted.catalogue import events
from m2com_twisted.mirror import Condition, StepState
from m2com_twisted.simulator import CellController
from tests.support.aio_bench import Bench, in_asyncio


async def simulated(bench: Bench) -> CellController:
    """Run a simulated controller on the reactor of a bench."""
    controller = CellController(reactor=bench.reactor.reactor)
    await Deferred.fromCoroutine(controller.start()).asFuture(asyncio.get_running_loop())
    return controller


def mirror_of(bench: Bench, controller: CellController) -> aio.Mirror:
    """Return a mirror of a simulated controller."""
    ports = controller.command_port, controller.telemetry_port
    return aio.Mirror("127.0.0.1", *ports, reactor=bench.reactor.reactor)


async def stop(controller: CellController) -> None:
    """Stop a simulated controller."""
    await Deferred.fromCoroutine(controller.stop()).asFuture(asyncio.get_running_loop())


@in_asyncio
async def test_enable_and_make_safe(bench: Bench) -> None:
    """Procedures, commands and waiting are awaited in asyncio tasks."""
    controller = await simulated(bench)
    async with mirror_of(bench, controller) as mirror:
        await mirror.enable()
        assert mirror.condition is Condition.TRACKING
        assert (await mirror.clear_errors()).is_proved
        await mirror.next(events.M2AssemblyInPosition, timeout=20.0)
        report = await mirror.make_safe()
        assert report.safe
    await stop(controller)


@in_asyncio
async def test_async_for(bench: Bench) -> None:
    """Messages are iterated over in an asyncio task."""
    controller = await simulated(bench)
    async with mirror_of(bench, controller) as mirror:
        subscription = mirror.subscribe(events.SummaryFaultsStatus)
        clearing = asyncio.ensure_future(mirror.clear_errors())
        async for event in subscription:
            if not event.status:
                subscription.cancel()
        await clearing
    await stop(controller)


@in_asyncio
async def test_a_cancelled_task(bench: Bench) -> None:
    """Cancelling the task ends the procedure, and the report tells how far it came."""
    controller = await simulated(bench)
    async with mirror_of(bench, controller) as mirror:
        enabling = asyncio.ensure_future(mirror.enable())
        await asyncio.sleep(0.05)
        enabling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await enabling
        report = mirror.last_report
        assert report is not None
        assert report.state is StepState.CANCELLED
    await stop(controller)
