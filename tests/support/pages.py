"""The pages of the documentation, and their code blocks."""

import re
import textwrap
from pathlib import Path

__all__ = ["PAGES", "ROOT", "code_blocks", "labelled_block", "text_of"]

ROOT = Path(__file__).parents[2]

#: Every page that users read, by its path in the repository.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.rst", "docs/*.rst", "benchmarks/*.rst")
    for path in ROOT.glob(pattern)
)


def text_of(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of one language, in their order on a page."""
    pattern = rf"^\.\. code-block:: {language}\n(?:   :.*\n)*\n((?:   .*\n|\n)+)"
    return [
        textwrap.dedent(block) for block in re.findall(pattern, text_of(page) + "\n", re.MULTILINE)
    ]


def labelled_block(page: str, label: str) -> str:
    """Return the code block under a label of a page."""
    pattern = rf"^\.\. _{label}:\n\n\.\. code-block:: \w+\n\n((?:   .*\n|\n)+)"
    found = re.search(pattern, text_of(page) + "\n", re.MULTILINE)
    assert found is not None, f"{page} has no block under {label}."
    return textwrap.dedent(found[1])
