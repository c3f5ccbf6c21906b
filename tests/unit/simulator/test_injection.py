"""Each fault on request: what the client gets to see."""

import json
import tracemalloc
from typing import Any

import pytest

from m2com_twisted.catalogue.faults import FAULTS
from m2com_twisted.simulator import INJECTIONS, ORIGINAL, STRICT, Injection
from m2com_twisted.simulator.ports.connection import LINE_LIMIT
from tests.support.memory_simulator import ClientEnd, Console


@pytest.fixture
def console() -> Console:
    """Make a controller and a client of it."""
    return Console()


def raw(connection: ClientEnd) -> bytes:
    """Return what was sent since the last call, as it is."""
    data = connection.transport.value()
    connection.transport.clear()
    assert isinstance(data, bytes)
    return data


def statuses(console: Console, **parameters: object) -> list[tuple[str, Any]]:
    """Send a command; return the answers within two seconds."""
    console.commands.take()
    console.post("saveMirrorPosition", **parameters)
    messages = console.commands.take() + console.wait(2)
    return [(m["id"], m["sequence_id"]) for m in messages if "sequence_id" in m]


@pytest.mark.parametrize("port", ["command", "telemetry"])
@pytest.mark.parametrize(("name", "aborted"), [("drop", False), ("reset", True)])
def test_drop_and_reset(console: Console, port: Any, name: str, aborted: bool) -> None:
    """The connection ends, in order or not; the other port's does not."""
    lines = {"command": console.commands, "telemetry": console.connect_telemetry()}
    console.controller.inject(name, port=port)
    ended = lines.pop(port)
    assert ended.closed
    assert ended.transport.aborted is aborted
    assert not lines.popitem()[1].closed


def test_without_a_client_it_happens_to_the_next(console: Console) -> None:
    """Without a client an injection affects the next one, right after its welcome."""
    console.commands.transport.loseConnection()
    console.controller.inject("drop")
    line = console.connect()
    assert len(line.take()) == 99
    assert line.closed
    assert not console.connect().closed


def test_silence(console: Console) -> None:
    """A silent controller reads and acts, and sends nothing; telemetry goes on."""
    telemetry = console.connect_telemetry()
    console.controller.inject("silence")
    assert statuses(console) == []
    assert console.controller.received[-1]["id"] == "cmd_saveMirrorPosition"
    assert telemetry.take()
    assert not console.commands.closed


def test_half_open(console: Console) -> None:
    """A half-open connection neither reads nor sends; the port takes another client."""
    console.controller.inject("half-open")
    assert console.commands.transport.producerState == "paused"
    assert statuses(console) == []
    assert console.controller.received == []
    assert not console.commands.closed
    other = console.connect()
    assert len(other.take()) == 99
    console.commands.transport.loseConnection()
    assert not other.closed
    assert console.controller.command_factory.client is other.protocol


def test_half_open_with_commands_that_wait() -> None:
    """Commands that wait on a half-open connection are dropped; the next client is served."""
    console = Console(STRICT)
    for _ in range(101):
        console.post("saveMirrorPosition")
    console.controller.inject("half-open")
    console.commands = console.connect()
    console.commands.take()
    assert not [m for m in console.wait(1) if "sequence_id" in m]
    console.commands.feed(b'{"id": "cmd_saveMirrorPosition", "sequence_id": 7}\r\n')
    answers = [(m["id"], m["sequence_id"]) for m in console.commands.take() if "sequence_id" in m]
    assert answers == [("ack", 7), ("success", 7)]


def test_half_open_telemetry(console: Console) -> None:
    """A half-open telemetry connection neither reads nor sends; the port takes another client."""
    telemetry = console.connect_telemetry()
    console.controller.inject("half-open", port="telemetry")
    console.wait(1)
    assert telemetry.take() == []


