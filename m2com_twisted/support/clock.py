"""A clock for durations, which never steps.

The reactors of Twisted use the wall clock.  When an operator or NTP sets that clock, ages
and outages would be wrong by the same amount.
"""

import time
from collections.abc import Callable

from twisted.internet.base import DelayedCall, ReactorBase
from twisted.internet.interfaces import IReactorTime

__all__ = ["monotonic_clock", "use_monotonic_clock"]


def monotonic_clock(reactor: IReactorTime) -> Callable[[], float]:
    """Return the clock for measuring durations.

    Parameters
    ----------
    reactor
        The reactor whose timers the durations belong to.

    Returns
    -------
    seconds
        `time.monotonic` for a real reactor.  For any other object, such as a
        `twisted.internet.task.Clock`, its own ``seconds``.
    """
    return time.monotonic if isinstance(reactor, ReactorBase) else reactor.seconds


class _ContinuedClock:
    """Continues from the present time of a reactor's clock, and never steps."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._offset = seconds() - time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() + self._offset


def use_monotonic_clock(reactor: IReactorTime) -> None:
    """Make a reactor's timers independent of the wall clock.

    Only a program may do this, not a library.  Other code in the process may read
    ``reactor.seconds()`` as the time of day.  That becomes wrong when the wall
    clock is set.

    Without this, every timer of the reactor is an hour late if the wall clock is
    set back by an hour.  That includes the timer that dials again.

    Parameters
    ----------
    reactor
        The reactor.  Timers that are already set keep their time.  An object that
        is no real reactor is not changed.
    """
    if not isinstance(reactor, ReactorBase) or isinstance(reactor.seconds, _ContinuedClock):
        return
    # `time.monotonic` itself cannot be used, because it counts from another moment.  A reactor
    # compares its timers with the time at which it began to run them.  If the clock jumped
    # meanwhile, all timers would be due at once.  On the asyncio reactor, a timer that sets
    # itself again would then run for ever.
    seconds = _ContinuedClock(reactor.seconds)
    reactor.seconds = seconds  # shadows the class's own
    for call in reactor.getDelayedCalls():
        if isinstance(call, DelayedCall):
            # They read the clock when they are postponed.
            call.seconds = seconds
