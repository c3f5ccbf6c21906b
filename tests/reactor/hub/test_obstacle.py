"""What is missing on the hub, in words."""

import pytest_twisted

from m2com_twisted.hub import HubSettings, find_obstacle, run_once
from tests.support.hub import new_settings, played_service
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.waiting import the_reactor

pytestmark = needs_nats_server


async def obstacle(settings: HubSettings) -> str:
    """Return what is missing."""
    return await run_once(settings, find_obstacle(settings.subjects), reactor=the_reactor())


@pytest_twisted.ensureDeferred
async def test_nothing_is_missing(nats_server: NatsServer) -> None:
    """With a service that is connected, there is no obstacle."""
    settings = new_settings(nats_server)
    async with played_service(settings):
        assert await obstacle(settings) == ""


@pytest_twisted.ensureDeferred
async def test_service_without_controller(nats_server: NatsServer) -> None:
    """A service that has lost its controller is told from a service that is not there."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.disconnect()
        found = await obstacle(settings)
        assert found == f"the service of instance {settings.instance!r} has no controller"
    found = await obstacle(settings)
    assert found == f"no service of instance {settings.instance!r} is on the hub"
