"""Reading of events and telemetry into their classes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.catalogue import enums, events, telemetry
from m2com_twisted.catalogue.describe import fields_of, summary_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


def test_every_event_and_topic_has_a_class() -> None:
    """There are 22 events, four statuses and 19 topics, found by their ids."""
    assert len(events.BY_NAME) == 26
    assert len(telemetry.BY_NAME) == 19
    assert events.BY_NAME["bypassedActuatorILCs"] is events.BypassedActuatorILCs
    assert events.BY_NAME["noack"] is events.NoAck
    assert telemetry.BY_NAME["positionIMS"] is telemetry.PositionIMS
    for name, message in {**events.BY_NAME, **telemetry.BY_NAME}.items():
        assert message.name == name
        assert summary_of(message)
        for field in fields_of(message):
            assert field.description.endswith(".")
            assert field.type is not float or field.unit


def test_an_event_is_read() -> None:
    """An event has its fields in snake_case, and members of enumerations for numbers."""
    message = {"id": "powerSystemState", "powerType": 1, "status": True, "state": 5}
    event = events.parse(message)
    assert event == events.PowerSystemState(
        power_type=enums.PowerType.Motor, status=True, state=enums.PowerSystemState.PoweredOn
    )
    assert events.decode(json.dumps(message).encode()) == event


def test_a_status_is_read() -> None:
    """The status of a command has its sequence id."""
    assert events.parse({"id": "success", "sequence_id": 7}) == events.Success(7)
    assert events.parse({"id": "noack", "sequence_id": 8}) == events.NoAck(8)


def test_digital_words_have_names() -> None:
    """The words of the digital inputs and outputs are numbers that can tell their bits."""
    event = events.parse({"id": "digitalOutput", "value": 31})
    assert isinstance(event, events.DigitalOutput)
    assert event.value == 31
    assert enums.DigitalOutput.MotorPower in event.bits
    assert enums.DigitalOutput.ClosedLoopControl not in event.bits
    word = events.parse({"id": "digitalInput", "value": 2**40 | 1})
    assert isinstance(word, events.DigitalInput)
    assert enums.DigitalInput.RedundancyOK in word.bits


def test_short_lists_and_integers_fit() -> None:
    """Telemetry with short or empty lists, or with integers for floats, is read as it is."""
    message = {
        "id": "tangentForce",
        "lutGravity": [1, 2],
        "lutTemperature": [],
        "applied": [0.5],
        "measured": [],
        "hardpointCorrection": [0] * 6,
    }
    topic = telemetry.parse(message)
    assert isinstance(topic, telemetry.TangentForce)
    assert topic.lut_gravity == (1.0, 2.0)
    assert type(topic.hardpoint_correction[0]) is float


def test_surplus_fields_are_ignored() -> None:
    """A field that a newer controller adds does no harm."""
    assert events.parse({"id": "interlock", "state": True, "since": 3}) == events.Interlock(True)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"id": "brandNew"}, "there is no 'brandNew' in the catalogue"),
        ({"id": ["x"]}, "there is no ['x'] in the catalogue"),
        ({"state": True}, "it has no id"),
        ({"id": "interlock"}, "missing required field `state`"),
        ({"id": "interlock", "state": 1}, "Expected `bool`, got `int`"),
        ({"id": "closedLoopControlMode", "mode": 9}, "Invalid enum value 9"),
        ({"id": "success", "sequence_id": "x"}, "Expected `int`, got `str`"),
        # What is said of it differs between the releases of msgspec.
        ({"id": "scriptExecutionStatus", "percentage": 10**400}, ""),
    ],
)
def test_what_does_not_fit_is_unknown(message: dict[str, object], reason: str) -> None:
    """A message that does not fit comes as `Unknown`, with the reason and all it had."""
    for event in (events.parse(message), events.decode(json.dumps(message).encode())):
        assert isinstance(event, events.Unknown)
        assert reason in event.reason
        assert event.raw == message


def test_an_id_that_cannot_be_shown_is_unknown() -> None:
    """A message with an id that Python cannot write is `Unknown`."""
    endless: list[object] = []
    for _ in range(100_000):
        endless = [endless]
    for name in (10**5000, endless):
        event = events.parse({"id": name})
        assert isinstance(event, events.Unknown)
        assert type(name).__name__ in event.reason


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"3", b"[1]", b"null", b"[" * 100_000])
def test_a_line_that_is_no_message_is_unknown(line: bytes) -> None:
    """A line that holds no message comes as `Unknown` without one."""
    event = events.decode(line)
    assert isinstance(event, events.Unknown)
    assert event.raw == {}
    assert event.reason


def test_not_a_number_is_read() -> None:
    """NaN, which is no JSON and which the controller may write, is read as such."""
    topic = telemetry.decode(b'{"id": "inclinometerAngleTma", "inclinometer": NaN}')
    assert isinstance(topic, telemetry.InclinometerAngleTma)
    assert math.isnan(topic.inclinometer)


@given(message=JSON, name=st.sampled_from([*events.BY_NAME, *telemetry.BY_NAME]))
def test_nothing_that_is_received_raises(message: object, name: str) -> None:
    """Any received message gives a typed message or `Unknown`."""
    fields = [field.wire_name for field in fields_of({**events.BY_NAME, **telemetry.BY_NAME}[name])]
    for received in (message, {"id": name, **dict.fromkeys(fields, message)}):
        for module in (events, telemetry):
            module.parse(received)
            module.decode(json.dumps(received).encode())