def test_slow_drip(console: Console) -> None:
    """A slow drip sends 100 bytes a second by default, and loses nothing."""
    console.controller.inject("slow-drip")
    console.post("saveMirrorPosition")
    assert raw(console.commands) == b""
    console.clock.pump([0.01] * 10)
    assert raw(console.commands) == b'{"id": "ac'
    console.clock.pump([0.01] * 100)
    rest = raw(console.commands)
    assert rest.startswith(b'k", "sequence_id": 1}\r\n{"id": "success", "sequence_id": 1}\r\n')
    assert len(rest) == 100


def test_slow_drip_at_another_pace(console: Console) -> None:
    """The pace of a slow drip can be chosen, and a second injection replaces the first."""
    console.controller.inject("slow-drip")
    console.controller.inject("slow-drip", seconds=0.5)
    console.post("saveMirrorPosition")
    console.clock.pump([0.05] * 20)
    assert raw(console.commands) == b'{"'


def test_slow_drip_is_bounded_and_leaves_nothing(console: Console) -> None:
    """What does not get through is lost, whole; no call is left behind.

    The first cycle comes after 50 ms, and then it drips without a pause.
    """
    console.power_up()
    telemetry = console.connect_telemetry()
    console.controller.inject("slow-drip", port="telemetry", seconds=0.001)
    tracemalloc.start()
    console.wait(4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Telemetry of 4 s is 0.8 MB.
    assert peak < 400_000
    dripped = raw(telemetry)
    assert len(dripped) == pytest.approx(3_950, abs=5)
    telemetry.transport.loseConnection()
    console.controller.stop_loops()
    assert console.clock.getDelayedCalls() == []


def test_accept_then_close(console: Console) -> None:
    """The given number of new connections are closed at once; the present client stays."""
    console.controller.inject("accept-then-close", count=2)
    assert not console.commands.closed
    console.commands.transport.loseConnection()
    assert [console.connect().closed for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "what"),
    [("garbage-line", b"garbage"), ("invalid-utf8", b"\xff"), ("oversize-line", b"x" * LINE_LIMIT)],
)
def test_bad_lines(console: Console, name: str, what: bytes) -> None:
    """A bad line is sent once, and the connection goes on."""
    console.controller.inject(name)
    line = raw(console.commands)
    assert what in line
    assert line.count(b"\r\n") == 1
    assert line.endswith(b"\r\n")
    console.do("saveMirrorPosition")


@pytest.mark.parametrize("name", ["garbage-line", "invalid-utf8"])
def test_bad_lines_are_no_json(console: Console, name: str) -> None:
    """No JSON reader accepts the injected lines, however lenient it is."""
    console.controller.inject(name)
    with pytest.raises(ValueError, match=r"."):
        json.loads(raw(console.commands))


def test_late_ack(console: Console) -> None:
    """Late answers come one second later by default, and the next ones wait."""
    console.controller.inject("late-ack", seconds=0.5)
    first = console.post("saveMirrorPosition")
    second = console.post("saveMirrorPosition")
    assert not [m for m in console.wait(0.49) if "sequence_id" in m]
    answers = [m["sequence_id"] for m in console.wait(0.02) if "sequence_id" in m]
    assert answers == [first, first, second, second]


def test_late_ack_by_default(console: Console) -> None:
    """A late acknowledgement comes one second late unless told otherwise."""
    console.controller.inject("late-ack")
    console.post("saveMirrorPosition")
    assert not [m for m in console.wait(0.99) if "sequence_id" in m]
    assert [m for m in console.wait(0.02) if "sequence_id" in m]


def test_missing_ack(console: Console) -> None:
    """Without the acknowledgement only the final answer comes; the next command gets both."""
    console.controller.inject("missing-ack")
    assert statuses(console) == [("success", 1)]
    assert statuses(console) == [("ack", 2), ("success", 2)]


def test_missing_success(console: Console) -> None:
    """The final answers of the next two commands are left out, as asked for."""
    console.controller.inject("missing-success", count=2)
    assert statuses(console) == [("ack", 1)]
    assert statuses(console) == [("ack", 2)]
    assert statuses(console) == [("ack", 3), ("success", 3)]


