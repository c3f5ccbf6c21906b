"""A Sphinx extension: numpydoc compiles the template of a docstring once.

By itself it does so for each docstring, which is slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2.sandbox import SandboxedEnvironment
from numpydoc import docscrape_sphinx  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from jinja2 import Template
    from sphinx.application import Sphinx

__all__ = ["setup"]


def setup(application: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    compiled: dict[str, Template] = {}

    class Environment(SandboxedEnvironment):
        """Takes a template that an earlier environment compiled."""

        def get_template(self, name: Any, *rest: Any, **options: Any) -> Template:
            """Return a template, which is compiled at its first use."""
            if name not in compiled:
                compiled[name] = super().get_template(name, *rest, **options)
            return compiled[name]

    docscrape_sphinx.SandboxedEnvironment = Environment
    return {"parallel_read_safe": True}
