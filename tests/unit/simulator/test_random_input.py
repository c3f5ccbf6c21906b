"""Whatever a client sends, each command is answered, in order, and once."""

import json
import logging
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m2com_twisted.catalogue.describe import fields_of
from m2com_twisted.simulator import DEFAULT, STRICT, Profile
from m2com_twisted.simulator.commands.table import COMMANDS
from tests.support.memory_simulator import Console, Message

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=6,
)

SMALL = st.integers(-1, 9)
FORCES = st.floats(-500, 500) | st.just(0.0)

#: Values that fit, more or less, so that commands get further than their checks.
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "axial": st.lists(FORCES, min_size=72, max_size=72),
    "tangent": st.lists(FORCES, min_size=6, max_size=6),
    "ring": st.lists(st.floats(-10, 30), min_size=12, max_size=12),
    "actuators": st.lists(st.integers(0, 79), max_size=6, unique=True).map(sorted)
    | st.just([0, 10, 20, 72, 74, 76]),
    "addresses": st.lists(st.integers(-1, 84), max_size=5),
    "mask": st.integers(0, 2**64),
    "bit": st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 3]),
    "displacement": st.floats(-1000, 1000),
    "maxAngleDifference": st.floats(-1, 1000),
    "file": st.text(max_size=20),
    "scriptName": st.text(max_size=3),
} | {name: st.floats(-8000, 8000) for name in ("x", "y", "z", "xRot", "yRot", "zRot")}

BOOLEANS = st.booleans()


@st.composite
def commands(draw: st.DrawFn) -> Message:
    """Draw a command with parameters that fit, are wrong, or are missing."""
    # A reboot ends it all, which has a test of its own.
    name = draw(st.sampled_from(sorted(set(COMMANDS) - {"rebootController"})))
    message: Message = {"id": f"cmd_{name}"}
    for field in fields_of(COMMANDS[name].declaration):
        likely = LIKELY.get(field.wire_name, BOOLEANS if field.type is bool else SMALL)
        # Mostly what fits: one in ten is anything, one in twenty is not there.
        dice = draw(st.integers(0, 19))
        if dice:
            message[field.wire_name] = draw(ANY_JSON if dice <= 2 else likely)
    return message


UNKNOWN = st.text(max_size=10).map(lambda name: {"id": f"cmd_?{name}"})

LINES = (
    ANY_JSON.map(json.dumps).map(str.encode)
    | st.binary(max_size=40)
    | st.dictionaries(st.sampled_from(["compName", "actualPosition"]), ANY_JSON).map(
        lambda fields: json.dumps({"id": "tel_elevation", **fields}).encode()
    )
    | st.sampled_from([None, [], {}, math.nan]).map(
        lambda odd: json.dumps({"id": "cmd_power", "sequence_id": odd}).encode()
    )
).map(lambda line: line.replace(b"\r\n", b""))

#: A command with the right id, one after a gap, a line that is no command, a pause.
ACTIONS = st.lists(
    st.tuples(st.just("command"), commands() | UNKNOWN)
    | st.tuples(st.just("gap"), commands())
    | st.tuples(st.just("line"), LINES)
    | st.tuples(st.just("wait"), st.floats(0, 1)),
    max_size=25,
)

#: What each command is to be answered with, in order: several texts are a choice.
Expected = list[tuple[tuple[str, ...], int]]


def play(console: Console, actions: list[tuple[str, Any]]) -> tuple[list[Message], Expected]:
    """Do it; return all that was sent, and the answers that are owed."""
    sent: list[Message] = []
    expected: Expected = []
    sequence_id = 1
    for kind, what in actions:
        if kind == "wait":
            console.clock.pump([0.02] * int(what / 0.02))
            sent += console.commands.take()
        elif kind == "line":
            console.commands.feed(what + b"\r\n")
        elif kind == "gap":
            # The first id is free, so that before it there is no gap.
            if sequence_id > 1:
                expected.append((("noack",), sequence_id))
                console.commands.feed(
                    json.dumps(what | {"sequence_id": sequence_id + 1}).encode() + b"\r\n"
                )
                sequence_id += 2
        else:
            console.commands.feed(
                json.dumps(what | {"sequence_id": sequence_id}).encode() + b"\r\n"
            )
            if what["id"].startswith("cmd_?"):
                expected.append((("noack",), sequence_id))
            else:
                expected += [(("ack",), sequence_id), (("success", "fail"), sequence_id)]
            sequence_id += 1
    return sent, expected


# The profile is drawn, not parametrized: pytest-twisted wraps the function of a
# Hypothesis test in place, so for a second parameter it would be wrapped twice.
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profile=st.sampled_from([DEFAULT, STRICT]), actions=ACTIONS)
def test_every_command_is_answered(
    caplog: pytest.LogCaptureFixture, profile: Profile, actions: list[tuple[str, Any]]
) -> None:
    """Whatever a client sends, each command is answered once, in order."""
    caplog.clear()
    console = Console(profile)
    sent, expected = play(console, actions)
    # The slowest command takes 5 s, and there are 25 at the most.
    while len(answers := [m for m in sent if "sequence_id" in m]) < len(expected):
        assert console.clock.seconds() < 25 * 6
        console.clock.pump([0.05] * 20)
        sent += console.commands.take()
    for answer, (ids, sequence_id) in zip(answers, expected, strict=True):
        assert answer == {"id": answer["id"], "sequence_id": sequence_id}
        assert answer["id"] in ids
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]
    assert not console.commands.closed
    model = console.model
    assert model.motor_on or not model.mirror.loop_closed
    assert all(map(math.isfinite, model.mirror.measured))
    assert len(model.mirror.steps) == 78


@settings(max_examples=50)
@given(
    chunks=st.lists(st.binary(max_size=200) | st.just(b"\r\n") | LINES, max_size=20),
    port=st.sampled_from(["command", "telemetry"]),
)
def test_any_bytes_leave_the_ports_alive(chunks: list[bytes], port: str) -> None:
    """After anything, in any pieces, the next line is served and telemetry goes on."""
    console = Console()
    telemetry = console.connect_telemetry()
    line = console.commands if port == "command" else telemetry
    for chunk in chunks:
        line.feed(chunk)
    line.feed(b"\r\n")
    console.clock.pump([0.01] * 20)
    assert telemetry.take()
    assert [m["id"] for m in console.ask("saveMirrorPosition")][-2:] == ["ack", "success"]
