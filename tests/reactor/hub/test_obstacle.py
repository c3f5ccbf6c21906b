"""What is missing on the hub, in words, and how soon it is known."""

from pathlib import Path

import pytest
import pytest_twisted

from m2com_twisted.errors import M2ComError, NotConnectedError
from m2com_twisted.hub import HubSettings, Retention, check_streams, run_once
from tests.support.hub import PATIENCE, new_settings, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.ports import free_port
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_nothing_is_missing(nats_server: NatsServer) -> None:
    """With a service that is connected, there is no obstacle."""
    settings = new_settings(nats_server)
    async with played_service(settings), reader(settings) as one:
        assert one.controller.is_on_hub
        assert one.controller.obstacle == ""


@pytest_twisted.ensureDeferred
async def test_service_without_controller(nats_server: NatsServer) -> None:
    """A service that has lost its controller is told from a service that is not there."""
    settings = new_settings(nats_server)
    instance = settings.instance
    async with reader(settings, wait=False) as one:
        async with played_service(settings) as service:
            await one.until_up()
            service.disconnect()
            no_controller = f"the service of instance {instance!r} has no controller"
            await until(lambda: one.controller.obstacle == no_controller, PATIENCE)
        no_service = f"no service of instance {instance!r} is on the hub"
        await until(lambda: one.controller.obstacle == no_service, PATIENCE)


@pytest_twisted.ensureDeferred
async def test_instance_that_nobody_has_published(nats_server: NatsServer) -> None:
    """An instance without streams is told as soon as the reader is connected."""
    settings = new_settings(nats_server)
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.is_on_hub, PATIENCE)
        unknown = f"nothing is known of instance {settings.instance!r} on this hub"
        await until(lambda: one.controller.obstacle == unknown, 1.0)
        async with played_service(settings):
            await one.until_up()
            assert one.controller.obstacle == ""


@pytest_twisted.ensureDeferred
async def test_no_server() -> None:
    """Without a server the address is named, in plain words."""
    address = f"127.0.0.1:{free_port()}"
    settings = HubSettings.parse(f"nats://{address}")
    missing = f"No connection to the hub nats://{address}: no server listens at {address}"
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.obstacle == missing, PATIENCE)
        with pytest.raises(NotConnectedError, match="no server listens at 127"):
            await one.controller.connected(timeout=0.1)


@pytest_twisted.ensureDeferred
async def test_server_without_jetstream(tmp_path: Path) -> None:
    """A server that keeps no messages is told, and the connection to it is kept."""
    server = NatsServer(tmp_path, jetstream=None)
    server.start()
    missing = "the server of the hub keeps no messages: start it with --jetstream"
    settings = new_settings(server)
    try:
        async with reader(settings, wait=False) as one:
            await until(lambda: one.controller.obstacle == missing, PATIENCE)
            assert one.controller.last_error is None
        work = check_streams(settings.subjects, Retention())
        with pytest.raises(M2ComError, match="has no JetStream, which keeps messages"):
            await run_once(settings, work, reactor=the_reactor())
    finally:
        server.kill()
