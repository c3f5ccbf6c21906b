"""Write the tables of mirror.rst from the code.

    python -m docs.generate_mirror

replaces the tables between the markers of the page.  A test checks that the page has the tables
that the code gives.
"""

import re
from pathlib import Path

from docs.generated_tables import list_table, with_tables
from m2com_twisted.mirror import Condition, Settings
from m2com_twisted.mirror.command_proofs import PROVED_BY, WITHOUT_PROOF
from m2com_twisted.mirror.disabling import Disable
from m2com_twisted.mirror.enabling import Enable
from m2com_twisted.mirror.forces import ApplyForces, BumpTest, ResetForceOffsets
from m2com_twisted.mirror.ilcs import EnableIlcs
from m2com_twisted.mirror.make_safe import MakeSafe
from m2com_twisted.mirror.moving import Move, MoveActuators, RunScript
from m2com_twisted.mirror.steps import Procedure
from m2com_twisted.mirror.upkeep import (
    ChangeConfiguration,
    ChangeHardpoints,
    ClearFaults,
    Reboot,
    ResetBreakers,
)

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).with_name("mirror.rst")

PROCEDURES: tuple[type[Procedure], ...] = (
    Enable,
    EnableIlcs,
    Disable,
    MakeSafe,
    Move,
    ApplyForces,
    ResetForceOffsets,
    BumpTest,
    MoveActuators,
    RunScript,
    ClearFaults,
    ResetBreakers,
    ChangeConfiguration,
    ChangeHardpoints,
    Reboot,
)


def _procedures() -> str:
    """Return a table of the steps of each procedure."""
    settings = Settings()
    rows = []
    for procedure in PROCEDURES:
        for number, step in enumerate(procedure.steps):
            name = f"``{procedure.name}``" if number == 0 else ""
            seconds = f"{getattr(settings, step.timeout):g} s"
            failure = "always done" if step.always else step.failure.value
            rows.append((name, step.name, f"``{step.timeout}`` ({seconds})", failure))
    return list_table(("Procedure", "Step", "Limit", "If it fails"), rows)


def _proofs() -> str:
    """Return a table of what proves each command."""
    rows = [(f"``{kind.name}``", words) for kind, words in PROVED_BY.items()]
    rows += [(f"``{kind.name}``", f"nothing: {why}") for kind, why in WITHOUT_PROOF.items()]
    return list_table(("Command", "Proof"), sorted(rows))


def _conditions() -> str:
    """Return a table of the conditions."""
    source = Path(__file__).parents[1] / "m2com_twisted" / "mirror" / "condition.py"
    meanings = re.findall(r"#: (.*)\n    ([A-Z_]+) = ", source.read_text(encoding="utf-8"))
    known = {name: meaning for meaning, name in meanings}
    return list_table(
        ("Condition", "Meaning"),
        [(f"``{condition.name}``", known[condition.name]) for condition in Condition],
    )


_TABLES = {"procedures": _procedures, "proofs": _proofs, "conditions": _conditions}


def page(text: str) -> str:
    """Return the page with tables that are up to date."""
    return with_tables(text, {name: table() for name, table in _TABLES.items()})


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
