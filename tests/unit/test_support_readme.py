"""The README of tests/support."""

from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "support"


def test_every_module_is_in_the_readme() -> None:
    """tests/support/README.rst says of each module what it is for."""
    text = (SUPPORT / "README.rst").read_text(encoding="utf-8")
    modules = {path.stem for path in SUPPORT.glob("*.py")} - {"__init__"}
    assert {module for module in modules if f"``{module}" not in text} == set()
