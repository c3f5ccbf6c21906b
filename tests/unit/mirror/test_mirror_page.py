"""The page about the mirror has the tables that follow from the code."""

from docs.generate_mirror import PAGE, page


def test_the_tables_are_up_to_date() -> None:
    """``python docs/generate_mirror.py`` changes nothing."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
