"""Commands through the hub: each at most once, and every caller told."""

import json
import re
import time
from datetime import datetime, timezone
from functools import partial
from types import NoneType

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from m2com_twisted import (
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
    InvalidMessageError,
    MsgType,
    NotConnectedError,
)
from m2com_twisted.hub.errors import CommandRefused
from m2com_twisted.hub.session import Session
from m2com_twisted.hub.subjects import DEADLINE, REQUEST_ID
from m2com_twisted.programs.send import SendExitCode
from tests.support.coroutines import Call, start
from tests.support.hub import PATIENCE, PlayedService, Reader, new_settings, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.subcommands import start as start_subcommand
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


async def ask(
    one: Reader, name: str, headers: dict[str, str], payload: bytes = b"{}"
) -> dict[str, object]:
    """Send a request as any NATS client can, and return the reply."""
    answered: Deferred[dict[str, object]] = Deferred()

    async def request(session: Session) -> None:
        subject = one.controller.subjects.of_command(name)
        reply = await session.client.request(subject, payload, timeout=10, headers=headers)
        the_reactor().callFromThread(answered.callback, json.loads(reply.data))

    assert one.controller._call(lambda session: session.spawn(request(session)))
    return await answered


def in_seconds(seconds: float) -> str:
    """Return a deadline."""
    return str(time.time_ns() + int(seconds * 1e9))


@pytest_twisted.ensureDeferred
async def test_command_succeeds(nats_server: NatsServer) -> None:
    """A command that is allowed is executed once, with its details, and its outcome comes back."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        outcome = await one.controller.run_command("power", {"powerType": 1, "status": True})
        assert service.executed == [("power", {"powerType": 1, "status": True})]
        assert (outcome.command, outcome.sequence_id) == ("power", 1)
        assert outcome.latency == pytest.approx(0.002)
        assert outcome.reply == {"id": "success"}


@pytest.mark.parametrize(
    "error",
    [
        CommandRejected("was rejected", "power", 5, CommandStage.SENT),
        CommandFailed("failed", "power", 5, CommandStage.ACKNOWLEDGED),
        CommandTimeout("timed out after 1 s", "power", 5, CommandStage.ACKNOWLEDGED),
        CommandLost("was lost with the connection", "power", 5, CommandStage.SENT),
    ],
)
@pytest_twisted.ensureDeferred
async def test_errors_are_those_of_the_service(
    nats_server: NatsServer, error: CommandRejected
) -> None:
    """An error of the service's `run_command` is raised at the reader, with all its fields."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        service.holding = Deferred()
        service.holding.errback(error)
        with pytest.raises(type(error)) as caught:
            await one.controller.run_command("power")
        assert type(caught.value) is type(error)
        assert str(caught.value) == str(error)
        assert caught.value.sequence_id == 5
        assert caught.value.stage is error.stage
        assert caught.value.outcome_unknown is error.outcome_unknown


@pytest_twisted.ensureDeferred
async def test_unlisted_command_is_refused(nats_server: NatsServer) -> None:
    """A command that is not on the service's list is refused, and not sent."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        with pytest.raises(CommandRefused, match="does not take it") as caught:
            await one.controller.run_command("clearErrors")
        assert caught.value.stage is CommandStage.NEVER_SENT
        assert not caught.value.outcome_unknown
        assert service.executed == []


@pytest_twisted.ensureDeferred
async def test_commands_are_off_unless_listed(nats_server: NatsServer) -> None:
    """If the service lists no command, a caller is told at once that nobody takes any."""
    settings = new_settings(nats_server)
    async with played_service(settings), reader(settings) as one:
        with pytest.raises(NotConnectedError, match="No service takes commands"):
            await one.controller.run_command("power")


@pytest_twisted.ensureDeferred
async def test_repeat_is_answered_not_executed(nats_server: NatsServer) -> None:
    """A request with the same id gets the first outcome, while it runs and afterwards."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        service.holding = Deferred()
        calls = [start(one.controller.run_command("power", request_id="r1")) for _ in range(3)]
        await until(lambda: service.executed, PATIENCE)
        service.holding.callback(None)
        outcomes = [await call for call in calls]
        outcomes.append(await one.controller.run_command("power", request_id="r1"))
        assert [outcome.sequence_id for outcome in outcomes] == [1, 1, 1, 1]
        assert len(service.executed) == 1


@pytest_twisted.ensureDeferred
async def test_repeat_after_a_restart_is_not_executed(nats_server: NatsServer) -> None:
    """A restarted service knows the requests of the one before it, and what became of them."""
    settings = new_settings(nats_server)
    async with reader(settings, wait=False) as one:
        async with played_service(settings, ["power"]) as service:
            await one.until_up()
            first = await one.controller.run_command("power", request_id="r1")
        async with played_service(settings, ["power"]) as service:
            await one.until_up()
            again = await one.controller.run_command("power", request_id="r1")
            assert again.reply == first.reply
            assert service.executed == []


