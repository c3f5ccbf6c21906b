"""Virtual time: it stops at every call, and runs coroutines to their end."""

import math

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from m2com_twisted.testing import VirtualClock


def test_stops_at_every_call() -> None:
    """Each call finds the clock at its own time, also those scheduled on the way."""
    clock = VirtualClock()
    times: list[float] = []

    def call(again: int) -> None:
        times.append(clock.seconds())
        if again:
            clock.callLater(0.1, call, again - 1)

    clock.callLater(1.0, call, 2)
    clock.callLater(1.05, call, 0)
    clock.advance(10)
    assert times == pytest.approx([1.0, 1.05, 1.1, 1.2])
    assert clock.seconds() == 10


def test_makes_calls_due_at_the_end() -> None:
    """A call for the very end of the time is made, one after it is not."""
    clock = VirtualClock()
    made: list[float] = []
    for delay in (0.3, 0.30001):
        clock.callLater(delay, made.append, delay)
    clock.advance(0.1)
    clock.advance(0.2)
    assert made == [0.3]


def test_advanced_from_inside_a_call() -> None:
    """A call that lets time pass itself does; the clock is not set back when that is done."""
    clock = VirtualClock()
    times: list[float] = []
    clock.callLater(1, clock.advance, 10)
    clock.callLater(5, lambda: times.append(clock.seconds()))
    clock.callLater(12, lambda: times.append(clock.seconds()))
    clock.advance(3)
    assert times == [5]
    assert clock.seconds() == 11
    clock.advance(1)
    assert times == [5, 12]


def test_call_that_is_put_off() -> None:
    """A call that is put off, or moved, is made at its new time."""
    clock = VirtualClock()
    made: list[tuple[int, float]] = []
    first, second, _ = (
        clock.callLater(delay, lambda delay=delay: made.append((delay, clock.seconds())))
        for delay in (1, 2, 3)
    )
    first.delay(9)
    second.reset(4)
    clock.advance(20)
    assert made == [(3, 3), (2, 4), (1, 10)]


@pytest.mark.parametrize("amount", [-1, math.inf, math.nan])
def test_time_that_does_not_pass(amount: float) -> None:
    """A time that is negative, or has no end, is refused."""
    with pytest.raises(ValueError, match="by a finite number of seconds only"):
        VirtualClock().advance(amount)


async def _wait(clock: VirtualClock, seconds: float) -> str:
    await deferLater(clock, seconds)
    return "done"


def test_runs_a_coroutine() -> None:
    """A coroutine is run to its end, and its result returned, in no more time than it takes."""
    clock = VirtualClock()
    assert clock.run(_wait(clock, 500)) == "done"
    assert clock.seconds() == 500


def test_raises_what_a_coroutine_raises() -> None:
    """An exception out of the coroutine comes out of run."""

    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        VirtualClock().run(fail())


def test_gives_up_a_coroutine_that_takes_too_long() -> None:
    """A coroutine that is not done in time is cancelled, and the test fails."""
    clock = VirtualClock()
    with pytest.raises(AssertionError, match=r"_wait.* still waits after 60 s"):
        clock.run(_wait(clock, 61), within=60)
    assert not clock.getDelayedCalls()


def test_gives_up_a_coroutine_that_nothing_will_wake() -> None:
    """A coroutine that waits when nothing is scheduled fails the test at once."""

    async def wait() -> None:
        await Deferred()

    with pytest.raises(AssertionError, match="something that no delayed call will bring"):
        VirtualClock().run(wait())
