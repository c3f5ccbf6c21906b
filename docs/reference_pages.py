"""A Sphinx extension: the pages of the API reference.

There is one for each module, and a table of what users import. They are written when Sphinx starts
and not kept in the repository, so they cannot be older than the code.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.pycode import ModuleAnalyzer

import m2com_twisted

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["PUBLIC", "defining_name", "setup"]

#: The packages and modules that users import from, in the order of the table.
PUBLIC = (
    "m2com_twisted",
    "m2com_twisted.errors",
    "m2com_twisted.catalogue",
    "m2com_twisted.mirror",
    "m2com_twisted.aio",
    "m2com_twisted.recording",
    "m2com_twisted.hub",
    "m2com_twisted.metrics",
    "m2com_twisted.simulator",
    "m2com_twisted.testing",
)


@cache
def _modules() -> tuple[str, ...]:
    """Import all modules, and return their names."""
    package = m2com_twisted.__name__
    found = pkgutil.walk_packages(m2com_twisted.__path__, f"{package}.")
    names = (package, *(module.name for module in found))
    for name in names:
        importlib.import_module(name)
    return names


def _heading(title: str, underline: str = "=") -> str:
    return f"{title}\n{underline * len(title)}\n"


def _first_sentence(module_name: str, name: str) -> str:
    """Return the first paragraph about what a module exports."""
    home, _, own_name = defining_name(module_name, name).rpartition(".")
    thing = getattr(sys.modules[home], own_name)
    if inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing):
        text = inspect.getdoc(thing) or ""
    else:
        comments = ModuleAnalyzer.for_module(home).find_attr_docs()
        text = "\n".join(comments.get(("", own_name), []))
    return _one_paragraph(text)


def _one_paragraph(text: str) -> str:
    first = " ".join(text.split("\n\n")[0].split())
    # A name leads nowhere from a page that is not that of its module.
    return re.sub(r"(?<!`)`(?!`)", "``", first)


@cache
def defining_name(module_name: str, name: str) -> str:
    """Return the full name of what a package exports: that of the module which defines it."""
    thing = getattr(importlib.import_module(module_name), name)
    homes = [
        module
        for module in _modules()
        if getattr(sys.modules[module], name, None) is thing
        and name in getattr(sys.modules[module], "__all__", ())
    ]
    return f"{max(homes, key=lambda home: home.count('.'))}.{name}"


def _module_page(name: str) -> str:
    # The pages stand in no table of contents: Sphinx would copy all their names into the side bar
    # of each page, and that took much of the time of a build.
    title = name.removeprefix("m2com_twisted.")
    return "\n".join(
        [
            ":orphan:\n",
            _heading(title),
            "A module of the :ref:`API reference <reference>`; :doc:`modules` lists all.\n",
            # A name that a module only exports is described in the module that defines it.
            f".. automodule:: {name}",
            "   :ignore-module-all:",
            "",
        ]
    )


def _exports(module_name: str) -> str:
    """Return the table of what users import from a module."""
    module = importlib.import_module(module_name)
    rows = []
    for name in sorted(getattr(module, "__all__", ()), key=str.lower):
        rows.append(f"   * - :py:obj:`{name} <{defining_name(module_name, name)}>`")
        rows.append(f"     - {_first_sentence(module_name, name)}")
    table = [".. list-table::", "   :widths: 30 70", "", *rows, ""] if rows else []
    return "\n".join([_heading(module_name, "-"), _one_paragraph(module.__doc__ or ""), "", *table])


def _index(modules: list[str]) -> str:
    return "\n".join(
        [
            ".. _reference:\n",
            _heading("API reference"),
            "The names that users import, listed by package. Each name leads to its",
            "description. :doc:`modules` lists all modules, also those that only the package",
            "itself imports.",
            "",
            *(_exports(name) for name in PUBLIC if name in modules),
            ".. toctree::",
            "   :hidden:",
            "",
            "   modules",
            "",
        ]
    )


def _list(modules: list[str]) -> str:
    rows = [
        line
        for name in modules
        for line in (
            f"   * - :doc:`{name}`",
            f"     - {_one_paragraph(sys.modules[name].__doc__ or '')}",
        )
    ]
    return "\n".join(
        [
            _heading("All modules"),
            "In the order of their names; :ref:`architecture` has the order of their imports.",
            "",
            ".. list-table::",
            "   :widths: 40 60",
            "",
            *rows,
            "",
        ]
    )


def _write(path: Path, text: str) -> None:
    """Write a page if its text has changed.  Sphinx reads every page again that was written."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_pages(application: Sphinx) -> None:
    """Write all pages into the folder ``reference`` beside this file."""
    folder = Path(application.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    modules = sorted(_modules())
    pages = {f"{name}.rst": _module_page(name) for name in modules}
    pages["index.rst"] = _index(modules)
    pages["modules.rst"] = _list(modules)
    for old in set(folder.iterdir()) - {folder / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        _write(folder / name, text)


def setup(application: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    application.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
