"""Clients come and go: the welcome, the one-client rule, what stays."""

import pytest

from m2com_twisted.simulator import DEFAULT, ORIGINAL, STRICT, Profile
from m2com_twisted.simulator.ports.connection import UNREAD_LIMIT, UNREAD_SECONDS
from tests.support.memory_simulator import ClientEnd, Console, Message


def ids(messages: list[Message]) -> list[str]:
    """Return the ids of some messages."""
    return [message["id"] for message in messages]


def reconnect(console: Console) -> list[Message]:
    """Leave and come back; return the welcome."""
    console.commands.transport.loseConnection()
    console.commands = console.connect()
    return console.commands.take()


def test_welcome_in_wire_order() -> None:
    """The welcome has 13 events, both power systems and 84 ILCs, in this order."""
    welcome = Console().welcome
    assert ids(welcome) == [
        "tcpIpConnected",
        "commandableByDDS",
        "hardpointList",
        "bypassedActuatorILCs",
        "interlock",
        "inclinationTelemetrySource",
        "temperatureOffset",
        "digitalInput",
        "digitalOutput",
        "config",
        "closedLoopControlMode",
        "enabledFaultsMask",
        "configurationFiles",
        "powerSystemState",
        "powerSystemState",
        *["innerLoopControlMode"] * 84,
    ]
    assert welcome[2]["actuators"] == [6, 16, 26, 74, 76, 78]
    assert welcome[3]["ilcs"] == [6]
    assert welcome[4]["state"] is False
    assert welcome[6]["ring"] == [21.0] * 12
    assert welcome[7]["value"] == 2667642879
    assert welcome[11]["mask"] == 18410715311050326015
    assert [m["powerType"] for m in welcome[13:15]] == [2, 1]
    assert [(m["address"], m["mode"]) for m in welcome[15:]] == [(i, 8) for i in range(84)]


def test_the_original_welcomes_once() -> None:
    """A client that comes back hears nothing but what happens then."""
    console = Console(ORIGINAL)
    console.wait(2)
    assert reconnect(console) == []
    assert ids(console.wait(0.5)) == []


@pytest.mark.parametrize("profile", [DEFAULT, STRICT], ids=lambda profile: profile.name)
def test_others_welcome_each_connection_with_the_present_state(profile: Profile) -> None:
    """Each connection is welcomed with the present state, and faults are told again."""
    console = Console(profile)
    console.post("power", powerType=2, status=True)
    console.wait(4)
    console.post("setInnerLoopControlMode", addresses=[0], mode=3)
    console.post("setHardpointList", actuators=[0, 10, 20, 72, 74, 76])
    console.wait(0.3)
    welcome = reconnect(console)
    assert len(welcome) == 99
    assert welcome[2]["actuators"] == [1, 11, 21, 73, 75, 77]
    assert welcome[4] == {"id": "interlock", "state": True}
    assert welcome[13]["state"] == 5
    assert welcome[15]["mode"] == 3
    assert ids(console.wait(0.11))[:2] == ["forceBalanceSystemStatus", "summaryFaultsStatus"]


@pytest.mark.parametrize("port", ["command", "telemetry"])
def test_a_second_client_is_closed_without_a_byte(port: str) -> None:
    """A second client is closed without a byte, and the first is not disturbed."""
    console = Console()
    factory = getattr(console.controller, f"{port}_factory")
    first = console.commands if port == "command" else console.connect_telemetry()
    second = ClientEnd(factory)
    assert second.closed
    assert second.transport.value() == b""
    console.clock.pump([0.01] * 20)
    assert first.take()
    assert not first.closed


@pytest.mark.parametrize("port", ["command", "telemetry"])
def test_a_port_takes_the_next_client_at_once(port: str) -> None:
    """When a client has left, its port takes the next one at once."""
    console = Console()
    factory = getattr(console.controller, f"{port}_factory")
    first = console.commands if port == "command" else console.connect_telemetry()
    first.transport.loseConnection()
    assert not ClientEnd(factory).closed


def test_a_command_client_that_leaves_takes_its_script_along() -> None:
    """A client that leaves ends its script; power, loop, forces and faults stay."""
    console = Console()
    console.close_loop()
    console.do("applyForces", axial=[1.0] * 72, tangent=[0.0] * 6)
    console.do("runScript", scriptCommand=1, scriptName="x")
    console.do("runScript", scriptCommand=3)
    console.wait(1)
    model, steps = console.model, list(console.model.mirror.steps)
    faults = model.faults.status
    console.commands.transport.loseConnection()
    assert model.script.name == ""
    assert not model.script.running
    assert model.motor_on
    assert model.mirror.loop_closed
    assert model.mirror.applied[0] == 1.0
    assert model.mirror.steps == steps
    assert model.faults.status == faults != 0


