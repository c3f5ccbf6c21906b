"""The hub away, hung, slow, restarted: what is lost, and what is told."""

import logging

import pytest
import pytest_twisted
from twisted.internet.task import deferLater

from m2com_twisted.connection.state import ConnectionState
from tests.support.hub import PATIENCE, PlayedService, new_settings, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_killed_server_costs_no_event(own_server: NatsServer) -> None:
    """Events sent while the server was dead arrive when it is back: all, in order, each once."""
    settings = new_settings(own_server)
    async with played_service(settings) as service, reader(settings) as one:
        for n in range(20):
            service.event("interlock", n=n)
        await one.until_number("interlock", 3)
        own_server.kill()
        for n in range(20, 40):
            service.event("interlock", n=n)
            service.topic("position", n=n)
        await until(lambda: one.controller.state.command is ConnectionState.CONNECTING, PATIENCE)
        own_server.start()
        await one.until_up()
        service.event("interlock", n=40)
        await one.until_number("interlock", 40)
        assert one.numbers("interlock") == list(range(41))
        assert ("command", 1) not in one.missed


@pytest_twisted.ensureDeferred
async def test_server_absent_at_start(own_server: NatsServer) -> None:
    """A service and a reader that start before the server are up when it is."""
    settings = new_settings(own_server)
    own_server.kill()
    async with reader(settings, wait=False) as one:
        starting = played_service(settings)
        await until(lambda: one.controller.last_error is not None, PATIENCE)
        own_server.start()
        async with starting as service:
            await one.until_up()
            service.event("interlock", n=1)
            await one.until_number("interlock", 1)


@pytest_twisted.ensureDeferred
async def test_reader_that_waited_gets_all_events_since_its_start(nats_server: NatsServer) -> None:
    """A reader that had to wait for the hub gets every event since its start, not only the last."""
    settings = new_settings(nats_server)
    early = PlayedService(settings)
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.is_on_hub, PATIENCE)
        # Longer than the clocks of reader and server may differ.
        await deferLater(the_reactor(), 1.1)
        early.publisher.startService()
        early.connect()
        for n in range(20):
            early.event("interlock", n=n)
        await until(lambda: early.publisher.stats.events == 22, PATIENCE)
        await one.until_number("interlock", 19)
        assert one.numbers("interlock") == list(range(20))
        assert not one.missed
        await early.publisher.stopService()


@pytest_twisted.ensureDeferred
async def test_old_values_come_before_the_events_since_the_start(own_server: NatsServer) -> None:
    """A reader that had to wait gets the last values from before its start as well, first."""
    settings = new_settings(own_server)
    async with played_service(settings) as service:
        service.event("tcpIpConnected", n=1)
        service.event("interlock", n=1)
        await until(lambda: service.publisher.stats.events == 4, PATIENCE)
        own_server.kill()
        async with reader(settings, wait=False) as one:
            await deferLater(the_reactor(), 1.1)
            service.event("interlock", n=2)
            service.event("interlock", n=3)
            own_server.start()
            await one.until_number("interlock", 3)
            assert [(message["id"], message["n"]) for message in one.events] == [
                ("tcpIpConnected", 1),
                ("interlock", 2),
                ("interlock", 3),
            ]


@pytest_twisted.ensureDeferred
async def test_return_is_as_visible_as_the_loss(
    own_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells the end of an outage at the level at which it told the outage."""
    caplog.set_level(logging.INFO, "m2com.hub")
    settings = new_settings(own_server)
    lost, back = f"hub: Lost the hub {own_server.url}", "hub: Connected again to the hub"
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.is_on_hub, PATIENCE)
        own_server.kill()
        await until(lambda: not one.controller.is_on_hub, PATIENCE)
        own_server.start()
        await until(lambda: one.controller.is_on_hub, PATIENCE)
    told = {one.levelname for one in caplog.records if one.getMessage().startswith((lost, back))}
    assert told == {"WARNING"}
    first = f"hub: Connected to the hub {own_server.url}"
    assert ("m2com.hub", logging.INFO, first) in caplog.record_tuples


@pytest_twisted.ensureDeferred
async def test_hung_server_is_abandoned(own_server: NatsServer) -> None:
    """A server that stands still is given up within 6 s; when it is back, all gaps are told."""
    settings = new_settings(own_server)
    async with played_service(settings) as service, reader(settings) as one:
        own_server.pause()
        sent = 0
        while service.publisher.stats.connected:
            service.topic("position", n=sent)
            service.event("interlock", n=sent)
            sent += 1
            await deferLater(the_reactor(), 0.01)
            assert sent < 1500, "It was not given up."
        own_server.resume()
        await one.until_up()
        service.topic("position", n=sent)
        service.event("interlock", n=sent)
        await one.until_number("position", sent)
        await one.until_number("interlock", sent)
        assert one.numbers("interlock") == list(range(sent + 1))
        arrived = one.numbers("position")
        assert arrived == sorted(set(map(int, map(str, arrived))))
        assert len(arrived) + one.controller.stats.telemetry.dropped_messages == sent + 1


@pytest_twisted.ensureDeferred
async def test_server_that_forgot_everything(own_server: NatsServer) -> None:
    """After the server's store was lost a reader begins anew, and gets what follows."""
    settings = new_settings(own_server)
    async with played_service(settings) as service, reader(settings) as one:
        for n in range(20):
            service.event("interlock", n=n)
        await one.until_number("interlock", 19)
        own_server.kill()
        own_server.forget()
        own_server.start()
        await until(lambda: service.publisher.stats.connects == 2, PATIENCE)
        await one.until_up()
        service.event("interlock", n=20)
        await one.until_number("interlock", 20)
        assert one.numbers("interlock") == list(range(21))


@pytest_twisted.ensureDeferred
async def test_observers_are_told_again_after_an_outage(own_server: NatsServer) -> None:
    """After an outage of the hub observers are told the last values again, callbacks are not."""
    settings = new_settings(own_server)
    seen: list[object] = []

    class Observer:
        def received(self, line: bytes, message: dict[str, object]) -> None:
            seen.append(message["n"])

        def sent(self, line: bytes) -> None: ...
        def bad(self, line: bytes, reason: str) -> None: ...

        def connection(self, state: ConnectionState) -> None:
            seen.append(state)

    async with played_service(settings) as service, reader(settings) as one:
        service.event("interlock", n=1)
        await one.until_number("interlock", 1)
        one.controller.add_observers(Observer(), Observer())
        assert seen[:2] == [ConnectionState.CONNECTED, 1]
        own_server.kill()
        await until(lambda: one.controller.state.command is ConnectionState.CONNECTING, PATIENCE)
        del seen[:]
        own_server.start()
        await one.until_up()
        command_seen = [entry for entry in seen if entry == 1]
        assert command_seen == [1]
        assert one.numbers("interlock") == [1]


@pytest_twisted.ensureDeferred
async def test_stopping_while_the_server_hangs(own_server: NatsServer) -> None:
    """Service and reader stop within seconds, though the server stands still."""
    settings = new_settings(own_server)
    async with played_service(settings) as service, reader(settings):
        own_server.pause()
        service.event("interlock", n=1)
        began = the_reactor().seconds()
    assert the_reactor().seconds() - began < 20
