"""The configuration of Sphinx.  Building the site needs no network."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

project = "m2com_twisted"
author = "the maintainers of m2com_twisted"
project_copyright = author
release = version = installed_version(project)

# The last five are in the folder of this file.
extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "docs.reference_pages",
    "docs.docstring_template",
    "docs.docstring_names",
    "docs.message_fields",
    "docs.short_values",
]
exclude_patterns = ["_build"]
templates_path: list[str] = []

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]

# Most blocks without a language are drawings, logs and commands.
highlight_language = "text"

# In docstrings, `name` is a Python name.
default_role = "py:obj"

# Types stand in the signature, by their last name.
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90
add_module_names = False
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True, "undoc-members": True}

numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
numpydoc_xref_param_type = False

# Names of other packages lead nowhere here, since the build loads no index of theirs.  They are
# exempted by these patterns; ours are not.
_FOREIGN = r"(twisted|zope|msgspec|prometheus_client|mcap|nats|rich|matplotlib|pytest)"
# Those of Twisted that docstrings give without their module, its interfaces among them.
_TWISTED = "Clock|ClientService|DelayedCall|LineReceiver|LoopingCall|ReconnectingClientFactory"
_TWISTED += r"|inlineCallbacks|optParameters|I[A-Z][a-z]\w+"
_STANDARD = "|".join(sorted(sys.stdlib_module_names))
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", rf"{_FOREIGN}(\..*)?"),
    (r"py:.*", rf"({_STANDARD})(\..*)?"),
    (r"py:.*", rf"({_TWISTED})(\..*)?"),
    # Private names are for those who read the source.
    (r"py:obj", r"(.*\.)?_\w+"),
]
