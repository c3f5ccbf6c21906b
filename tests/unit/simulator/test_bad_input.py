"""Whatever comes in: an answer where there is an id to answer to, a log line otherwise."""

import json
import logging
import math
import tracemalloc

import pytest

from m2com_twisted.simulator import DEFAULT, ORIGINAL, STRICT, Profile
from m2com_twisted.simulator.ports.connection import LINE_LIMIT
from tests.support.memory_simulator import Console

#: Lines that cannot be answered.
UNANSWERABLE = {
    "not JSON": b"{not json}",
    "array": b'[{"id": "cmd_power"}]',
    "number": b"17",
    "null": b"null",
    "string": b'"cmd_power"',
    "no id": b'{"sequence_id": 1}',
    "id not a string": b'{"id": 1, "sequence_id": 1}',
    "command without sequence_id": b'{"id": "cmd_clearErrors"}',
    "sequence_id NaN": b'{"id": "cmd_clearErrors", "sequence_id": NaN}',
    "event without compName": b'{"id": "evt_mountInPosition", "inPosition": true}',
    "compName not a string": b'{"id": "evt_mountInPosition", "compName": 5}',
    "elevation without value": b'{"id": "tel_elevation", "compName": "MTMount"}',
    "elevation not a number": b'{"id":"tel_elevation","compName":"MTMount","actualPosition":"up"}',
    "elevation true": b'{"id":"tel_elevation","compName":"MTMount","actualPosition":true}',
    "elevation NaN": b'{"id":"tel_elevation","compName":"MTMount","actualPosition":NaN}',
    "elevation infinite": b'{"id":"tel_elevation","compName":"MTMount","actualPosition":1e400}',
    "elevation huge": b'{"id":"tel_elevation","compName":"MTMount","actualPosition":1e300}',
    "invalid UTF-8": b'{"id": "cmd_\xff", "sequence_id": 1}',
    "deep nesting": b"[" * 100000,
    "deep nesting in an object": b'{"id": ' + b"[" * 100000,
    "a number of 5000 digits": b'{"id": "cmd_power", "sequence_id": ' + b"9" * 5000 + b"}",
    "over the limit": b"x" * (LINE_LIMIT + 1),
    "NUL bytes": b"\x00" * 10,
}

#: Commands with an id of a kind that only the original answers.
ODD_IDS: dict[str, tuple[bytes, object]] = {
    "null": (b'{"id": "cmd_saveMirrorPosition", "sequence_id": null}', None),
    "a list": (b'{"id": "cmd_saveMirrorPosition", "sequence_id": [1]}', [1]),
    "an object": (b'{"id": "cmd_saveMirrorPosition", "sequence_id": {}}', {}),
}

#: Lines that are fine, and say nothing.
IGNORED = {
    "empty": b"",
    "heartbeat": b"heartbeat",
    "neither cmd_ nor evt_": b'{"id": "ack", "sequence_id": 1}',
    "mount in position": b'{"id":"evt_mountInPosition","compName":"MTMount","inPosition":true}',
    "event of another": b'{"id": "evt_x", "compName": "MTRotator"}',
    "another compName": b'{"id": "tel_elevation", "compName": "MTDome", "actualPosition": 5}',
}


def is_served(console: Console) -> bool:
    """Whether the next command is answered with success."""
    answer = console.ask("saveMirrorPosition")
    answer += [
        {k: v for k, v in m.items() if k != "sequence_id"}
        for m in console.wait(0.2)
        if "sequence_id" in m
    ]
    return answer == [{"id": "ack"}, {"id": "success"}]


@pytest.mark.parametrize("profile", [DEFAULT, ORIGINAL, STRICT], ids=lambda profile: profile.name)
@pytest.mark.parametrize("line", UNANSWERABLE.values(), ids=list(UNANSWERABLE))
def test_unanswerable_line(line: bytes, profile: Profile, caplog: pytest.LogCaptureFixture) -> None:
    """A line that cannot be answered costs one short warning; the next command is served."""
    console = Console(profile)
    console.commands.feed(line + b"\r\n")
    assert not [message for message in console.commands.take() if "sequence_id" in message]
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelno == logging.WARNING
    assert len(record.getMessage()) < 1200
    assert is_served(console)