@pytest_twisted.ensureDeferred
async def test_outcome_that_nobody_noted_is_unknown(nats_server: NatsServer) -> None:
    """If the service died over a command, a repeat is told that its outcome is unknown."""
    settings = new_settings(nats_server)
    async with reader(settings, wait=False) as one:
        async with played_service(settings, ["power"]) as service:
            await one.until_up()
            service.holding = Deferred()
            running = start(one.controller.run_command("power", request_id="r1", timeout=2))
            running.addErrback(lambda failure: failure.trap(CommandTimeout, CommandLost))
            await until(lambda: service.executed, PATIENCE)
        async with played_service(settings, ["power"]) as service:
            await one.until_up()
            with pytest.raises(CommandLost) as caught:
                await one.controller.run_command("power", request_id="r1", timeout=2)
            assert caught.value.outcome_unknown
            assert service.executed == []
        await running


@pytest_twisted.ensureDeferred
async def test_request_without_deadline_or_id(nats_server: NatsServer) -> None:
    """A request that lacks a deadline or an id, or has an impossible one, is refused."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        for headers in (
            {REQUEST_ID: "r1"},
            {DEADLINE: in_seconds(5)},
            {DEADLINE: "soon", REQUEST_ID: "r1"},
            {DEADLINE: in_seconds(5), REQUEST_ID: "a.b"},
            {DEADLINE: in_seconds(5), REQUEST_ID: "x" * 65},
            {DEADLINE: in_seconds(10_000), REQUEST_ID: "r1"},
        ):
            reply = await ask(one, "power", headers)
            assert reply["outcome"] == "refused", headers
            assert reply["outcome_unknown"] is False
        assert service.executed == []


@pytest.mark.parametrize("payload", [b"[1]", b"{", b"\xff", b"3", b"[" * 100_000])
@pytest_twisted.ensureDeferred
async def test_details_that_are_none(nats_server: NatsServer, payload: bytes) -> None:
    """Details that are no JSON object are refused."""
    settings = new_settings(nats_server)
    headers = {DEADLINE: in_seconds(5), REQUEST_ID: "r1"}
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        reply = await ask(one, "power", headers, payload)
        assert reply["outcome"] == "refused"
        assert service.executed == []


@pytest_twisted.ensureDeferred
async def test_expired_request_is_not_executed(nats_server: NatsServer) -> None:
    """A request that arrives after its deadline is answered `expired`, and not executed."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        headers = {DEADLINE: in_seconds(-0.1), REQUEST_ID: "r1"}
        assert (await ask(one, "power", headers))["outcome"] == "expired"
        assert service.executed == []


@pytest_twisted.ensureDeferred
async def test_caller_is_told_by_its_deadline(nats_server: NatsServer) -> None:
    """A command that does not end is given up at the caller's deadline: outcome unknown."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        service.holding = Deferred()
        began = time.monotonic()
        with pytest.raises(CommandTimeout) as caught:
            await one.controller.run_command("power", timeout=0.5)
        assert 0.3 < time.monotonic() - began < 5
        assert caught.value.outcome_unknown
        assert len(service.executed) == 1
        service.holding.callback(None)


@pytest_twisted.ensureDeferred
async def test_service_without_controller_takes_no_command(nats_server: NatsServer) -> None:
    """While the service has no connection to the controller, a caller is told at once: not sent."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        service.disconnect()
        await until(lambda: not one.controller.state.both_up, PATIENCE)
        with pytest.raises(NotConnectedError):
            await one.controller.run_command("power", timeout=5)
        assert service.executed == []
        service.connect()
        await one.until_up()
        await until_served(one)
        assert len(service.executed) == 1


