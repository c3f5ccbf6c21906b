"""A Sphinx extension: values in the API reference are shown only if they are short and readable.

The value of a constant such as ``COMMAND_PORT`` helps.  A table of a hundred entries, or one of
functions, is easier to read in the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx import addnodes

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

__all__ = ["setup"]

#: The greatest number of characters of a value that is shown.
_LONGEST = 80


def _leave_out_values(app: Sphinx, tree: document) -> None:
    """Remove the values from a page that are long, or have no readable form."""
    for signature in tree.findall(addnodes.desc_signature):
        for part in list(signature.children):
            text = part.astext()
            is_value = isinstance(part, addnodes.desc_annotation) and text.startswith(" = ")
            if is_value and (len(text) > _LONGEST or "<" in text):
                signature.remove(part)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("doctree-read", _leave_out_values)
    return {"parallel_read_safe": True}
