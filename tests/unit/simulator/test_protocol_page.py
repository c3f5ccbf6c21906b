"""The page about the wire, the catalogue and the simulator say the same."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from docs.generate_protocol import EVENTS, PAGE, page
from m2com_twisted.catalogue.describe import Field, fields_of
from m2com_twisted.catalogue.messages import TypedMessage
from m2com_twisted.catalogue.telemetry import BY_NAME
from m2com_twisted.simulator.model.telemetry import TOPICS
from tests.support.memory_simulator import Console, Message


def test_tables_are_those_of_the_code() -> None:
    """The tables of the page are those that generate_protocol.py writes."""
    text = PAGE.read_text()
    assert page(text) == text
    emptied = re.sub(r"(?s)(\.\. begin (\w+)\n).*?(\.\. end \2\n)", r"\1\3", text)
    assert emptied.count(".. begin") == 8
    assert page(emptied) == text


def fits(value: object, field: Field) -> bool:
    """Whether a value, as it is on the wire, is of the type of a field."""
    if field.is_list:
        one = replace(field, is_list=False)
        return (
            isinstance(value, list)
            and field.length in (None, len(value))
            and all(fits(item, one) for item in value)
        )
    if field.options:
        return type(value) is int and value in field.options.values()
    # A tilt of exactly 0, and the percentage of a script, are integers.
    return type(value) in ((int, float) if field.type is float else (field.type,))


def check(message: Message, classes: Mapping[str, type[TypedMessage]]) -> None:
    """Fail unless a message has the fields of its class, in order and of their types."""
    fields = fields_of(classes[message["id"]])
    assert list(message) == ["id", *(field.wire_name for field in fields)]
    for field in fields:
        assert fits(message[field.wire_name], field), (message["id"], field, message)


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


def test_every_event_is_as_the_catalogue_says() -> None:
    """All 22 events occur, with fields, order and types of their classes."""
    heard = session()
    for message in heard:
        check(message, EVENTS)
    assert {message["id"] for message in heard} == set(EVENTS)
    assert len(EVENTS) == 22
    assert [message["id"] for message in heard[:13]] == list(EVENTS)[:13]


@pytest.mark.parametrize("moved", [False, True])
def test_every_topic_is_as_the_catalogue_says(moved: bool) -> None:
    """All 19 topics occur, in order, with the fields of their classes."""
    console = Console()
    console.close_loop()
    if moved:
        console.do("positionMirror", x=5, y=5, z=5, xRot=1, yRot=1, zRot=1)
        console.wait(3)
    telemetry = console.connect_telemetry()
    console.clock.pump([0.01] * 5)
    cycle = telemetry.take()
    for message in cycle:
        check(message, BY_NAME)
    assert [message["id"] for message in cycle] == list(BY_NAME) == list(TOPICS)
