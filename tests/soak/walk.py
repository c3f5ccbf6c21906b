"""The random walks of the tests, with other random numbers in each run, and many more of them."""

import time
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.unit.test_command_random_walk import CommandMachine
from tests.unit.test_connection_random_walk import ConnectionMachine, error_log

__all__ = ["WALKS", "WalkReport", "walk"]

#: What each walk is of, and its machine.
WALKS: dict[str, type[RuleBasedStateMachine]] = {
    "connections": ConnectionMachine,
    "commands": CommandMachine,
}

# Hypothesis keeps what it has seen of one run in memory and slows down.
_CASES_AT_ONCE = 500

_STEPS = 40


@dataclass
class WalkReport:
    """How far a walk came."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    #: What broke it; empty if nothing did.
    problem: str = ""


def walk(name: str, cases: int, seconds: float) -> WalkReport:
    """Walk until so many cases are done, something breaks, or the time is over.

    Parameters
    ----------
    name
        One of `WALKS`.
    cases
        How many.
    seconds
        How long at the most; the cases that are under way then are finished.
    """
    report = WalkReport(name)
    machine = WALKS[name]
    begun = time.monotonic()
    with error_log() as log:
        ConnectionMachine.log = log
        while report.cases < cases and time.monotonic() < begun + seconds:
            count = min(_CASES_AT_ONCE, cases - report.cases)
            try:
                run_state_machine_as_test(machine, settings=_settings(count))
            except Exception as error:
                notes = "\n".join(getattr(error, "__notes__", []))
                report.problem = f"{type(error).__name__}: {error}\n{notes}"
                break
            report.cases += count
    report.seconds = time.monotonic() - begun
    return report


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=_STEPS,
        # Other cases in every run: that is what it is for.
        derandomize=False,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
