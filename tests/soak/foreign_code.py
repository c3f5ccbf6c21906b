"""Random cases of foreign code that calls back into a client from everywhere."""

import logging
import secrets
import time
from random import Random

from tests.soak.walk import WalkReport
from tests.support.foreign_code import ForeignCode

__all__ = ["walk_among_foreign_code"]


def walk_among_foreign_code(cases: int, seconds: float) -> WalkReport:
    """Play cases until so many are done, one fails, or the time is over.

    Parameters
    ----------
    cases
        How many.
    seconds
        How long at the most.

    Returns
    -------
    report
        How many were played.  The problem names the seed of the case that
        failed, so that ``ForeignCode(Random(seed)).play()`` repeats it.
    """
    report = WalkReport("foreign code")
    begun = time.monotonic()
    raises, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        while report.cases < cases and time.monotonic() < begun + seconds:
            report.problem = _play(secrets.randbelow(2**32))
            if report.problem:
                break
            report.cases += 1
    finally:
        logging.raiseExceptions = raises
    report.seconds = time.monotonic() - begun
    return report


def _play(seed: int) -> str:
    """Play one case; return what was wrong with it, or nothing."""
    case = ForeignCode(Random(seed))
    try:
        case.play()
    except AssertionError as error:
        wrong = [f"seed {seed}: {error}", *case.failures, *case.handler.unexpected, *case.story]
        return "\n".join(wrong)
    return ""
