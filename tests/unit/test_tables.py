"""The tables of the documentation."""

import re

import pytest

from tests.support.pages import PAGES, text_of

_RULE = re.compile(r"=+(  +=+)+")


def lonely_first_cells(text: str) -> list[str]:
    """Return the lines of simple tables that have text in the first column only."""
    found = []
    rules, second_column = 0, 0
    for line in text.splitlines():
        if _RULE.fullmatch(line):
            rules = rules % 3 + 1
            second_column = line.index(" =") + 1
        elif rules == 2 and line and not line[second_column:].strip():
            found.append(line)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_no_row_of_a_table_is_torn(page: str) -> None:
    """A line with text in the first column only would be a row of its own: use a list-table."""
    assert lonely_first_cells(text_of(page)) == []


def test_a_torn_row_is_found() -> None:
    """A second line of a first cell is found."""
    rule = "=====  ====="
    table = "\n".join([rule, "a      b", rule, "one    two", "more", rule])
    assert lonely_first_cells(table) == ["more"]
