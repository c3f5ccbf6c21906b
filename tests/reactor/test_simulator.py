"""The simulator on real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost
from twisted.internet.error import ConnectionRefusedError as RefusedError
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from m2com_twisted.programs.m2sim_tap import Options, SimulatorService, makeService
from m2com_twisted.simulator import CellController
from tests.support.line_client import Client
from tests.support.marks import unbound_socket
from tests.support.waiting import the_reactor, turn, until

Connect = Callable[[int], Awaitable[Client]]
OnClock = tuple[CellController, Clock]


@pytest_twisted.async_yield_fixture
async def on_clock() -> AsyncIterator[OnClock]:
    """Run a controller whose time is the test's."""
    clock = Clock()
    controller = CellController(seed=1, clock=clock)
    await controller.start()
    yield controller, clock
    await controller.stop()
    assert clock.getDelayedCalls() == []


@pytest_twisted.async_yield_fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect clients, and see all of them off."""
    clients: list[Client] = []

    async def connect(port: int) -> Client:
        endpoint = TCP4ClientEndpoint(the_reactor(), "127.0.0.1", port)
        client: Client = await connectProtocol(endpoint, Client())
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.transport.abortConnection()
        if not client.lost.called:
            await client.lost


@pytest_twisted.ensureDeferred
async def test_welcome_and_a_command(controller: CellController, connect: Connect) -> None:
    """The ports are real; 99 messages greet, and a command is answered."""
    assert controller.command_port > 0 < controller.telemetry_port
    client = await connect(controller.command_port)
    await client.lines(99)
    client.take()
    client.command(1, "switchCommandSource", isRemote=True)
    await until(lambda: b"success" in client.data)
    told = [m for m in client.take() if m["id"] in ("ack", "commandableByDDS", "success")]
    assert told == [
        {"id": "ack", "sequence_id": 1},
        {"id": "commandableByDDS", "state": True},
        {"id": "success", "sequence_id": 1},
    ]
    assert [message["sequence_id"] for message in controller.received] == [1]


@pytest_twisted.ensureDeferred
async def test_telemetry_needs_no_command_client(
    controller: CellController, connect: Connect
) -> None:
    """Telemetry is sent without a command client."""
    client = await connect(controller.telemetry_port)
    await client.lines(6)
    assert [m["id"] for m in client.take()[:3]] == [
        "powerStatusRaw",
        "powerStatus",
        "displacementSensors",
    ]


@pytest_twisted.ensureDeferred
async def test_a_second_client_is_closed_in_order(
    controller: CellController, connect: Connect
) -> None:
    """A second client is closed without a byte; the first goes on."""
    first = await connect(controller.command_port)
    await first.lines(1)
    second = await connect(controller.command_port)
    assert isinstance(await second.lost, ConnectionDone)
    assert second.data == b""
    assert not first.lost.called


@pytest.mark.parametrize("leave", ["loseConnection", "abortConnection", "loseWriteConnection"])
@pytest_twisted.ensureDeferred
async def test_the_next_client_is_taken(
    controller: CellController, connect: Connect, leave: str
) -> None:
    """A port accepts the next client after a close, a reset or a half-close of the one before."""
    first = await connect(controller.command_port)
    await first.lines(99)
    getattr(first.transport, leave)()
    await until(lambda: controller.command_factory.client is None)
    second = await connect(controller.command_port)
    await second.lines(99)


@pytest.mark.parametrize(("name", "reason"), [("drop", ConnectionDone), ("reset", ConnectionLost)])
@pytest_twisted.ensureDeferred
async def test_drop_and_reset(
    controller: CellController, connect: Connect, name: str, reason: type[Exception]
) -> None:
    """The client sees a FIN, or a RST."""
    client = await connect(controller.command_port)
    await client.lines(99)
    controller.inject(name)
    assert isinstance(await client.lost, reason)


@pytest_twisted.ensureDeferred
async def test_half_open(controller: CellController, connect: Connect) -> None:
    """The client sees nothing at all; another one is served, and stop ends both."""
    client = await connect(controller.command_port)
    await client.lines(99)
    controller.inject("half-open")
    client.take()
    client.command(1, "saveMirrorPosition")
    other = await connect(controller.command_port)
    await other.lines(99)
    assert client.data == b""
    assert not client.lost.called
    await controller.stop()
    assert controller.command_factory.connections == []
    assert (await client.lost) is not None


@pytest_twisted.ensureDeferred
async def test_reboot_closes_the_listeners(on_clock: OnClock, connect: Connect) -> None:
    """After a reboot clients are closed and refused until the controller is started again."""
    controller, clock = on_clock
    client = await connect(controller.command_port)
    await client.lines(99)
    client.command(1, "rebootController")
    await client.lines(101)
    clock.advance(0.6)
    assert isinstance(await client.lost, ConnectionDone)
    with pytest.raises(RefusedError):
        await connect(controller.command_port)
    await controller.start()
    again = await connect(controller.command_port)
    await again.lines(99)


@unbound_socket
@pytest_twisted.ensureDeferred
async def test_start_on_a_taken_port(controller: CellController) -> None:
    """Starting on a taken port fails, and closes the other port again."""
    other = CellController(command_port=0, telemetry_port=controller.telemetry_port)
    with pytest.raises(CannotListenError):
        await other.start()


@pytest_twisted.ensureDeferred
async def test_stop_is_harmless_at_any_time() -> None:
    """`stop` is harmless before start and twice; a second start changes nothing."""
    controller = CellController()
    await controller.stop()
    await controller.start()
    ports = (controller.command_port, controller.telemetry_port)
    await controller.start()
    assert ports == (controller.command_port, controller.telemetry_port)
    await controller.stop()
    await controller.stop()
    await controller.start()
    await controller.stop()


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_telemetry_is_dropped(
    on_clock: OnClock, connect: Connect
) -> None:
    """A client that leaves 1 MiB unread is dropped."""
    controller, clock = on_clock
    client = await connect(controller.telemetry_port)
    client.transport.pauseProducing()
    await until(lambda: controller.telemetry_factory.client)
    controller.model.power.states = {
        power_type: state.PoweredOn for power_type, state in controller.model.power.states.items()
    }
    while controller.telemetry_factory.client is not None:
        clock.advance(0.05)
        await turn()
        # The sockets of loopback hold a few MB, at 213 kB a second.
        assert clock.seconds() < 120
    client.transport.resumeProducing()
    await client.lost


@pytest_twisted.ensureDeferred
async def test_a_flood_of_commands_is_answered_in_order(
    controller: CellController, connect: Connect
) -> None:
    """20000 commands from a client that reads late are answered in order."""
    client = await connect(controller.command_port)
    await client.lines(99)
    client.take()
    client.transport.pauseProducing()
    count = 20000
    lines = (b'{"id": "cmd_saveMirrorPosition", "sequence_id": %d}\r\n' % n for n in range(count))
    client.transport.write(b"".join(lines))
    for _ in range(50):
        await turn()
    client.transport.resumeProducing()
    await until(lambda: b'"success", "sequence_id": %d}' % (count - 1) in client.data)
    answers = [(m["id"], m["sequence_id"]) for m in client.take() if "sequence_id" in m]
    assert answers == [(name, n) for n in range(count) for name in ("ack", "success")]


@pytest_twisted.ensureDeferred
async def test_stop_does_not_wait_for_a_client_that_does_not_read(
    on_clock: OnClock, connect: Connect
) -> None:
    """Stopping gives a client that does not read one second for the rest."""
    controller, clock = on_clock
    client = await connect(controller.command_port)
    await client.lines(99)
    client.transport.pauseProducing()
    assert controller.command_factory.client is not None
    controller.command_factory.client.write(b"x" * 20_000_000)
    await turn()
    stopping = Deferred.fromCoroutine(controller.stop())
    await turn()
    assert not stopping.called
    clock.advance(1)
    await stopping


def options(*words: str) -> Options:
    """Return options as on the command line, with free ports."""
    parsed: Any = Options()  # whose methods have no annotations
    parsed.parseOptions(["--command-port", "0", "--telemetry-port", "0", *words])
    assert isinstance(parsed, Options)
    return parsed


@pytest_twisted.ensureDeferred
async def test_service(connect: Connect) -> None:
    """The service of twistd listens when started, logs to Twisted, and leaves nothing."""
    carried: list[LogEvent] = []

    @provider(ILogObserver)
    def carry(event: LogEvent) -> None:
        carried.append(event)

    globalLogPublisher.addObserver(carry)
    service = makeService(options("--profile", "original", "--inject", "drop:at=0.01"))
    assert isinstance(service, SimulatorService)
    service.startService()
    client = await connect(service.controller.command_port)
    await client.lost
    assert client.data.count(b"\r\n") >= 99
    await service.stopService()
    lines = [
        event["message"] for event in carried if event.get("log_namespace") == "CellController"
    ]
    globalLogPublisher.removeObserver(carry)
    assert lines[0].startswith("Listening on 127.0.0.1: ")


@unbound_socket
@pytest_twisted.ensureDeferred
async def test_a_service_on_a_taken_port(controller: CellController) -> None:
    """A service on a taken port is not made: one line, and exit code 1."""
    taken: Any = Options()
    taken.parseOptions(["--command-port", str(controller.command_port), "--telemetry-port", "0"])
    with pytest.raises(SystemExit, match=rf"^m2sim: .*127\.0\.0\.1:{controller.command_port}"):
        makeService(taken)


@pytest.mark.parametrize(
    "words",
    [
        ["--profile", "lenient"],
        ["--kind", "EUI"],
        ["--power-seconds", "-1"],
        ["--power-seconds", "soon"],
        ["--inject", "explode"],
        ["--inject", "drop:at=soon"],
        ["--command-port", "70000"],
        ["--command-port", "x"],
        ["--seed", "x"],
        ["--no-such-option"],
        ["stray"],
    ],
)
def test_bad_options(words: list[str]) -> None:
    """A bad option is the user's error, which is told before anything starts."""
    with pytest.raises(SystemExit, match=r"^m2sim: "):
        options(*words)


