"""Lines of floats, made with a template and with kept texts, are those of the codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.errors import UnserializableMessageError
from m2com_twisted.simulator.ports.float_lines import FloatLine, FloatTexts
from m2com_twisted.wire.codec import encode

NAMES = st.sampled_from(["a", "b", "%a", "ä", '": 0, "'])
#: Few of them, so that they come again, and any others.
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 0.1]) | st.floats(allow_nan=False, allow_infinity=False)
FIELDS = st.dictionaries(NAMES, FLOATS, min_size=1)


@given(st.lists(st.tuples(st.sampled_from(["x", "y%s"]), FIELDS), max_size=20))
def test_lines_are_those_of_the_codec(messages: list[tuple[str, dict[str, float]]]) -> None:
    """Each line is the one that the codec makes."""
    texts = FloatTexts()
    for name, fields in messages:
        line = FloatLine(name, fields, texts).encode(tuple(fields.values()))
        assert line == encode({"id": name, **fields})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_refuses_what_is_not_json(number: float) -> None:
    """A number that JSON does not have is refused each time, as by the codec."""
    line = FloatLine("position", ["x"], FloatTexts())
    for _ in range(2):
        with pytest.raises(UnserializableMessageError):
            line.encode([number])


def test_memory_is_bounded() -> None:
    """Of numbers that are always new, at most 16384 texts are kept."""
    texts = FloatTexts()
    for number in range(1, 40_000):
        assert texts[number / 8] == repr(number / 8)
    assert len(texts) <= 16_384
