"""Text of others on its way to a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.support.printable import printable


@given(st.text())
def test_nothing_reaches_a_terminal_but_what_it_prints(text: str) -> None:
    """The result has only printable characters, and no line break."""
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode("utf-8", "strict").decode() == shown


@given(st.dictionaries(st.text(), st.text()))
def test_a_line_of_json_keeps_its_meaning(message: dict[str, str]) -> None:
    """The escapes are JSON's, so a program that reads the output finds what was sent."""
    for ascii_only in (True, False):
        assert json.loads(printable(json.dumps(message, ensure_ascii=ascii_only))) == message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 5 µm", "Grüße, 5 µm"),
        ("\x1b[2J", r"\u001b[2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x7f\x9b0m", r"\u007f\u009b0m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u2028b\x85c", r"a\u2028b\u0085c"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str) -> None:
    """Escape sequences, line breaks and changes of direction are shown as escapes."""
    assert printable(text) == shown
