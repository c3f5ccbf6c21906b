"""Lines of numbers, made with a template, are those of the codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.errors import UnserializableMessageError
from m2com_twisted.simulator.ports.number_line import NumberLine
from m2com_twisted.wire.codec import encode

NAMES = st.sampled_from(["a", "b", "%a", "ä", '": 0, "'])
#: Also those that json writes with an exponent, or nearly.
NUMBERS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-2, 2).map(lambda number: number * 1e-4)
    | st.floats(-2, 2).map(lambda number: number * 1e16)
    | st.floats(-500, 500)
    | st.integers(-(2**63), 2**64 - 1)
)
VALUES = NUMBERS | st.lists(NUMBERS, max_size=3)
FIELDS = st.dictionaries(NAMES, NUMBERS, min_size=1) | st.dictionaries(NAMES, VALUES, min_size=1)


@given(st.sampled_from(["x", "y%s"]), FIELDS)
def test_lines_are_those_of_the_codec(name: str, fields: dict[str, object]) -> None:
    """Each line is the one that the codec makes."""
    line = NumberLine(name, fields)
    assert line.encode(tuple(fields.values())) == encode({"id": name, **fields})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_refuses_what_is_not_json(number: float) -> None:
    """A number that JSON does not have is refused, as by the codec."""
    line = NumberLine("position", ["x"])
    with pytest.raises(UnserializableMessageError):
        line.encode((number,))
    with pytest.raises(UnserializableMessageError):
        line.encode(([1.0, number],))
