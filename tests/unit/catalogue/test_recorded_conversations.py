"""The catalogue beside recorded conversations of the original simulator, where there are some.

``M2COM_CAPTURES`` names the folder with ``command.jsonl`` and ``telemetry.jsonl``;
without it, ``../shared/captures`` is looked for, and ``../shared/simulator/transcripts``.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from m2com_twisted.catalogue import commands, events, telemetry
from m2com_twisted.catalogue.describe import fields_of

SHARED = Path(__file__).resolve().parents[4] / "shared"
CAPTURES = Path(os.environ.get("M2COM_CAPTURES") or SHARED / "captures")
TRANSCRIPTS = sorted((SHARED / "simulator" / "transcripts").glob("*.jsonl.gz"))

# Commands of which the original executes some that the catalogue refuses: hardpoints that cannot
# hold the mirror, 1 for true, addresses counted from the end, a mask of 70 bits or in digits.
REFUSED = {
    "getInnerLoopControlMode",
    "moveActuators",
    "power",
    "setClosedLoopControlMode",
    "setEnabledFaultsMask",
    "setHardpointList",
    "setInnerLoopControlMode",
    "setTemperatureOffset",
    "switchCommandSource",
    "switchForceBalanceSystem",
}

# The original echoes what these commands gave, of whatever type it was.
ECHOES = {"temperatureOffset", "commandableByDDS", "forceBalanceSystemStatus"}


def conversation(path: Path) -> Iterator[dict[str, Any]]:
    """Return the entries of a transcript that have a line."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            entry = json.loads(line)
            if "line" in entry:
                yield entry


def check_received(module: Any, message: dict[str, Any]) -> None:
    """Compare a recorded message with its class: types, names and order of the fields."""
    typed = module.parse(message)
    if isinstance(typed, module.Unknown) and message["id"] in ECHOES:
        return
    assert not isinstance(typed, module.Unknown), typed.reason
    names = [field.wire_name for field in fields_of(type(typed))]
    assert names == [key for key in message if key != "id"]
    for field in fields_of(type(typed)):
        if field.length is not None:
            assert len(getattr(typed, field.name)) == field.length


@pytest.mark.skipif(
    not (CAPTURES / "command.jsonl").exists(), reason="there is no recorded traffic"
)
def test_recorded_traffic_fits_the_catalogue() -> None:
    """Each recorded line is of a known class, which has its fields in their order."""
    for name, module in (("command", events), ("telemetry", telemetry)):
        lines = (CAPTURES / f"{name}.jsonl").read_bytes().splitlines()
        # The recording may end in the middle of a line.
        for line in (line for line in lines if line.endswith(b"}")):
            message = json.loads(line)
            check_received(module, message)
            assert module.decode(line) == module.parse(message)


@pytest.mark.skipif(not TRANSCRIPTS, reason="there are no recorded conversations")
def test_recorded_conversations_fit_the_catalogue() -> None:
    """All that the original simulator says in its conversations fits the catalogue."""
    # A sample of each kind: all of them take half a minute.
    for path in TRANSCRIPTS[::10]:
        for entry in conversation(path):
            if entry["dir"] == "received":
                module = events if entry["port"] == "command" else telemetry
                check_received(module, entry["line"])


@pytest.mark.skipif(not TRANSCRIPTS, reason="there are no recorded conversations")
def test_recorded_commands_are_what_the_classes_send() -> None:
    """A command that the original executed is sent by its class with the same details."""
    checked: set[str] = set()
    refused: set[str] = set()
    for path in TRANSCRIPTS:
        for name, details in executed(path):
            command = commands.BY_NAME[name]
            by_wire_name = {field.wire_name: field.name for field in fields_of(command)}
            arguments = {by_wire_name[key]: value for key, value in details.items()}
            try:
                made = command(**arguments)
            except ValueError:
                refused.add(name)
                continue
            assert made.details() | details == made.details()
            checked.add(name)
    assert checked == set(commands.BY_NAME)
    assert refused == REFUSED


def executed(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the commands of a conversation that succeeded."""
    sent: dict[object, dict[str, Any]] = {}
    for entry in conversation(path):
        message = entry["line"]
        if not isinstance(message, dict) or not isinstance(message.get("sequence_id"), int):
            continue
        if entry["dir"] == "sent":
            sent[message["sequence_id"]] = message
        elif message["id"] == "success" and message["sequence_id"] in sent:
            command = sent.pop(message["sequence_id"])
            details = {key: value for key, value in command.items() if key != "sequence_id"}
            yield details.pop("id").removeprefix("cmd_"), details
