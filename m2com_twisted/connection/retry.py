"""How long to wait before dialling again."""

import math
import random
from collections.abc import Callable

from ..support.log import NamedLog

__all__ = ["MAX_DELAY", "RetryPolicy", "default_retry_policy", "next_delay"]

#: Takes the number of attempts that have failed in a row, and returns the seconds
#: to wait.  The number is 0 right after a good connection was lost.
RetryPolicy = Callable[[int], float]

#: The longest wait of the default policy, in seconds.  A power cycle of the controller takes
#: minutes; when it is back, the client should soon be connected again.
MAX_DELAY = 30.0

# Seconds of the jitter.  There is jitter because all clients of one observatory
# lose the controller at the same moment.
_JITTER = 1.0

# With half the jitter added, the first delay is one second on average.
_INITIAL_DELAY = 0.5


def default_retry_policy(uniform: Callable[[], float] = random.random) -> RetryPolicy:
    """Return the default retry policy.

    It waits about 1 s, then twice as long each time, at most 30 s with jitter.

    Parameters
    ----------
    uniform
        The source of jitter, which returns numbers from 0 to 1.
    """

    def policy(failures: int) -> float:
        # Imported when first needed, because this import takes long.
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
    """Return the delay that a policy chooses.  A policy that fails must not end the reconnecting.

    Returns
    -------
    delay
        The seconds that the policy returned, or `MAX_DELAY` if they are no valid delay.
    """
    try:
        # The reactor fails with a number that is too large for a float, such as 10**400.
        delay = float(policy(failures))
        if 0 <= delay < math.inf:
            return delay
        log.error("The retry policy returned %r; waiting %g s instead", delay, MAX_DELAY)
    except BaseException:
        # SystemExit is caught as well.  Otherwise the client would not dial again.
        log.exception("The retry policy failed; waiting %g s instead", MAX_DELAY)
    return MAX_DELAY
