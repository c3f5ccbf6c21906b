"""JSON Schemas of the messages."""

import json

import pytest

from m2com_twisted.catalogue.describe import fields_of
from m2com_twisted.catalogue.schemas import MESSAGES, schema


def test_every_message_has_a_schema() -> None:
    """Commands, feeds, events, statuses and topics have schemas under names of their own."""
    assert len(MESSAGES) == 25 + 2 + 26 + 19
    for name, message in MESSAGES.items():
        found = schema(name)
        json.dumps(found, allow_nan=False)
        assert found["type"] == "object"
        assert found["title"] == name
        for field in fields_of(message):
            described = found["properties"][field.wire_name]
            assert described["description"]
            assert described.get("unit", "") == field.unit


def test_a_command_is_described_as_it_is_sent() -> None:
    """The schema of a command has its id, its sequence id and what the wire always has."""
    found = schema("positionMirror")
    assert found["properties"]["id"] == {"const": "cmd_positionMirror"}
    assert found["required"] == [
        "id", "x", "y", "z", "xRot", "yRot", "zRot", "sequence_id",
    ]  # fmt: skip
    assert found["properties"]["x"]["minimum"] == -7740
    assert found["properties"]["z"]["exclusiveMaximum"] == 7890
    assert schema("cmd_positionMirror") == found
    assert schema("moveActuators")["required"] == ["id", "actuatorCommand", "sequence_id"]


def test_lists_that_are_sent_have_an_exact_length_and_received_ones_a_greatest() -> None:
    """The controller may send short lists; a client must not."""
    sent = schema("applyForces")["properties"]["axial"]
    assert (sent["minItems"], sent["maxItems"]) == (72, 72)
    received = schema("axialForce")["properties"]["applied"]
    assert received["maxItems"] == 72
    assert "minItems" not in received


def test_values_of_enumerations_have_their_names() -> None:
    """The schema of an enumeration names its values."""
    assert schema("power")["properties"]["powerType"]["oneOf"] == [
        {"const": 1, "title": "Motor"},
        {"const": 2, "title": "Communication"},
    ]


def test_a_feed_has_its_component() -> None:
    """The schema of a feed has the component that the controller requires."""
    found = schema("tel_elevation")
    assert found["properties"]["compName"] == {"const": "MTMount"}
    assert "compName" in found["required"]


def test_a_name_that_does_not_exist_is_an_error() -> None:
    """A name that no message has is a KeyError."""
    with pytest.raises(KeyError):
        schema("brandNew")
