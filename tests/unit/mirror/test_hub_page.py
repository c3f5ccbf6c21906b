"""The commands that the page about the hub lists for the programs of the mirror."""

import re

import pytest

from m2com_twisted.mirror import Report
from m2com_twisted.testing import MirrorBench
from tests.support.pages import text_of


def listed(program: str) -> set[str]:
    """Return the commands that a program needs, according to the page."""
    found = re.search(
        rf"\* - ``m2com {program}``\n     - (.+?)\n(?:   \*|\n)", text_of("docs/hub.rst"), re.DOTALL
    )
    assert found is not None
    return set(re.findall(r"``(\w+)``", found[1]))


def names(report: Report) -> set[str]:
    """Return the names of the commands that a procedure sent."""
    return {sent.partition("(")[0] for sent in report.sent}


def test_commands_of_enable(bench: MirrorBench) -> None:
    """The page lists what `enable` sends to a mirror that is off."""
    report = bench.run(bench.mirror.enable())
    # Whether these two are sent depends on the settings and on what was told before.
    assert names(report) <= listed("enable")
    assert listed("enable") - names(report) <= {"setEnabledFaultsMask", "getInnerLoopControlMode"}


@pytest.mark.parametrize("program", ["disable", "safe", "move"])
def test_commands_of_the_other_programs(tracking: MirrorBench, program: str) -> None:
    """The page lists what a program sends to a mirror in closed loop."""
    mirror = tracking.mirror
    if program == "disable":
        report = tracking.run(mirror.disable())
    elif program == "safe":
        report = tracking.run(mirror.make_safe())
    else:
        report = tracking.run(mirror.move(x=1.0))
    assert names(report) == listed(program)
