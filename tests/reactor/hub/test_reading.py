"""What a reader of the hub gets, and when."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_twisted

from m2com_twisted import LineObserver
from m2com_twisted.catalogue import commands, events, telemetry
from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.hub import HubSettings, RemoteController, run_once
from m2com_twisted.hub.session import Session
from m2com_twisted.wire.codec import Message
from tests.support.hub import PATIENCE, Reader, new_settings, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_live_messages_arrive_in_order(nats_server: NatsServer) -> None:
    """A reader gets events and telemetry as the controller sent them, in order, each once."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service, reader(settings) as one:
        for n in range(200):
            service.topic("position", n=n)
            service.event("interlock", n=n)
        await one.until_number("position", 199)
        await one.until_number("interlock", 199)
        assert one.numbers("position") == list(range(200))
        assert one.numbers("interlock") == list(range(200))
        assert not one.missed


@pytest_twisted.ensureDeferred
async def test_late_joiner_gets_last_values_then_live(nats_server: NatsServer) -> None:
    """A reader that comes late gets the last value of each event, by its key, then what follows."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        for address in range(84):
            service.event("innerLoopControlMode", address=address, mode=2, n=address)
        for n in range(10):
            service.event("interlock", n=n)
        await until(lambda: service.publisher.stats.events >= 96, PATIENCE)
        async with reader(settings) as one:
            service.event("interlock", n=10)
            service.event("interlock", n=11)
            await one.until_number("interlock", 11)
            assert sorted(map(int, map(str, one.numbers("innerLoopControlMode")))) == list(
                range(84)
            )
            assert one.numbers("interlock") == [9, 10, 11]
            assert not one.missed


class Watcher(LineObserver):
    """Sees the lines of the command port, and how many there are one turn after connecting."""

    def __init__(self) -> None:
        self.ids: list[object] = []
        self.first_turn: list[object] | None = None

    def received(self, line: bytes, message: Message) -> None:
        """Override."""
        self.ids.append(message["id"])

    def connection(self, state: ConnectionState) -> None:
        """Override."""
        if state is ConnectionState.CONNECTED:
            # Bound by the end of this turn of the reactor.
            the_reactor().callLater(0, self._note)

    def _note(self) -> None:
        self.first_turn = list(self.ids)


@asynccontextmanager
async def watched(settings: HubSettings) -> AsyncIterator[Watcher]:
    """Run a reader until it is up and one turn further, and yield its observer."""
    watcher = Watcher()
    remote = RemoteController(settings, command_observers=[watcher])
    remote.startService()
    try:
        await until(lambda: watcher.first_turn is not None, PATIENCE)
        yield watcher
    finally:
        await remote.stopService()


@pytest_twisted.ensureDeferred
async def test_all_last_values_come_at_once(nats_server: NatsServer) -> None:
    """In the turn of the reactor in which a reader is up, its observers get all last values."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        for address in range(84):
            service.event("innerLoopControlMode", address=address, mode=2)
        service.event("interlock", state=True)
        await until(lambda: service.publisher.stats.events >= 87, PATIENCE)
        for _ in range(3):
            async with watched(settings) as watcher:
                assert watcher.first_turn == ["innerLoopControlMode"] * 84 + ["interlock"]


@pytest_twisted.ensureDeferred
async def test_observers_are_not_told_a_position_of_the_past(nats_server: NatsServer) -> None:
    """An observer that comes later is not told that the mirror was in position."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.event("m2AssemblyInPosition", inPosition=True, n=1)
        service.event("interlock", state=True)
        await until(lambda: service.publisher.stats.events >= 4, PATIENCE)
        async with watched(settings) as watcher, reader(settings) as one:
            service.event("m2AssemblyInPosition", inPosition=True, n=2)
            await one.until_number("m2AssemblyInPosition", 2)
            await until(lambda: len(watcher.ids) > 1, PATIENCE)
            assert watcher.ids == ["interlock", "m2AssemblyInPosition"]
            assert one.numbers("m2AssemblyInPosition") == [1, 2]


@pytest_twisted.ensureDeferred
async def test_last_values_do_not_hold_statuses(nats_server: NatsServer) -> None:
    """The status of a command that ended before a reader came is not told to it."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.event("success", sequence_id=7, n=0)
        service.event("interlock", n=1)
        await until(lambda: service.publisher.stats.events >= 4, PATIENCE)
        async with reader(settings) as one:
            service.event("success", sequence_id=8, n=2)
            await one.until_number("success", 2)
            assert one.numbers("success") == [2]