@pytest.mark.parametrize(("profile", "moves"), [(ORIGINAL, False), (DEFAULT, True), (STRICT, True)])
def test_time_without_a_command_client(profile: Profile, moves: bool) -> None:
    """The original's model stands still then, while its telemetry goes on."""
    console = Console(profile)
    telemetry = console.connect_telemetry()
    console.post("moveActuators", actuatorCommand=1, actuators=[0], displacement=500, unit=2)
    before = console.model.mirror.steps[0]
    console.commands.transport.loseConnection()
    console.clock.pump([0.01] * 100)
    assert (console.model.mirror.steps[0] != before) is moves
    assert len(telemetry.take()) == 20 * 3


def test_a_telemetry_client_that_leaves_changes_nothing() -> None:
    """Commands go on when the telemetry client leaves."""
    console = Console()
    console.connect_telemetry().transport.loseConnection()
    console.do("saveMirrorPosition")
    console.wait(0.2)


def block(connection: ClientEnd, blocked: bool) -> None:
    """Have the transport report that its buffer is full, or empty again."""
    producer = connection.transport.producer
    if blocked:
        producer.pauseProducing()
    else:
        producer.resumeProducing()


def test_a_telemetry_client_that_does_not_read_is_dropped() -> None:
    """A telemetry client that leaves 1 MiB unread is dropped."""
    console = Console()
    console.power_up()
    telemetry = console.connect_telemetry()
    console.wait(0.2)
    telemetry.take()
    for _ in range(1000):
        block(telemetry, True)  # as a transport does, with every write
        console.clock.advance(0.01)
        if telemetry.closed:
            break
    assert telemetry.transport.aborted
    assert console.clock.seconds() < UNREAD_SECONDS
    assert UNREAD_LIMIT / 2 < len(telemetry.transport.value()) <= UNREAD_LIMIT


def test_a_client_that_reads_nothing_for_long_is_dropped() -> None:
    """A client that reads nothing for 10 s is dropped, however little it is sent."""
    console = Console()
    for _ in range(int(UNREAD_SECONDS * 10 - 5)):
        block(console.commands, True)
        console.clock.advance(0.1)
    assert not console.commands.closed
    console.clock.pump([0.1] * 10)
    assert console.commands.closed


def test_a_client_that_reads_again_in_time_stays() -> None:
    """A client that reads again in time stays, and has the whole time again."""
    console = Console()
    for _ in range(3):
        block(console.commands, True)
        console.clock.pump([0.1] * 90)
        block(console.commands, False)
    assert not console.commands.closed


def test_commands_wait_while_their_answers_are_not_read() -> None:
    """Commands wait while their answers are not read, so memory is bounded."""
    console = Console()
    block(console.commands, True)
    assert console.ask("saveMirrorPosition") == []
    block(console.commands, False)
    assert ids(console.commands.take()) == ["ack", "success"]


def test_received_messages_are_kept_in_bounds() -> None:
    """`received` has the last 1000 messages of both ports, in at most 4 MiB."""
    console = Console()
    telemetry = console.connect_telemetry()
    elevation = {"id": "tel_elevation", "compName": "MTMount", "actualPosition": 5.0}
    telemetry.feed(b'{"id": "tel_elevation", "compName": "MTMount", "actualPosition": 5.0}\r\n')
    console.do("saveMirrorPosition")
    assert console.controller.received == [
        elevation,
        {"id": "cmd_saveMirrorPosition", "sequence_id": 1},
    ]
    for _ in range(1200):
        console.do("saveMirrorPosition")
    assert [m["sequence_id"] for m in console.controller.received] == list(range(202, 1202))
    for _ in range(10):
        console.do("saveMirrorPosition", padding="x" * 1_000_000)
    assert [m["sequence_id"] for m in console.controller.received] == list(range(1208, 1212))


def test_nothing_is_left_on_the_clock_when_the_loops_stop() -> None:
    """A stopped controller leaves no call, not even that of a command under way."""
    console = Console(STRICT)
    console.connect_telemetry()
    console.post("power", powerType=1, status=True)
    console.post("saveMirrorPosition")
    console.controller.inject("drop", at=5)
    console.controller.stop_loops()
    assert console.clock.getDelayedCalls() == []
    console.controller.stop_loops()
