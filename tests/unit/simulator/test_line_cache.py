"""A cached line is the one that the codec makes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.errors import UnserializableMessageError
from m2com_twisted.simulator.ports.line_cache import LineCache
from m2com_twisted.wire.codec import encode

# Few, and equal to each other as far as can be, so that they meet often.
NUMBERS = st.sampled_from([0, 0.0, -0.0, 1, 1.0, True, 1e16, 0.1])
FIELDS = st.dictionaries(st.sampled_from(["a", "b"]), NUMBERS | st.lists(NUMBERS, max_size=3))


@given(st.lists(st.tuples(st.sampled_from(["x", "y"]), FIELDS), max_size=20))
def test_lines_are_those_of_the_codec(messages: list[tuple[str, dict[str, Any]]]) -> None:
    """A cached line is the same as one that is encoded anew."""
    repeats = LineCache()
    for name, fields in messages:
        message = {"id": name, **fields}
        assert repeats.encode(message) == encode(message)


def test_list_changed_in_place() -> None:
    """A list that is changed and passed again is seen to be another."""
    repeats = LineCache()
    forces = [1.0, 2.0]
    repeats.encode({"id": "force", "forces": forces})
    forces[1] = 3.0
    assert repeats.encode({"id": "force", "forces": forces}) == (
        b'{"id": "force", "forces": [1.0, 3.0]}\r\n'
    )


def test_refuses_what_is_not_json() -> None:
    """NaN is refused, as by the codec."""
    with pytest.raises(UnserializableMessageError):
        LineCache().encode({"id": "force", "forces": [float("nan")]})
