"""The names on the hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.hub.subjects import SEQUENCE, Subjects, number_in


def test_subjects_of_messages() -> None:
    """Each kind of message has subjects under a root of its own."""
    subjects = Subjects("main")
    assert subjects.of_event({"id": "interlock"}) == "m2.main.evt.interlock"
    assert (
        subjects.of_event({"id": "powerSystemState", "powerType": 2})
        == "m2.main.evt.powerSystemState.2"
    )
    assert (
        subjects.of_event({"id": "innerLoopControlMode", "address": 83})
        == "m2.main.evt.innerLoopControlMode.83"
    )
    assert subjects.of_event({"id": "noack", "sequence_id": 1}) == "m2.main.status.noack"
    assert subjects.of_telemetry("position") == "m2.main.tel.position"
    assert subjects.of_link("telemetry") == "m2.main.link.telemetry"
    assert subjects.of_command("power") == "m2cmd.main.power"


@given(st.dictionaries(st.sampled_from(["id", "powerType", "address"]), st.text() | st.integers()))
def test_whatever_comes_has_one_subject(message: dict[str, object]) -> None:
    """The subject of any name has no wildcard, no space and no empty part."""
    for subject in (
        Subjects("main").of_event(message),
        Subjects("main").of_telemetry(str(message.get("id"))),
    ):
        parts = subject.split(".")
        assert len(parts) in (4, 5)
        assert all(part and part.replace("_", "-").replace("-", "a").isalnum() for part in parts)
        assert subject.isascii()


@pytest.mark.parametrize("name", ["", "a b", "a.b", "*", ">", "m" * 33, "ü"])
def test_instance_that_is_no_name(name: str) -> None:
    """An instance that cannot be part of a subject is refused, with the rule."""
    with pytest.raises(ValueError, match="1 to 32 letters"):
        Subjects(name)


@pytest.mark.parametrize(
    ("text", "number"), [("17", 17), ("-1", 0), ("1.5", 0), ("\u0661", 0), ("", 0), ("9" * 5000, 0)]
)
def test_number_in_a_header(text: str, number: int) -> None:
    """Only digits are a number, and not more than a number can have."""
    assert number_in({SEQUENCE: text}, SEQUENCE) == number
