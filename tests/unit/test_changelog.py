"""The table of moved modules in the changelog."""

import importlib.util
import re
from pathlib import Path

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.rst"


def _is_module(name: str) -> bool:
    """Whether a name below the package is that of a module, and not of a package."""
    try:
        spec = importlib.util.find_spec(f"m2com_twisted.{name}")
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.submodule_search_locations is None


def test_modules_are_where_the_changelog_says_that_they_moved() -> None:
    """Each new path is that of a module, and no module is left at an old path."""
    text = CHANGELOG.read_text(encoding="utf-8")
    moves = re.findall(r"^   \* - ``([\w.]+)``\n     - ``([\w.]+)``$", text, re.MULTILINE)
    assert len(moves) > 70
    assert [new for _, new in moves if not _is_module(new)] == []
    assert [old for old, _ in moves if _is_module(old)] == []
