"""A Sphinx extension: the fields of a message, with what the catalogue says about each.

Autodoc would show the declarations: ``Annotated[float, Meta(description=..., extra=...)]``.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, TypeGuard

from m2com_twisted.catalogue.describe import Field, fields_of
from m2com_twisted.catalogue.messages import TypedMessage

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]


def _is_message(thing: object) -> TypeGuard[type[TypedMessage]]:
    return inspect.isclass(thing) and issubclass(thing, TypedMessage)


def _parameter(field: Field) -> str:
    return field.name if field.required else f"{field.name}={field.default!r}"


def show_signature(
    application: Sphinx, what: str, name: str, thing: object, *rest: object
) -> tuple[str, None] | None:
    """Return the names and defaults of the fields in place of their declarations."""
    if not _is_message(thing):
        return None
    return f"({', '.join(_parameter(field) for field in fields_of(thing))})", None


def _described(field: Field) -> str:
    facts = [field.kind, field.unit, str(field.limits)]
    return f"{field.description} ({', '.join(fact for fact in facts if fact)})"


def add_fields(
    application: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Give the name on the wire and the fields at the end of the docstring."""
    if not _is_message(thing) or "name" not in vars(thing):
        return
    lines += ["", f"On the wire: ``{thing.name}``."]
    if fields := fields_of(thing):
        lines += ["", "Attributes", "----------"]
        for field in fields:
            lines += [field.name, f"    {_described(field)}"]


def skip_field(
    application: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out what `add_fields` has described."""
    context = application.env.temp_data
    module = sys.modules.get(context.get("autodoc:module", ""))
    message = getattr(module, context.get("autodoc:class") or "", None)
    if not _is_message(message):
        return None
    return True if name in {"name", *(field.name for field in fields_of(message))} else None


def setup(application: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    application.connect("autodoc-process-signature", show_signature)
    # Before numpydoc, which reads the section.
    application.connect("autodoc-process-docstring", add_fields, priority=400)
    application.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True}
