"""All values of JSON, for Hypothesis."""

import json
from typing import Any

from hypothesis import strategies as st

#: All code points, also lone surrogates.
texts = st.text(st.characters(exclude_categories=()), max_size=20)

#: Integers, also with more than 64 bits.
integers = st.integers() | st.integers(min_value=-(10**300), max_value=10**300)

#: The numbers of JSON.  The module `json` also reads and writes NaN and infinity.
finite_scalars = (
    st.none() | st.booleans() | integers | texts | st.floats(allow_nan=False, allow_infinity=False)
)
scalars = finite_scalars | st.floats()


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
        max_leaves=15,
    )


#: Any JSON object as a value of Python.
objects = st.dictionaries(texts, _nested(scalars), max_size=6)

#: Any JSON object that is standard JSON, without NaN and infinity.
finite_objects = st.dictionaries(texts, _nested(finite_scalars), max_size=6)


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    """Draw the line of an object in one of the forms that a JSON writer may use."""
    text = json.dumps(
        draw(objects),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " :\n")])),
    )
    # Lone surrogates cannot be written in UTF-8.  Only escaped ones stay.
    return text.encode("utf-8", "replace")


def same(first: object, second: object) -> bool:
    """Return whether two values are the same JSON: 1, 1.0 and true differ, NaN equals NaN."""
    return json.dumps(first) == json.dumps(second)


def _cycle() -> dict[str, Any]:
    cycle: dict[str, Any] = {}
    cycle["a"] = cycle
    return cycle


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


#: Objects that cannot be written as JSON.
UNSERIALIZABLE: list[Any] = [
    {"a": float("nan")},
    {"a": [1, {"b": float("-inf")}]},
    {float("nan"): 1},
    {"a": object()},
    {"a": {1, 2}},
    {"a": b"bytes"},
    {("tuple",): 1},
    {"a": 10**5000},
    {"a": _deep()},
    _cycle(),
]
