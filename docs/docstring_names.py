"""A Sphinx extension: names in docstrings and signatures, where Sphinx does not know them."""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from docutils import nodes
from zope.interface.interface import InterfaceClass

import m2com_twisted
from docs.reference_pages import PUBLIC, defining_name
from m2com_twisted.mirror import Mirror

if TYPE_CHECKING:
    from docutils.nodes import Element, TextElement, document
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

__all__ = ["setup"]


class _Described:
    """The names that the reference describes, once Sphinx has read all pages."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self._by_ending: dict[str, list[str]] = {}

    def read(self, application: Sphinx, environment: BuildEnvironment) -> None:
        """Copy the names from Sphinx, which knows all of them now."""
        objects = environment.domains["py"].get_objects()
        self.kinds = {name: kind for name, _, kind, *_ in objects}
        self._by_ending = defaultdict(list)
        for name in self.kinds:
            parts = name.split(".")
            for start in range(1, len(parts)):
                self._by_ending[".".join(parts[start:])].append(name)

    def ending_with(self, target: str) -> list[str]:
        """Return the full names that end with a name."""
        return self._by_ending.get(target, [])

    def resolve(
        self,
        application: Sphinx,
        environment: BuildEnvironment,
        node: pending_xref,
        content: TextElement,
    ) -> Element | None:
        """Find the object of a name in a docstring if Sphinx has not found it."""
        if node.get("refdomain") != "py":
            return None
        # Each page of the reference is called after its module.
        module = PurePosixPath(node["refdoc"]).name
        target = node["reftarget"]
        name = _full_name(target, module, self)
        if name is None:
            known = target in _parameters(module) or _is_foreign(target, module)
            return content if known or _is_type_variable(target) else None
        return environment.domains["py"].resolve_xref(
            environment, node["refdoc"], application.builder, "obj", name, node, content
        )


def _full_name(target: str, module: str, described: _Described) -> str | None:
    """Return the name under which the reference describes what a docstring names.

    A docstring may give a name as users import it, that of anything which the
    package itself exports, a method of the mirror or the client, and any name
    without its module if it is the only one of that name.
    """
    owner, _, attribute = target.rpartition(".")
    candidates = [
        *(_exported(package, target.removeprefix(f"{package}.")) for package in PUBLIC),
        *(_method(facade, target) for facade in _facades(module)),
        *_only(target, module, described),
        *(f"{base}.{attribute}" for name in _only(owner, module, described) for base in _mro(name)),
    ]
    return next((name for name in candidates if name in described.kinds), None)


def _facades(module: str) -> tuple[type, ...]:
    """Return the classes whose methods a docstring names without the class, nearest first."""
    client, mirror = m2com_twisted.TcpClient, Mirror
    return (mirror, client) if "mirror" in module or "aio" in module else (client, mirror)


def _method(owner: type, name: str) -> str:
    """Return the full name of a method where it is defined, which may be a base class."""
    bases = [base for base in owner.__mro__ if name in vars(base)]
    return f"{bases[0].__module__}.{bases[0].__qualname__}.{name}" if bases else ""


def _exported(package: str, name: str) -> str | None:
    """Return the full name of an object that a package exports.  None: it does not export it."""
    first, dot, rest = name.partition(".")
    exports = getattr(sys.modules.get(package), "__all__", ())
    return defining_name(package, first) + dot + rest if first in exports else None


def _only(target: str, module: str, described: _Described) -> list[str]:
    """Return the full name that ends with a name, if only one does, be it of a class or nearby."""
    package = module.rpartition(".")[0]
    found = described.ending_with(target)
    classes = [
        name for name in found if described.kinds[name] in ("class", "exception", "function")
    ]
    near = [name for name in classes if name.startswith(f"{package}.")]
    return next((names for names in (found, classes, near) if len(names) == 1), [])


def _mro(name: str) -> list[str]:
    """Return the full names of a class and its bases."""
    module, _, class_name = name.rpartition(".")
    bases = getattr(getattr(sys.modules.get(module), class_name, None), "__mro__", ())
    return [f"{base.__module__}.{base.__qualname__}" for base in bases]


def _is_foreign(name: str, module: str) -> bool:
    """Whether a name in a module is that of an object of another package."""
    thing: object = sys.modules.get(module)
    for part in name.split("."):
        thing = getattr(thing, part, None)
    home = getattr(thing, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] != m2com_twisted.__name__


def _is_type_variable(name: str) -> bool:
    """Whether a full name is that of a type variable, which the reference does not list."""
    module, _, own_name = name.rpartition(".")
    return isinstance(getattr(sys.modules.get(module), own_name, None), TypeVar)


@cache
def _parameters(module: str) -> set[str]:
    """Return the names of all parameters in a module: their descriptions have no link."""
    source = inspect.getsource(sys.modules[module]) if module in sys.modules else ""
    return {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg)}


def hide_private_bases(
    application: Sphinx, name: str, thing: object, options: object, bases: list[type]
) -> None:
    """Show no base class that the reference does not have."""
    bases[:] = [base for base in bases if not base.__name__.startswith("_")] or [object]


def hide_object(application: Sphinx, document: document) -> None:
    """Leave out the line of a class that has no base."""
    for paragraph in list(document.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


def skip_type_variables(
    application: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out type variables, which numpydoc takes for classes."""
    return True if isinstance(thing, TypeVar) else None


def _dotted_name(interface: InterfaceClass) -> str:
    return f"{interface.__module__}.{interface.__name__}"


def setup(application: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    # Else a signature shows "<InterfaceClass twisted...IReactorTime>".
    InterfaceClass.__repr__ = _dotted_name  # type: ignore[assignment, method-assign]  # no hook
    described = _Described()
    application.connect("env-updated", described.read)
    application.connect("missing-reference", described.resolve)
    application.connect("autodoc-process-bases", hide_private_bases)
    application.connect("doctree-read", hide_object)
    application.connect("autodoc-skip-member", skip_type_variables)
    return {"parallel_read_safe": True}