def test_defaults() -> None:
    """By default the simulator listens on the CSC's ports, on loopback only."""
    parsed: Any = Options()  # whose methods have no annotations
    parsed.parseOptions([])
    controller = parsed.controller()
    assert (controller.command_port, controller.telemetry_port) == (50000, 50001)
    assert controller.interface == "127.0.0.1"
    assert controller.profile.name == "default"


def test_kind_and_power_times() -> None:
    """The kind makes a controller compare angles, and the power takes the given time."""
    controller = options("--kind", "GUI", "--power-seconds", "3.5").controller()
    assert controller.model.kind == "GUI"
    assert controller.model.power.times.on == (0.0, 3.5)
    assert controller.profile.name == "default"


@pytest_twisted.ensureDeferred
async def test_an_injection_into_a_running_simulator(
    controller: CellController, connect: Connect
) -> None:
    """A program injects a fault while the simulator runs, and its client hears of it."""
    client = await connect(controller.command_port)
    await client.lines(101)  # the welcome, and the fault of the start
    controller.inject("fault-6056")
    await until(lambda: b'"status": %d}' % (1 << 57 | 1 << 6) in client.data)


def test_list_injections(capsys: pytest.CaptureFixture[str]) -> None:
    """--list-injections prints one line for each injection, and the program ends."""
    with pytest.raises(SystemExit) as ended:
        options("--list-injections")
    assert ended.value.code == 0
    assert "late-ack" in capsys.readouterr().out
