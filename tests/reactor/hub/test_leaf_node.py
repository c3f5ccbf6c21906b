"""Readers at a remote site, whose server is a leaf node of the hub's."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_twisted
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import StreamConfig
from twisted.internet.defer import Deferred

from m2com_twisted import CommandTimeout, NotConnectedError
from m2com_twisted.hub import CommandRefused, HubSettings
from m2com_twisted.hub.session import Session
from tests.support.hub import PATIENCE, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.ports import free_port
from tests.support.programs import ROOT
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


def example(name: str) -> str:
    """Return a configuration with what remote sites need, and with passwords."""
    text = (ROOT / "examples" / name).read_text()
    text = text.replace("tls://site:password@", "nats://site:site-secret@")
    return re.sub(r"\$M2_(\w+)_PASSWORD", lambda match: f'"{match[1].lower()}-secret"', text)


@contextlib.contextmanager
def running(directory: Path, authorization: str) -> Iterator[tuple[NatsServer, NatsServer]]:
    """Run the hub's server and one at a remote site, as the examples configure them."""
    port = free_port()
    listen = f"leafnodes {{ host: 127.0.0.1, port: {port} }}\n"
    leaf_node = example("nats-leaf-node.conf").replace("hub.example:7422", f"127.0.0.1:{port}")
    for name in "hub", "site":
        (directory / name).mkdir()
    hub = NatsServer(directory / "hub", listen + authorization, jetstream="domain: hub")
    site = NatsServer(directory / "site", leaf_node.replace("port: 4222\n", ""), jetstream=None)
    hub.start()
    site.start()
    try:
        yield hub, site
    finally:
        site.kill()
        hub.kill()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[NatsServer, NatsServer]]:
    """Run servers with the users and permissions of the example."""
    configuration = example("nats-server.conf")
    with running(tmp_path, configuration[configuration.index("authorization {") :]) as both:
        yield both


def of_service(hub: NatsServer) -> HubSettings:
    """Return the settings of the service at the telescope."""
    return replace(HubSettings.parse(hub.url), user="service", password="service-secret")


@pytest_twisted.ensureDeferred
async def test_reader_at_a_remote_site(servers: tuple[NatsServer, NatsServer]) -> None:
    """A reader at a remote site gets last values, then live messages, as one at the telescope."""
    hub, site = servers
    async with played_service(of_service(hub)) as service:
        service.event("interlock", n=1)
        await until(lambda: service.publisher.stats.events >= 3, PATIENCE)
        async with reader(HubSettings.parse(site.url)) as one:
            service.event("interlock", n=2)
            service.topic("position", n=3)
            await one.until_number("position", 3)
            await one.until_number("interlock", 2)
            assert one.numbers("interlock") == [1, 2]
            assert not one.missed


@pytest_twisted.ensureDeferred
async def test_reader_at_a_remote_site_commands_nothing(
    servers: tuple[NatsServer, NatsServer],
) -> None:
    """The permissions of the site's server at the hub are those of all its readers."""
    hub, site = servers
    async with (
        played_service(of_service(hub), ["power"]) as service,
        reader(HubSettings.parse(site.url)) as one,
    ):
        with pytest.raises((CommandRefused, CommandTimeout, NotConnectedError)):
            await one.controller.run_command("power", timeout=2)
        assert service.executed == []


@pytest_twisted.ensureDeferred
async def test_reader_at_a_remote_site_changes_no_stream(
    servers: tuple[NatsServer, NatsServer],
) -> None:
    """A remote reader can neither delete nor change what the hub keeps."""
    hub, site = servers
    settings = of_service(hub)
    stream = settings.subjects.events_stream
    refused: list[type[BaseException]] = []
    tried: Deferred[None] = Deferred()

    async def change(session: Session) -> None:
        jetstream = session.client.jetstream(timeout=0.5)
        for attempt in (
            jetstream.delete_stream(stream),
            jetstream.purge_stream(stream),
            jetstream.update_stream(StreamConfig(stream, subjects=["x"])),
            jetstream.delete_msg(stream, 1),
        ):
            try:
                await attempt
            except (NatsTimeoutError, NatsError) as error:
                refused.append(type(error))
        the_reactor().callFromThread(tried.callback, None)

    async with played_service(settings) as service:
        async with reader(HubSettings.parse(site.url)) as one:
            one.controller._call(lambda session: session.spawn(change(session)))
            await tried
            assert len(refused) == 4
        service.event("interlock", n=1)
        async with reader(HubSettings.parse(site.url)) as one:
            await one.until_number("interlock", 1)


@pytest_twisted.ensureDeferred
async def test_command_from_a_remote_site(tmp_path: Path) -> None:
    """Readers of a remote site can send commands if the hub lets the site's server do so."""
    everything = '\nauthorization { users: [ { user: "site", password: "site-secret" },'
    everything += ' { user: "service", password: "service-secret" } ] }'
    with running(tmp_path, everything) as (hub, site):
        async with (
            played_service(of_service(hub), ["power"]) as service,
            reader(HubSettings.parse(site.url)) as one,
        ):
            await one.controller.run_command("power", timeout=10)
            assert len(service.executed) == 1


@pytest_twisted.ensureDeferred
async def test_line_to_the_remote_site_is_lost(servers: tuple[NatsServer, NatsServer]) -> None:
    """When the site's server is back, its reader goes on where it was; no event is missing."""
    hub, site = servers
    async with (
        played_service(of_service(hub)) as service,
        reader(HubSettings.parse(site.url)) as one,
    ):
        service.event("interlock", n=1)
        await one.until_number("interlock", 1)
        site.kill()
        service.event("interlock", n=2)
        await until(lambda: not one.controller.state.both_up, PATIENCE)
        site.start()
        service.event("interlock", n=3)
        await one.until_number("interlock", 3)
        assert one.numbers("interlock") == [1, 2, 3]
