"""The page about the wire says what the simulator does."""

import re

import pytest

from docs.generate_protocol import EVENTS, PAGE, TELEMETRY, page
from m2com_twisted.simulator.model.telemetry import TOPICS
from tests.support.memory_simulator import Console, Message


def test_tables_are_those_of_the_simulator() -> None:
    """Else `python docs/generate_protocol.py` is due."""
    text = PAGE.read_text()
    assert page(text) == text
    emptied = re.sub(r"(?s)(\.\. begin (\w+)\n).*?(\.\. end \2\n)", r"\1\3", text)
    assert emptied.count(".. begin") == 7
    assert page(emptied) == text


def fits(value: object, kind: str) -> bool:
    """Whether a value is of a kind as the tables name it."""
    match = re.fullmatch(r"(\w+)(\[(\d*)\])?", kind)
    assert match is not None
    name, is_list, length = match.groups()
    if is_list:
        assert isinstance(value, list)
        return (not length or len(value) == int(length)) and all(fits(v, name) for v in value)
    return type(value).__name__ == name


def check(message: Message, tables: dict[str, dict[str, tuple[str, str]]]) -> None:
    """Fail unless a message has the fields of its table, in order and of their kinds."""
    fields = tables[message["id"]]
    assert list(message) == ["id", *fields]
    for field, (kind, meaning) in fields.items():
        value = message[field]
        is_plain_zero = "exact 0 as int" in meaning and value == 0
        assert fits(value, "int" if is_plain_zero else kind), (message["id"], field, value)


def session() -> list[Message]:
    """Return the events of a session in which every event occurs."""
    console = Console()
    heard = console.welcome + console.wait(0.2)
    heard += console.do("power", powerType=2, status=True)
    heard += console.do("power", powerType=1, status=True)
    heard += console.do("enableOpenLoopMaxLimit", status=True)
    heard += console.do("runScript", scriptCommand=1, scriptName="x")
    heard += console.do("runScript", scriptCommand=3)
    console.model.sensors.airflow_rise = 3.0
    console.do("moveActuators", actuatorCommand=1, actuators=[0], displacement=20000, unit=2)
    return heard + console.wait(20)


def test_every_event_is_as_the_page_says() -> None:
    """All 22 occur, with the fields, order and types of the table."""
    heard = session()
    for message in heard:
        check(message, EVENTS)
    assert {message["id"] for message in heard} == set(EVENTS)
    assert len(EVENTS) == 22
    assert [message["id"] for message in heard[:13]] == list(EVENTS)[:13]


@pytest.mark.parametrize("moved", [False, True])
def test_every_topic_is_as_the_page_says(moved: bool) -> None:
    """All 19, in order, at rest and after a motion."""
    console = Console()
    console.close_loop()
    if moved:
        console.do("positionMirror", x=5, y=5, z=5, xRot=1, yRot=1, zRot=1)
        console.wait(3)
    telemetry = console.connect_telemetry()
    console.clock.pump([0.01] * 5)
    cycle = telemetry.take()
    for message in cycle:
        check(message, TELEMETRY)
    assert [message["id"] for message in cycle] == list(TELEMETRY) == list(TOPICS)
