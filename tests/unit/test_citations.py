"""Where the code cites the page about the wire, the page has that section."""

import re
from pathlib import Path

from docs.generate_protocol import PAGE

ROOT = Path(__file__).parents[2]


def test_every_citation_of_the_protocol_leads_to_a_label_of_its_page() -> None:
    """Each ``protocol-...`` in the code is a label in docs/protocol.rst."""
    labels = set(re.findall(r"^\.\. _(protocol-[\w-]+):$", PAGE.read_text(), re.MULTILINE))
    cited = {
        label
        for path in (ROOT / "m2com_twisted").rglob("*.py")
        for label in re.findall(r"\bprotocol-[a-z]+(?:-[a-z]+)*", path.read_text())
    }
    assert len(cited) > 8
    assert cited <= labels


def test_no_citation_of_the_protocol_is_by_number() -> None:
    """The sections of the page have no numbers, so nothing cites one."""
    for path in (ROOT / "m2com_twisted").rglob("*.py"):
        assert not re.search(r"sections? \d", path.read_text()), path
