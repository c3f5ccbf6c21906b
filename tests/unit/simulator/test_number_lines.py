"""Lines of numbers, made with a template, are those of the codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.errors import UnserializableMessageError
from m2com_twisted.simulator.ports.number_lines import NumberLines
from m2com_twisted.wire.codec import encode

NAMES = st.sampled_from(["a", "b", "%a", "ä", '": 0, "'])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64)
OTHERS = st.booleans() | st.none() | st.text() | st.lists(NUMBERS, max_size=2)
FIELDS = st.dictionaries(NAMES, NUMBERS | OTHERS)


@given(st.lists(st.tuples(st.sampled_from(["x", "y%"]), FIELDS), max_size=20))
def test_lines_are_those_of_the_codec(messages: list[tuple[str, dict[str, object]]]) -> None:
    """Each line is the one that the codec makes, also if a field is no number."""
    lines = NumberLines()
    for name, fields in messages:
        message = {"id": name, **fields}
        assert lines.encode(message) == encode(message)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_refuses_what_is_not_json(number: float) -> None:
    """A number that JSON does not have is refused, as by the codec."""
    lines = NumberLines()
    lines.encode({"id": "position", "x": 1.0})
    with pytest.raises(UnserializableMessageError):
        lines.encode({"id": "position", "x": number})