@pytest_twisted.ensureDeferred
async def test_line_arrives_byte_for_byte(nats_server: NatsServer) -> None:
    """An observer of a reader sees the controller's own bytes, NaN and all."""
    settings = new_settings(nats_server)
    line = b'{"id":  "zenithAngle", "measured": NaN, "n": 1.50}'
    seen: list[bytes] = []

    class Observer:
        def received(self, line: bytes, message: Message) -> None:
            seen.append(line)

        def sent(self, line: bytes) -> None: ...
        def bad(self, line: bytes, reason: str) -> None: ...
        def connection(self, state: ConnectionState) -> None: ...

    async with played_service(settings) as service, reader(settings) as one:
        one.controller.add_observers(Observer(), Observer())
        service.telemetry.received(line, {"id": "zenithAngle"})
        await until(lambda: seen, PATIENCE)
        assert seen == [line]


@pytest_twisted.ensureDeferred
async def test_state_follows_the_service(nats_server: NatsServer) -> None:
    """A reader is up while the service is connected to the controller, and told of each change."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service, reader(settings) as one:
        service.disconnect()
        await until(lambda: one.controller.state.command is ConnectionState.WAITING, PATIENCE)
        service.connect()
        await one.until_up()
        told = [state.command is ConnectionState.CONNECTED for state in one.states]
        assert True in told
        assert False in told[told.index(True) :]


@pytest_twisted.ensureDeferred
async def test_reader_without_a_service_waits(nats_server: NatsServer) -> None:
    """Without a service a reader is not up, and it is as soon as one runs."""
    settings = new_settings(nats_server)
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.state.command is ConnectionState.WAITING, PATIENCE)
        async with played_service(settings) as service:
            await one.until_up()
            service.event("interlock", n=1)
            await one.until_number("interlock", 1)


@pytest_twisted.ensureDeferred
async def test_two_instances_do_not_mix(nats_server: NatsServer) -> None:
    """A reader of one instance gets nothing of another."""
    mine, other = new_settings(nats_server), new_settings(nats_server)
    async with (
        played_service(mine) as service,
        played_service(other) as other_service,
        reader(mine) as one,
    ):
        other_service.event("interlock", n=99)
        service.event("interlock", n=1)
        await one.until_number("interlock", 1)
        assert one.numbers("interlock") == [1]


@pytest_twisted.ensureDeferred
async def test_restarted_service_goes_on(nats_server: NatsServer) -> None:
    """A reader goes on with a service that was restarted, and misses nothing of it."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        one = Reader(settings)
        one.controller.startService()
        await one.until_up()
        service.event("interlock", n=1)
        service.topic("position", n=1)
        await one.until_number("position", 1)
    async with played_service(settings) as service:
        for n in (2, 3):
            service.event("interlock", n=n)
            service.topic("position", n=n)
        await one.until_number("interlock", 3)
        await one.until_number("position", 3)
        await one.until_up()
        assert one.numbers("interlock") == one.numbers("position") == [1, 2, 3]
        assert not one.missed
        await one.controller.stopService()


@pytest_twisted.ensureDeferred
async def test_unusual_ids_are_published(nats_server: NatsServer) -> None:
    """A message arrives whatever its id looks like: dots, spaces, wildcards, none."""
    settings = new_settings(nats_server)
    names = ["a.b", "a b", "*", ">", "", "ü" * 300]
    async with played_service(settings) as service, reader(settings) as one:
        for n, name in enumerate(names):
            service.event(name, n=n)
            service.topic(name, n=n)
        await until(lambda: len(one.events) == len(one.topics) == len(names), PATIENCE)
        assert [message["id"] for message in one.events] == names