def test_duplicate_success(console: Console) -> None:
    """A duplicate success is the same message twice."""
    console.controller.inject("duplicate-success")
    assert statuses(console) == [("ack", 1), ("success", 1), ("success", 1)]


def test_wrong_id(console: Console) -> None:
    """The final answer is to a command that was never sent."""
    console.controller.inject("wrong-id")
    assert statuses(console) == [("ack", 1), ("success", 1_000_001)]


def test_wrong_id_where_ids_are_text() -> None:
    """If the ids are text, the wrong id is another text."""
    console = Console(ORIGINAL)
    console.controller.inject("wrong-id")
    console.commands.feed(b'{"id": "cmd_saveMirrorPosition", "sequence_id": "x"}\r\n')
    answers = [m for m in console.commands.take() if "sequence_id" in m]
    assert [m["sequence_id"] for m in answers] == ["x", "x?"]


def test_a_failing_command_fails_all_the_same(console: Console) -> None:
    """An injection changes the answers of a command, not its outcome."""
    console.controller.inject("duplicate-success")
    assert console.ask("resetBreakers", powerType=9) == [
        {"id": "ack"},
        {"id": "fail"},
        {"id": "fail"},
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.code))
def test_every_fault_code(console: Console, fault: Any) -> None:
    """A fault that is injected by its code is raised in the model, and reported."""
    console.wait(0.2)
    console.do("clearErrors")
    console.controller.inject(f"fault-{fault.code}")
    assert {"id": "summaryFaultsStatus", "status": fault.mask} in console.wait(0.2)


def test_later(console: Console) -> None:
    """An injection with a delay happens that many seconds later."""
    console.controller.inject("drop", at=2)
    console.controller.inject("late-ack", at=1)
    console.wait(1.9)
    assert not console.commands.closed
    console.wait(0.2)
    assert console.commands.closed


@pytest.mark.parametrize(
    ("text", "injection"),
    [
        ("drop", Injection("drop")),
        ("drop:at=2.5:port=telemetry", Injection("drop", port="telemetry", at=2.5)),
        ("late-ack:count=3:seconds=0.5", Injection("late-ack", count=3, seconds=0.5)),
        ("fault-6055", Injection("fault-6055")),
    ],
)
def test_parse(text: str, injection: Injection) -> None:
    """The command line's way to say it."""
    assert Injection.parse(text) == injection


@pytest.mark.parametrize(
    "text",
    [
        "",
        "explode",
        "fault-1",
        "drop:",
        "drop:at",
        "drop:name=reset",
        "drop:at=soon",
        "drop:at=-1",
        "drop:at=nan",
        "drop:port=both",
        "drop:count=0",
        "drop:count=1.5",
        "late-ack:seconds=0",
        "late-ack:seconds=inf",
    ],
)
def test_what_cannot_be_parsed(text: str) -> None:
    """The error for an injection that cannot be parsed says what is wrong."""
    with pytest.raises(ValueError, match=r"\w"):
        Injection.parse(text)


def test_an_unknown_injection_is_the_callers_error(console: Console) -> None:
    """An unknown injection raises at once, also with a delay."""
    with pytest.raises(ValueError, match="explode"):
        console.controller.inject("explode", at=5)


@pytest.mark.parametrize("name", INJECTIONS)
def test_each_is_survived(console: Console, name: str) -> None:
    """The second command of the second client after it is served."""
    console.controller.inject(name)
    console.clock.pump([0.05] * 60)
    console.commands.transport.loseConnection()
    console.connect().transport.loseConnection()
    console.commands = console.connect()
    assert len(console.commands.take()) == 99
    console.post("saveMirrorPosition")
    second = console.post("saveMirrorPosition")
    answers = [(m["id"], m.get("sequence_id")) for m in console.commands.take() + console.wait(2)]
    assert ("success", second) in answers
