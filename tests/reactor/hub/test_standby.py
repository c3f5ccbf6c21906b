"""A second service of an instance: what readers see of it, and when it takes over."""

import pytest_twisted

from m2com_twisted import CellControllerService
from m2com_twisted.hub import HubPublisher
from m2com_twisted.simulator import CellController
from tests.support.hub import PATIENCE, PlayedService, new_settings, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.waiting import until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_end_of_the_other_service_is_told_at_once(nats_server: NatsServer) -> None:
    """A service that stands by is told to dial when the other one is stopped."""
    settings = new_settings(nats_server)
    dials: list[str] = []
    standing_by = PlayedService(settings)
    standing_by.publisher.take_over(lambda: dials.append("dial"))
    standing_by.publisher.startService()
    try:
        async with reader(settings, wait=False) as one:
            async with played_service(settings) as active:
                await one.until_up()
                await until(lambda: standing_by.publisher.stats.connected, PATIENCE)
                active.topic("position", n=1)
                await one.until_number("position", 1)
                assert dials == []
            await until(lambda: dials, 2.0)
            await until(lambda: not one.controller.state.both_up, 2.0)
    finally:
        await standing_by.publisher.stopService()


@pytest_twisted.ensureDeferred
async def test_service_that_stands_by_takes_over(
    nats_server: NatsServer, controller: CellController
) -> None:
    """Readers see nothing of the attempts of a second service, and its take-over within seconds."""
    settings = new_settings(nats_server)
    pairs = []
    for _ in range(2):
        publisher = HubPublisher(settings)
        service = CellControllerService(
            "127.0.0.1",
            controller.command_port,
            controller.telemetry_port,
            command_observers=[publisher.observer("command")],
            telemetry_observers=[publisher.observer("telemetry")],
            # Without the news from the hub, the second attempt would come too late.
            retry_policy=lambda failures: 0.2 if failures < 3 else 3600.0,
        )
        publisher.take_over(service.dial_now)
        pairs.append((publisher, service))
    (first, active), (second, standing_by) = pairs
    try:
        async with reader(settings, wait=False) as one:
            first.startService()
            active.startService()
            await one.until_up()
            told = len(one.states)
            second.startService()
            standing_by.startService()
            await until(lambda: standing_by.stats.command.connects >= 3, PATIENCE)
            await until(lambda: second.stats.connected, PATIENCE)
            assert len(one.states) == told
            await active.stopService()
            await first.stopService()
            await until(lambda: standing_by.state.both_up, PATIENCE)
            await one.until_up()
    finally:
        for publisher, service in pairs:
            await service.stopService()
            await publisher.stopService()
