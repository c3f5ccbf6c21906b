"""What the hub has kept, read afterwards; and one thing done on the hub."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError

from m2com_twisted.errors import M2ComError, NotConnectedError
from m2com_twisted.hub import (
    HubSettings,
    Kept,
    NotPermittedError,
    UnknownInstanceError,
    read_history,
    run_once,
)
from m2com_twisted.hub.session import Session
from tests.support.coroutines import start
from tests.support.hub import PATIENCE, new_settings, played_service
from tests.support.nats_server import NatsServer, needs_nats_server, running_server
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


async def history(settings: HubSettings, since: datetime) -> list[Kept]:
    """Return all that the hub has kept from a time on."""
    kept: list[Kept] = []

    async def take(batch: list[Kept]) -> None:
        kept.extend(batch)

    work = read_history(settings.subjects, since, take, the_reactor())
    assert await run_once(settings, work, reactor=the_reactor()) == len(kept)
    return kept


async def until_kept(settings: HubSettings, since: datetime, number: int) -> list[Kept]:
    """Return the lines received since a time, once the hub has kept so many.

    The server takes telemetry into its stream some time after the publisher has sent it.
    """
    give_up = the_reactor().seconds() + PATIENCE
    while True:
        kept = [one for one in await history(settings, since) if one.kind == "received"]
        if len(kept) >= number or the_reactor().seconds() > give_up:
            return kept


@pytest_twisted.ensureDeferred
async def test_history_is_in_the_order_of_arrival(nats_server: NatsServer) -> None:
    """The history has each line unchanged, in the order of arrival."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.event("interlock", n=-1)
        await until(lambda: service.publisher.stats.events >= 3, PATIENCE)
        since = datetime.now(timezone.utc)
        for n in range(1500):
            service.topic("position", n=n)
            if n % 100 == 0:
                service.event("interlock", n=n)
        kept = await until_kept(settings, since, 1515)
    assert [one.time for one in kept] == sorted(one.time for one in kept)
    assert len([one for one in kept if one.connection == "telemetry"]) == 1500
    assert len([one for one in kept if one.connection == "command"]) == 15
    assert kept[0].line == b'{"id": "position", "n": 0}'
    assert kept[0].time >= int(since.timestamp() * 1e9)


@pytest_twisted.ensureDeferred
async def test_history_that_the_server_does_not_send() -> None:
    """A user who may not read the stored messages is told so, and does not read none."""
    denied = 'deny: ["$JS.API.CONSUMER.MSG.NEXT.>"]'
    user = f'{{ user: "one", password: "secret", permissions: {{ publish: {{ {denied} }} }} }}'
    with running_server(f"authorization {{ users: [ {user} ] }}") as server:
        settings = replace(new_settings(server), user="one", password="secret")
        since = datetime.now(timezone.utc)
        async with played_service(settings):
            with pytest.raises(NotPermittedError, match=r"(?i)violation .*MSG.NEXT"):
                await history(settings, since)


@pytest_twisted.ensureDeferred
async def test_history_of_an_instance_that_never_was(nats_server: NatsServer) -> None:
    """The history of an instance without streams is an error, which names the instance."""
    since = datetime.now(timezone.utc) - timedelta(hours=1)
    settings = new_settings(nats_server)
    with pytest.raises(UnknownInstanceError, match=settings.instance):
        await history(settings, since)


@pytest_twisted.ensureDeferred
async def test_no_hub_for_one_thing() -> None:
    """Without a hub the reason is told when the time for the connection is over."""

    async def nothing(session: Session) -> None:
        raise AssertionError("There is no session.")

    settings = HubSettings.parse("nats://127.0.0.1:1")
    with pytest.raises(NotConnectedError, match=r"No connection to the hub nats://127.0.0.1:1: \S"):
        await run_once(settings, nothing, reactor=the_reactor(), connect_timeout=0.5)


@pytest_twisted.ensureDeferred
async def test_thing_that_fails(nats_server: NatsServer) -> None:
    """An error in work on the hub is raised unchanged."""

    async def fail(session: Session) -> None:
        raise ValueError("it is not to be")

    with pytest.raises(M2ComError, match="it is not to be"):
        await run_once(new_settings(nats_server), fail, reactor=the_reactor())


@pytest_twisted.ensureDeferred
async def test_thing_that_hangs(nats_server: NatsServer) -> None:
    """Work on the hub that takes too long is given up."""

    async def hang(session: Session) -> None:
        await session.stopping.wait()

    with pytest.raises(NotConnectedError, match="in time"):
        await run_once(new_settings(nats_server), hang, reactor=the_reactor(), timeout=0.1)


@pytest_twisted.ensureDeferred
async def test_hub_lost_in_the_midst(own_server: NatsServer) -> None:
    """A hub that is lost in the midst ends it with an error."""
    began: list[Session] = []

    async def hang(session: Session) -> None:
        began.append(session)
        await session.stopping.wait()

    running = start(run_once(new_settings(own_server), hang, reactor=the_reactor()))
    await until(lambda: began, PATIENCE)
    own_server.kill()
    with pytest.raises(M2ComError, match="connection was lost"):
        await running


@pytest_twisted.ensureDeferred
async def test_cancelling_one_thing(nats_server: NatsServer) -> None:
    """Work on the hub that is cancelled, as by Ctrl-C, ends and leaves nothing behind."""
    began: list[Session] = []

    async def hang(session: Session) -> None:
        began.append(session)
        await session.stopping.wait()

    running = start(run_once(new_settings(nats_server), hang, reactor=the_reactor()))
    await until(lambda: began, PATIENCE)
    running.cancel()
    with pytest.raises(CancelledError):
        await running
