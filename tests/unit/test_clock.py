"""The clock that durations are measured with, and the programs' timers."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock

from m2com_twisted.support.clock import monotonic_clock, use_monotonic_clock
from m2com_twisted.support.reactor_access import ReactorAccess


class WallClock:
    """The time of day, which the test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def seconds(self) -> float:
        """Return the time of day."""
        return self.now


class Reactor(SelectReactor):
    """A reactor of its own, by a wall clock that the test sets."""

    def __init__(self, wall: WallClock) -> None:
        SelectReactor.__init__(self)
        self.seconds = wall.seconds  # the wall clock of this test

    def close(self) -> None:
        """Close what a reactor opens when it is made."""
        self.removeAll()  # type: ignore[no-untyped-call]  # has no annotations
        for descriptor in self._internalReaders:
            descriptor.connectionLost(None)


@pytest.fixture
def wall() -> WallClock:
    """Return a wall clock."""
    return WallClock()


@pytest.fixture
def reactor(wall: WallClock) -> Any:
    """Return a reactor by that wall clock."""
    reactor = Reactor(wall)
    yield reactor
    reactor.close()


@pytest.fixture
def let_pass(monkeypatch: pytest.MonkeyPatch, wall: WallClock) -> Callable[[float], None]:
    """Return a function that lets time pass on both clocks."""
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def let_pass(seconds: float) -> None:
        now[0] += seconds
        wall.now += seconds

    return let_pass


def test_durations_of_a_real_reactor_do_not_see_the_wall_clock_step(
    reactor: Any, wall: WallClock, let_pass: Callable[[float], None]
) -> None:
    """A step of the wall clock does not change a measured duration."""
    access = ReactorAccess(reactor)
    before = access.seconds()
    wall.now -= 3600
    let_pass(2)
    assert access.seconds() - before == 2


def test_a_clock_that_is_passed_in_is_the_clock() -> None:
    """A test's `Clock` measures durations too, or nothing would be seen to last."""
    clock = Clock()
    clock.advance(7)
    assert monotonic_clock(clock)() == 7


@pytest.mark.parametrize("step", [-3600, 3600])
def test_timers_come_when_they_should_though_the_wall_clock_steps(
    reactor: Any, wall: WallClock, let_pass: Callable[[float], None], step: float
) -> None:
    """Timers come in time though the wall clock steps, also those that were put off."""
    came: list[str] = []
    reactor.callLater(3, came.append, "set before")
    put_off = reactor.callLater(1, came.append, "put off")
    use_monotonic_clock(reactor)
    reactor.callLater(2, came.append, "set after")
    put_off.reset(4)
    wall.now += step
    for expected in ([], ["set after"], ["set after", "set before"]):
        let_pass(1)
        reactor.runUntilCurrent()
        assert came == expected
    let_pass(1)
    reactor.runUntilCurrent()
    assert came[2:] == ["put off"]


@pytest.fixture
def asyncio_reactor() -> Iterator[Any]:
    """Return an asyncio reactor that runs beside the one of the tests."""
    loop = asyncio.new_event_loop()
    reactor = AsyncioSelectorReactor(loop)
    yield reactor
    reactor.removeAll()
    for descriptor in reactor._internalReaders:
        descriptor.connectionLost(None)
    loop.close()


@pytest.mark.parametrize("kind", ["reactor", "asyncio_reactor"])
def test_a_timer_may_ask_for_it(kind: str, request: pytest.FixtureRequest) -> None:
    """A timer may ask for the monotonic clock; no timer comes early because of it."""
    reactor = request.getfixturevalue(kind)
    came: list[str] = []

    def come_again() -> None:
        came.append("again")
        if len(came) < 10:
            reactor.callLater(3600, come_again)

    def ask() -> None:
        use_monotonic_clock(reactor)
        come_again()

    reactor.callLater(0, ask)
    reactor.callLater(1800, came.append, "early")
    reactor.runUntilCurrent()
    reactor.runUntilCurrent()
    assert came == ["again"]


def test_to_ask_for_it_twice_changes_nothing(
    reactor: Any, let_pass: Callable[[float], None]
) -> None:
    """A service that is made by a program which has done so already does no harm."""
    came: list[str] = []
    reactor.callLater(1, came.append, "once")
    use_monotonic_clock(reactor)
    use_monotonic_clock(reactor)
    let_pass(1)
    reactor.runUntilCurrent()
    assert came == ["once"]


def test_a_clock_of_a_test_is_left_alone() -> None:
    """A Clock that a test passes in stays in use."""
    clock = Clock()
    use_monotonic_clock(clock)
    clock.advance(5)
    assert clock.seconds() == 5
