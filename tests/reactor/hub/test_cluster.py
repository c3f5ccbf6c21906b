"""A hub of three servers that loses the one which leads."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from nats.errors import Error as NatsError

from m2com_twisted.hub import HubSettings, Retention, run_once
from m2com_twisted.hub.session import Session
from m2com_twisted.hub.streams import set_up_streams
from tests.support.hub import played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.ports import free_port
from tests.support.waiting import the_reactor

pytestmark = needs_nats_server


@pytest.fixture
def cluster() -> Iterator[dict[str, NatsServer]]:
    """Run three servers that are one hub, by name."""
    ports = [free_port() for _ in range(3)]
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
    with contextlib.ExitStack() as stack:
        servers = {}
        for number, port in enumerate(ports):
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            servers[f"n{number}"] = NatsServer(
                Path(directory),
                f"server_name: n{number}\n"
                f'cluster {{ name: m2, listen: "127.0.0.1:{port}", routes: [{routes}] }}',
            )
        for server in servers.values():
            server.start()
            stack.callback(server.kill)
        yield servers


@pytest_twisted.ensureDeferred
async def test_losing_the_leader(cluster: dict[str, NatsServer]) -> None:
    """While the server that leads the streams is killed no event is lost, nor comes twice."""
    settings = HubSettings.parse(",".join(server.url for server in cluster.values()))
    retention = Retention(replicas=3)

    async def make_streams(session: Session) -> list[str]:
        while True:
            # The three have not elected one of them at once.
            with contextlib.suppress(NatsError):
                return await set_up_streams(settings.subjects, retention)(session)

    async def leader(session: Session) -> str:
        info = await session.client.jetstream().stream_info(settings.subjects.events_stream)
        return str(info.cluster and info.cluster.leader)

    await run_once(settings, make_streams, reactor=the_reactor(), timeout=30)
    async with played_service(settings) as service, reader(settings) as one:
        for n in range(100):
            service.event("interlock", n=n)
        await one.until_number("interlock", 99)
        cluster[await run_once(settings, leader, reactor=the_reactor(), timeout=30)].kill()
        for n in range(100, 200):
            service.event("interlock", n=n)
        await one.until_number("interlock", 199)
        assert one.numbers("interlock") == list(range(200))
        assert one.controller.stats.command.dropped_messages == 0
