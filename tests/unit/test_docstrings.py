"""The shape of docstrings, as far as the site needs it."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "m2com_twisted"

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module, each with the line of what it describes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DOCUMENTED) and (docstring := ast.get_docstring(node)) is not None:
            yield getattr(node, "lineno", 1), docstring


def _misread(docstring: str) -> list[str]:
    """Return what numpydoc would take for a type that is none."""
    section = r"^(?:Returns|Yields)\n-+\n((?:.+\n?|\n(?= ))+)"
    entries = [
        line
        for body in re.findall(section, docstring, re.MULTILINE)
        for line in body.splitlines()
        if line and not line.startswith("    ")
    ]
    missing = re.findall(r"^(?:Returns|Yields)\n-+\n +.*", docstring, re.MULTILINE)
    return missing + [line for line in entries if not line.isidentifier()]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_a_section_of_results_names_each_result(path: Path) -> None:
    """In a section "Returns" a name precedes each description, or numpydoc shows it as a type."""
    wrong = {line: _misread(docstring) for line, docstring in _docstrings(path)}
    assert {line: text for line, text in wrong.items() if text} == {}


def test_a_description_without_a_name_is_found() -> None:
    """The check sees a description without a name, and a sentence in place of one."""
    assert _misread(inspect.cleandoc("Do.\n\nReturns\n-------\n    Fires then.")) != []
    assert _misread(inspect.cleandoc("Do.\n\nReturns\n-------\nFires then.")) != []
    assert _misread(inspect.cleandoc("Do.\n\nReturns\n-------\ndone\n    Fires then.")) == []