@pytest_twisted.ensureDeferred
async def test_every_command_on_its_way_has_an_outcome_when_the_service_stops_serving(
    nats_server: NatsServer,
) -> None:
    """Commands that reach a service while it loses its controller are executed or not sent."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        for _ in range(5):
            await until_served(one)
            calls = await commands_on_their_way(service, one)
            service.disconnect()
            await until(partial(all_done, calls), PATIENCE)
            assert {type(call.error) for call in calls} <= {NoneType, NotConnectedError}
            service.connect()


async def commands_on_their_way(service: PlayedService, one: Reader) -> list[Call]:
    """Send more commands than the service executes at once, and wait until it has begun."""
    executed = len(service.executed)
    calls = [Call(one.controller.run_command("power", timeout=5)) for _ in range(200)]
    await until(lambda: len(service.executed) > executed, PATIENCE)
    return calls


def all_done(calls: list[Call]) -> bool:
    """Return whether all have ended."""
    return all(call.done for call in calls)


async def until_served(one: Reader) -> None:
    """Send a command until a service takes it, as people do."""
    for _ in range(100):
        try:
            await one.controller.run_command("power", timeout=5)
        except NotConnectedError:
            await deferLater(the_reactor(), 0.05)
        else:
            return
    raise AssertionError("No service took the command.")


@pytest_twisted.ensureDeferred
async def test_no_hub_no_command(own_server: NatsServer) -> None:
    """Without the hub a command fails at once, and is not executed when the hub is back."""
    settings = new_settings(own_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        own_server.kill()
        with pytest.raises((NotConnectedError, CommandLost)):
            await one.controller.run_command("power", timeout=5)
        own_server.start()
        await one.until_up()
        await until_served(one)
        assert len(service.executed) == 1


@pytest_twisted.ensureDeferred
async def test_hung_hub_executes_nothing_late(own_server: NatsServer) -> None:
    """A command sent into a hub that stands still is not executed after its caller gave up."""
    settings = new_settings(own_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        await until_served(one)
        own_server.pause()
        with pytest.raises((CommandTimeout, CommandLost)) as caught:
            await one.controller.run_command("power", timeout=0.5)
        assert caught.value.outcome_unknown
        own_server.resume()
        await until(lambda: one.controller.state.both_up, PATIENCE)
        await deferLater(the_reactor(), 0.3)
        assert len(service.executed) == 1


@pytest_twisted.ensureDeferred
async def test_second_service_stands_by(nats_server: NatsServer) -> None:
    """One of two services takes commands; the other takes over when the first is gone."""
    settings = new_settings(nats_server)
    async with reader(settings, wait=False) as one:
        async with played_service(settings, ["power"]) as first:
            await one.until_up()
            await until_served(one)
            second = PlayedService(settings, ["power"])
            second.publisher.startService()
            second.connect()
            await until(lambda: second.publisher.stats.events >= 2, PATIENCE)
            for _ in range(20):
                await one.controller.run_command("power")
            assert (len(first.executed), len(second.executed)) == (21, 0)
        await until_served(one)
        assert len(second.executed) == 1
        await second.publisher.stopService()


@pytest_twisted.ensureDeferred
async def test_two_servers_execute_a_request_once(nats_server: NatsServer) -> None:
    """Even if two services take commands at once, each request is executed by one of them."""
    settings = new_settings(nats_server)
    services = [PlayedService(settings, ["power"]) for _ in range(2)]
    for service in services:
        service.publisher.startService()
    await until(lambda: all(one.publisher.stats.connected for one in services), PATIENCE)
    for service in services:
        service.connect()
    async with reader(settings) as one:
        for _ in range(20):
            await one.controller.run_command("power")
        executed = [len(service.executed) for service in services]
        assert sum(executed) == 20, executed
    for service in services:
        await service.publisher.stopService()


@pytest_twisted.ensureDeferred
async def test_what_the_hub_does_not_send(nats_server: NatsServer) -> None:
    """The caller refuses telemetry, events, and commands without a name or a JSON form."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]), reader(settings) as one:
        with pytest.raises(InvalidMessageError):
            await one.controller.write_message(MsgType.Telemetry, "elevation", {})
        with pytest.raises(InvalidMessageError):
            await one.controller.run_command("po.wer")
        with pytest.raises(InvalidMessageError):
            await one.controller.run_command("power", {"x": float("nan")})
        with pytest.raises(CommandTimeout):
            await one.controller.run_command("power", timeout=0)


@pytest_twisted.ensureDeferred
async def test_commands_keep_their_order(nats_server: NatsServer) -> None:
    """Commands of one caller reach the controller in the order in which they were sent."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service, reader(settings) as one:
        calls = [start(one.controller.run_command("power", {"n": n})) for n in range(30)]
        for call in calls:
            await call
        assert [details["n"] for _, details in service.executed] == list(range(30))


@pytest_twisted.ensureDeferred
async def test_send_that_is_interrupted(
    nats_server: NatsServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C at `m2com send --hub` tells until when the command may still be executed."""
    settings = new_settings(nats_server)
    async with played_service(settings, ["power"]) as service:
        service.holding = Deferred()
        hub = ["--hub", nats_server.url, "--instance", settings.instance, "--timeout", "300"]
        before = datetime.now(timezone.utc)
        sending = start_subcommand("send", "power", "powerType=1", "status=true", *hub)
        await until(lambda: service.executed, PATIENCE)
        sending.cancel()
        assert await sending == SendExitCode.UNKNOWN
        service.holding.callback(None)
    words = r"sent; outcome unknown; it may still be executed until (\d\d:\d\d:\d\d) UTC"
    found = re.search(words, capfd.readouterr().err)
    assert found is not None
    shown = datetime.strptime(found[1], "%H:%M:%S")
    clock = before.replace(hour=shown.hour, minute=shown.minute, second=shown.second)
    assert 299 <= ((clock - before).total_seconds()) % 86400 <= 300 + 2 * PATIENCE
