"""Recorded traffic of the original, where there is some: names, types, lengths, order.

``M2COM_CAPTURES`` names the folder with ``command.jsonl`` and ``telemetry.jsonl``;
without it, ``../shared/captures`` is looked for.
"""

import json
import os
from pathlib import Path

import pytest

from m2com_twisted.simulator import ORIGINAL
from tests.support.memory_simulator import Console, Message

FOLDER = Path(
    os.environ.get("M2COM_CAPTURES") or Path(__file__).resolve().parents[4] / "shared" / "captures"
)

pytestmark = pytest.mark.skipif(
    not (FOLDER / "command.jsonl").exists(), reason="there is no recorded traffic"
)

#: Said every cycle, so that how often depends on when commands came.
EVERY_CYCLE = {"id": "m2AssemblyInPosition", "inPosition": True}


def recorded(name: str) -> list[Message]:
    """Return the messages of a recording."""
    lines = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()
    # The recording may end in the middle of a line.
    return [json.loads(line) for line in lines if line.endswith(b"}")]


def shape(value: object) -> object:
    """Return what a value is, not how large: type, and for lists length and types."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return len(value), sorted({type(item).__name__ for item in value})
    return type(value).__name__


def test_command_port_speaks_as_recorded() -> None:
    """The command port sends the recorded messages in the recorded order."""
    console = Console(ORIGINAL)
    heard = console.welcome + console.wait(0.2)
    # The recorded conversation, by its answers; ids begin with 0 there.
    conversation: list[tuple[str, dict[str, object]]] = [
        ("power", {"powerType": 2, "status": True}),
        ("power", {"powerType": 1, "status": True}),
        ("clearErrors", {}),
        ("switchForceBalanceSystem", {"status": True}),
        ("positionMirror", {"x": 10, "y": 0, "z": 5, "xRot": 0, "yRot": 0, "zRot": 0}),
        ("unknown", {}),
        ("switchForceBalanceSystem", {"status": False}),
        ("power", {"powerType": 1, "status": False}),
    ]
    for sequence_id, (name, parameters) in enumerate(conversation):
        message = {"id": f"cmd_{name}", "sequence_id": sequence_id, **parameters}
        console.commands.feed(json.dumps(message).encode() + b"\r\n")
        heard += console.wait(0.25)

    def essence(messages: list[Message]) -> list[Message]:
        # A move says in-position too, but right behind not-in-position.
        return [
            message
            for before, message in zip([{}, *messages], messages, strict=False)
            if message != EVERY_CYCLE or before.get("inPosition") is False
        ]

    assert essence(heard) == essence(recorded("command"))
    assert [list(m) for m in essence(heard)] == [list(m) for m in essence(recorded("command"))]


def test_telemetry_has_the_recorded_shapes() -> None:
    """Each topic has the recorded fields in order, with their types and lengths."""
    console = Console(ORIGINAL)
    console.post("power", powerType=2, status=True)
    console.post("power", powerType=1, status=True)
    console.post("switchForceBalanceSystem", status=True)
    telemetry = console.connect_telemetry()
    console.clock.pump([0.01] * 40)
    telemetry.take()
    console.clock.pump([0.01] * 5)
    cycle = telemetry.take()
    record = recorded("telemetry")
    topics = list(dict.fromkeys(message["id"] for message in record))
    assert [message["id"] for message in cycle] == topics
    by_topic: dict[str, list[object]] = {}
    for message in record:
        by_topic.setdefault(message["id"], []).append(shape(message))
    for message in cycle:
        assert shape(message) in by_topic[message["id"]]
