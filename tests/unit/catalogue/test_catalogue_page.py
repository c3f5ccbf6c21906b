"""The examples on the page about the catalogue."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "catalogue.rst"


def test_examples_show_what_happens() -> None:
    """Each example, run in order, prints what the page says, errors with their text."""
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.attempted > 20
    assert results.failed == 0
