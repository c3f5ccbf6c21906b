"""How long to wait before dialling again."""

import math
import random
from collections.abc import Callable

from ..support.log import NamedLog

__all__ = ["MAX_DELAY", "RetryPolicy", "default_retry_policy", "next_delay"]

#: Takes the number of attempts that have failed in a row, 0 right after a good
#: connection was lost, and returns the seconds to wait.
RetryPolicy = Callable[[int], float]

#: The longest that the default policy waits, in seconds.  A controller that is
#: back after a power cycle of minutes should not be waited for much longer.
MAX_DELAY = 30.0

# Jitter is spread over one second, because the clients of one observatory,
# command and telemetry of each, all lose the controller at the same moment.
_JITTER = 1.0

# With half the jitter added, the first delay is one second on average.
_INITIAL_DELAY = 0.5


def default_retry_policy(uniform: Callable[[], float] = random.random) -> RetryPolicy:
    """Return the policy used unless another is given.

    About 1 s, then twice as long each time, up to 30 s with all jitter.

    Parameters
    ----------
    uniform
        The source of jitter: returns numbers from 0 to 1.
    """

    def policy(failures: int) -> float:
        # Imported when first needed: at the top it would be a third of what
        # importing this package takes beyond what it must import.
        from twisted.application.internet import backoffPolicy

        delay = backoffPolicy(
            initialDelay=_INITIAL_DELAY,
            maxDelay=MAX_DELAY - _JITTER,
            factor=2.0,
            jitter=lambda: _JITTER * uniform(),
        )
        return delay(failures)

    return policy


def next_delay(policy: RetryPolicy, failures: int, log: NamedLog) -> float:
    """Ask a policy, which may be the user's: a failing one must not end the reconnecting.

    Returns
    -------
    delay
        What the policy returned, or `MAX_DELAY` if that is no time to wait.
    """
    try:
        # What does not become a float, 10**400 say, would fail in the reactor.
        delay = float(policy(failures))
        if 0 <= delay < math.inf:
            return delay
        log.error("The retry policy returned %r; waiting %g s instead", delay, MAX_DELAY)
    except BaseException:
        # SystemExit too: it would be logged elsewhere, and nobody would dial again.
        log.exception("The retry policy failed; waiting %g s instead", MAX_DELAY)
    return MAX_DELAY
