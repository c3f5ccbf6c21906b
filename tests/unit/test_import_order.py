"""The order of the packages, the size of modules and functions, and the page that lists them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "m2com_twisted"
PAGE = CHECKOUT / "docs" / "architecture.rst"

#: A module that is longer does two things.
MODULE_LINES = 320
#: A function that is longer cannot be read at a glance.  Its docstring does not count.
FUNCTION_LINES = 45

# Each list may only shrink: what is in one and holds the rule fails the test as well.
KNOWN_UPWARD: set[tuple[str, str]] = set()
KNOWN_LONG_MODULES: set[str] = set()
# Constructors whose parameters alone, one a line, take half of it.
KNOWN_LONG_FUNCTIONS = {
    "service.CellControllerService.__init__",
    "tcp_client.TcpClient.__init__",
    "aio.TcpClient.__init__",
}
# Rows for packages that are being built.
KNOWN_MISSING: set[str] = set()


@dataclass(frozen=True)
class Module:
    """A module of the package; names are relative to the package, and its own is empty."""

    path: Path

    @property
    def is_package(self) -> bool:
        """Whether other modules are below it."""
        return self.path.name == "__init__.py"

    @cached_property
    def name(self) -> str:
        """The dotted name."""
        parts = self.path.relative_to(CHECKOUT / PACKAGE).with_suffix("").parts
        return ".".join(parts[:-1] if self.is_package else parts)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield each function's qualified name and its lines without the docstring."""
        yield from _functions(self.tree, self.name)

    def imports(self) -> Iterator[str]:
        """Yield what it imports from the package, wherever the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                targets = [f"{base}.{alias.name}".strip(".") for alias in node.names]
            else:
                continue
            for target in targets:
                if target.partition(".")[0] == PACKAGE:
                    yield target.partition(".")[2]

    def _base(self, node: ast.ImportFrom) -> str:
        """Return the absolute name of what an import statement imports from."""
        if not node.level:
            return node.module or ""
        here = [PACKAGE, *filter(None, self.name.split("."))]
        up = node.level - self.is_package
        return ".".join([*here[: len(here) - up], *filter(None, [node.module])])


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for node in ast.iter_child_nodes(tree):
        name = f"{prefix}.{node.name}" if isinstance(node, _NAMED) else prefix
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, _length(node) - _docstring_length(node)
        yield from _functions(node, name)


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _length(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def _docstring_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return _length(node.body[0]) if ast.get_docstring(node) is not None else 0


def _modules() -> dict[str, Module]:
    found = (Module(path) for path in sorted((CHECKOUT / PACKAGE).rglob("*.py")))
    return {module.name: module for module in found}


MODULES = _modules()
PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def _order() -> list[str]:
    """Return the packages of the table, lowest first, and the package itself where it belongs."""
    table = PAGE_TEXT.split(".. begin order\n")[1].split(".. end order\n")[0]
    rows: list[str] = re.findall(r"^   \* - ``([\w.]+)``$", table, re.MULTILINE)
    after = rows.index("metrics") + 1
    return [*rows[:after], "", *rows[after:]]


ORDER = _order()


def _row(module: str) -> str:
    """Return the row of the table that a module belongs to."""
    parts = module.split(".")
    candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in candidates if name in ORDER), "?")


def _imported_modules(module: Module) -> set[str]:
    """Return the modules that one imports; of ``from .a import name``, a if name is no module."""
    names = {
        target if target in MODULES else target.rpartition(".")[0] for target in module.imports()
    }
    return names - {module.name}


IMPORTS = {name: _imported_modules(module) for name, module in MODULES.items()}


def test_every_package_is_in_the_table() -> None:
    """docs/architecture.rst has a row for each package, and for each module outside of one."""
    assert {name for name in MODULES if _row(name) == "?"} == set()


def test_every_row_of_the_table_is_a_package() -> None:
    """A row of docs/architecture.rst is a package or module that exists."""
    assert {row for row in ORDER if row not in MODULES} == KNOWN_MISSING


def test_imports_go_down() -> None:
    """A module imports only from its own row of docs/architecture.rst and the rows above it."""
    upward = {
        (name, target)
        for name, targets in IMPORTS.items()
        for target in targets
        if ORDER.index(_row(name)) < ORDER.index(_row(target))
    }
    assert upward == KNOWN_UPWARD


def test_imports_make_no_circle() -> None:
    """The modules can be put in an order in which each imports only from those before it."""
    graph = {
        name: {target for target in targets if (name, target) not in KNOWN_UPWARD}
        for name, targets in IMPORTS.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_imports_are_found_wherever_they_stand() -> None:
    """Imports in functions, for type checkers, relative and absolute are all seen."""
    text = """
from typing import TYPE_CHECKING
import m2com_twisted.service
if TYPE_CHECKING:
    from ..wire import codec
def function():
    from m2com_twisted.errors import M2ComError
    from . import retry
"""
    module = Module(CHECKOUT / PACKAGE / "connection" / "example.py")
    module.__dict__["tree"] = ast.parse(text)
    assert list(module.imports()) == [
        "service",
        "wire.codec",
        "errors.M2ComError",
        "connection.retry",
    ]


def test_no_module_is_too_long() -> None:
    """A module has at most 320 lines."""
    too_long = {name for name, module in MODULES.items() if module.lines > MODULE_LINES}
    assert too_long == KNOWN_LONG_MODULES


def test_no_function_is_too_long() -> None:
    """A function has at most 45 lines, its docstring not counted."""
    too_long = {
        name
        for module in MODULES.values()
        for name, lines in module.functions()
        if lines > FUNCTION_LINES
    }
    assert too_long == KNOWN_LONG_FUNCTIONS


def test_only_simulator_kit_and_programs_import_the_simulator() -> None:
    """The client does not depend on the simulator."""
    importing = {
        _row(name)
        for name, targets in IMPORTS.items()
        if any(target.startswith("simulator") for target in targets)
    }
    assert {row.partition(".")[0] for row in importing} == {"simulator", "testing", "programs"}


def test_nothing_imports_the_programs() -> None:
    """No module imports one of the programs."""
    importing = {
        name
        for name, targets in IMPORTS.items()
        if any(target.startswith("programs") for target in targets)
    }
    assert {_row(name) for name in importing} == {"programs"}