@pytest_twisted.ensureDeferred
async def test_message_too_large_for_the_server(nats_server: NatsServer) -> None:
    """A message of over a megabyte is counted and dropped, and what follows is not held up."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service, reader(settings) as one:
        service.topic("position", n=0)
        service.event("large", text="x" * 2**20, n=0)
        service.topic("large", text="x" * 2**20, n=0)
        service.event("interlock", n=1)
        service.topic("position", n=1)
        await one.until_number("interlock", 1)
        await one.until_number("position", 1)
        assert service.publisher.stats.unacceptable == 2
        assert sorted(one.missed) == [("command", 1), ("telemetry", 1)]


@pytest_twisted.ensureDeferred
async def test_typed_messages_and_commands_go_through_the_hub(nats_server: NatsServer) -> None:
    """A reader subscribes to classes and runs typed commands, as the service does."""
    settings = new_settings(nats_server)
    commands_taken = {"clearErrors"}
    async with played_service(settings, commands_taken) as service, reader(settings) as one:
        heard: list[object] = []
        one.controller.subscribe(events.Interlock, heard.append)
        one.controller.subscribe(telemetry.InclinometerAngleTma, heard.append)
        service.event("interlock", state=True)
        await until(lambda: heard == [events.Interlock(True)], PATIENCE)
        service.topic("inclinometerAngleTma", inclinometer=45)
        await until(lambda: heard[1:] == [telemetry.InclinometerAngleTma(45.0)], PATIENCE)
        outcome = await one.controller.run(commands.ClearErrors())
        assert outcome.request == commands.ClearErrors()
        assert service.executed == [("clearErrors", {})]


async def expire_events(settings: HubSettings) -> None:
    """Remove all messages from the stream of events, as their age does in the end."""
    subjects = settings.subjects

    async def purge(session: Session) -> None:
        jetstream = session.client.jetstream()
        copied = 0
        while copied < (await jetstream.stream_info(subjects.events_stream)).state.last_seq:
            copied = (await jetstream.stream_info(subjects.last_stream)).state.last_seq
        await jetstream.purge_stream(subjects.events_stream)

    await run_once(settings, purge, reactor=the_reactor())


@pytest_twisted.ensureDeferred
async def test_reader_comes_after_all_events_have_expired(nats_server: NatsServer) -> None:
    """A reader is up also where the stream holds no event any more, and gets the last values."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.event("interlock", n=1)
        await until(lambda: service.publisher.stats.events >= 3, PATIENCE)
        await expire_events(settings)
        async with reader(settings) as one:
            await one.until_number("interlock", 1)
            service.event("interlock", n=2)
            await one.until_number("interlock", 2)
            assert one.numbers("interlock") == [1, 2]
            assert not one.missed


@pytest_twisted.ensureDeferred
async def test_all_events_expire_while_a_reader_is_away(own_server: NatsServer) -> None:
    """A reader comes back also where the events that it missed have expired, and says so."""
    settings = new_settings(own_server)
    async with played_service(settings) as service, reader(settings) as one:
        service.event("interlock", n=1)
        await one.until_number("interlock", 1)
        own_server.kill()
        await until(lambda: not one.controller.state.both_up, PATIENCE)
        own_server.start()
        await one.until_up()
        await expire_events(settings)
        own_server.kill()
        await until(lambda: not one.controller.state.both_up, PATIENCE)
        own_server.start()
        await one.until_up()
        service.event("interlock", n=2)
        await one.until_number("interlock", 2)
        assert one.numbers("interlock") == [1, 2]


@pytest_twisted.ensureDeferred
async def test_reader_connects_while_the_reactor_is_blocked(nats_server: NatsServer) -> None:
    """A reader comes up though other code blocks the reactor while it connects and reads."""
    settings = new_settings(nats_server)
    async with played_service(settings) as service:
        service.event("interlock", n=1)
        async with reader(settings, wait=False) as one:
            # Long enough for the thread of the hub to connect and to read the last values.
            time.sleep(3.5)
            await one.until_up()
            await one.until_number("interlock", 1)