@pytest.mark.parametrize("line", IGNORED.values(), ids=list(IGNORED))
def test_ignored_line(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A line that the original ignores has no effect."""
    console = Console()
    console.commands.feed(line + b"\r\n")
    assert console.commands.take() == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert is_served(console)


@pytest.mark.parametrize(("line", "sequence_id"), ODD_IDS.values(), ids=list(ODD_IDS))
def test_odd_sequence_id(line: bytes, sequence_id: object) -> None:
    """The original echoes a sequence id of any kind; the others do not answer."""
    for profile, answers in ((ORIGINAL, ["ack", "success"]), (DEFAULT, [])):
        console = Console(profile)
        console.commands.feed(line + b"\r\n")
        told = [m for m in console.commands.take() if "sequence_id" in m]
        assert [m["id"] for m in told] == answers
        assert all(m["sequence_id"] == sequence_id for m in told)


@pytest.mark.parametrize(("port", "shown"), [("command", 89.06), ("telemetry", 45)])
def test_elevation_counts_on_the_telemetry_port(port: str, shown: float) -> None:
    """Names are not case-sensitive; the elevation shows in telemetry, an integer as one."""
    console = Console()
    console.power_up()
    telemetry = console.connect_telemetry()
    line = telemetry if port == "telemetry" else console.commands
    line.feed(b'{"id": "tel_Elevation", "compName": "mtmount", "actualPosition": 45}\r\n')
    console.wait(0.1)
    [last] = [m for m in telemetry.take() if m["id"] == "inclinometerAngleTma"][-1:]
    assert last["inclinometer"] == shown
    assert type(last["inclinometer"]) is type(shown)


@pytest.mark.parametrize(("profile", "taken"), [(ORIGINAL, True), (DEFAULT, False)])
def test_elevation_beyond_a_turn(profile: Profile, taken: bool) -> None:
    """The original takes an elevation of 400 degrees; the others ignore it."""
    console = Console(profile)
    line = console.connect_telemetry()
    line.feed(b'{"id": "tel_elevation", "compName": "MTMount", "actualPosition": 400.0}\r\n')
    assert (console.model.external_elevation == 400.0) is taken


@pytest.mark.parametrize("line", UNANSWERABLE.values(), ids=list(UNANSWERABLE))
def test_telemetry_port_survives(line: bytes) -> None:
    """Bad input on the telemetry port does not end telemetry."""
    console = Console()
    telemetry = console.connect_telemetry()
    telemetry.feed(line + b"\r\n")
    console.wait(0.2)
    assert len(telemetry.take()) == 4 * 3
    telemetry.feed(b'{"id": "tel_elevation", "compName": "MTMount", "actualPosition": 30}\r\n')
    assert console.model.external_elevation == 30


def test_lf_is_no_terminator() -> None:
    """A bare LF does not end a line, so two messages with one between them are lost."""
    console = Console()
    line = b'{"id": "cmd_clearErrors", "sequence_id": 1}'
    console.commands.feed(line + b"\n" + line + b"\r\n")
    assert console.commands.take() == []
    assert is_served(console)


@pytest.mark.parametrize("chunk", [1, 7, 1000, 65536])
def test_oversize_line_in_any_chunks(chunk: int) -> None:
    """A line that is too long is skipped, however it is cut, and the next one is served."""
    console = Console()
    command = json.dumps({"id": "cmd_saveMirrorPosition", "sequence_id": 1}).encode() + b"\r\n"
    data = b"x" * (LINE_LIMIT + 2) + b"\r\n" + command
    head = data[: LINE_LIMIT - 100]
    console.commands.feed(head)
    for start in range(len(head), len(data), chunk):
        console.commands.feed(data[start : start + chunk])
    assert [m["id"] for m in console.commands.take()] == ["ack", "success"]


def test_longest_line() -> None:
    """A line of exactly the limit is taken."""
    console = Console()
    head = b'{"id": "cmd_saveMirrorPosition", "sequence_id": 1, "x": "'
    line = head + b"x" * (LINE_LIMIT - len(head) - 2) + b'"}'
    assert len(line) == LINE_LIMIT
    console.commands.feed(line + b"\r\n")
    assert [m["id"] for m in console.commands.take()] == ["ack", "success"]


def test_an_endless_line_is_not_kept() -> None:
    """A line without an end takes at most twice the limit of memory."""
    console = Console()
    chunk = b"x" * 65536
    tracemalloc.start()
    for _ in range(160):
        console.commands.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * LINE_LIMIT


def test_ids_are_case_sensitive_for_commands() -> None:
    """Names of commands are case-sensitive: CMD_ is no command, and cmd_Power is unknown."""
    console = Console()
    console.commands.feed(b'{"id": "CMD_power", "sequence_id": 1}\r\n')
    assert console.commands.take() == []
    assert console.ask("Power", powerType=1, status=True) == [{"id": "noack"}]


def test_an_error_of_the_simulator_itself_is_a_fail(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the simulator is logged and answered with fail; the next command is served."""
    console = Console()
    monkeypatch.setattr(console.model.mirror, "set_home", lambda: 1 / 0)
    assert console.ask("setMirrorHome") == [{"id": "ack"}, {"id": "fail"}]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert is_served(console)


def test_an_event_that_cannot_be_sent_is_a_fail(caplog: pytest.LogCaptureFixture) -> None:
    """A command whose event has no JSON form is answered with fail."""
    console = Console()
    setattr(console.model, "open_loop_max_limit", math.nan)  # noqa: B010  # it should be a bool
    assert [m["id"] for m in console.ask("power", powerType=2, status=True)][-1] == "fail"
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]
    assert is_served(console)


def test_an_error_in_the_loop_does_not_end_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error in a cycle, the next cycles and commands are executed."""
    console = Console()
    monkeypatch.setattr(console.model.script, "advance", lambda: 1 / 0)
    assert console.wait(0.5) == []
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 4
    monkeypatch.undo()
    assert "summaryFaultsStatus" in [m["id"] for m in console.wait(0.2)]
    assert is_served(console)
