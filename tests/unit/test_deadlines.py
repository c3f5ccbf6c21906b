"""Many deadlines, one delayed call."""

import pytest
from twisted.internet.task import Clock

from m2com_twisted.commands.deadlines import Deadlines


class Fixture:
    """Deadlines on a clock that records what expired, and when."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock, self.expire)
        self.expired: list[tuple[float, int]] = []

    def expire(self, key: int) -> None:
        """Take note of a key whose time has come."""
        self.expired.append((self.clock.seconds(), key))

    @property
    def calls(self) -> list[float]:
        """When the delayed calls in the reactor will come."""
        return [call.getTime() for call in self.clock.getDelayedCalls()]


@pytest.fixture
def fixture() -> Fixture:
    """Return deadlines on a clock."""
    return Fixture()


def test_each_in_its_time(fixture: Fixture) -> None:
    """Keys expire once each, when their time has come, in the order of their times."""
    for key, time in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 2.0)):
        fixture.deadlines.set(key, time)
    assert fixture.calls == [1.0]
    fixture.clock.pump([0.5] * 8)
    assert fixture.expired == [(1.0, 2), (2.0, 3), (2.0, 4), (3.0, 1)]
    assert fixture.calls == []


def test_all_that_is_overdue_at_once(fixture: Fixture) -> None:
    """After a blocked reactor, all overdue deadlines expire in order."""
    for key in (3, 1, 2):
        fixture.deadlines.set(key, float(key))
    fixture.clock.advance(10)
    fixture.clock.pump([0, 0])
    assert [key for _, key in fixture.expired] == [1, 2, 3]
    assert fixture.calls == []


def test_in_the_past(fixture: Fixture) -> None:
    """A deadline in the past expires in the next turn, not at once."""
    fixture.clock.advance(5)
    fixture.deadlines.set(1, 2.0)
    assert fixture.expired == []
    fixture.clock.advance(0)
    assert fixture.expired == [(5.0, 1)]


@pytest.mark.parametrize(("first", "second"), [(1.0, 4.0), (4.0, 1.0), (2.0, 2.0)])
def test_set_again(fixture: Fixture, first: float, second: float) -> None:
    """A key has one deadline: the last that it was given."""
    fixture.deadlines.set(1, first)
    fixture.deadlines.set(1, second)
    fixture.clock.pump([0.5] * 10)
    assert fixture.expired == [(second, 1)]


def test_discarded(fixture: Fixture) -> None:
    """A discarded key does not expire, and the last one takes the delayed call with it."""
    fixture.deadlines.set(1, 1.0)
    fixture.deadlines.set(2, 2.0)
    fixture.deadlines.discard(1)
    fixture.deadlines.discard(1)
    fixture.clock.advance(1.5)
    assert fixture.expired == []
    fixture.deadlines.discard(2)
    assert fixture.calls == []


def test_clock_short_of_the_deadline_by_a_rounding_error(fixture: Fixture) -> None:
    """A call that comes a rounding error early is taken for the deadline that it was set for."""
    fixture.clock.advance(1.1)
    fixture.deadlines.set(1, 7.3)
    fixture.clock.advance(7.3 - 1.1)
    assert fixture.clock.seconds() < 7.3
    assert [key for _, key in fixture.expired] == [1]
    assert fixture.calls == []


def test_changes_while_it_expires(fixture: Fixture) -> None:
    """A deadline that expires may set and discard others, which wait for their turn."""
    expired: list[int] = []

    def expire(key: int) -> None:
        expired.append(key)
        if expired == [1]:
            deadlines.discard(2)
            deadlines.set(1, 1.0)
            deadlines.set(4, 5.0)

    deadlines = Deadlines(fixture.clock, expire)
    for key in (1, 2, 3):
        deadlines.set(key, 1.0)
    fixture.clock.advance(1)
    assert expired == [1, 3, 1]
    assert fixture.calls == [5.0]
    fixture.clock.advance(4)
    assert expired == [1, 3, 1, 4]
    assert fixture.calls == []


def test_discarding_the_last_while_it_expires(fixture: Fixture) -> None:
    """If all others are discarded as the first expires, nothing is left."""

    def expire(key: int) -> None:
        assert key == 0
        for other in range(1, 10):
            deadlines.discard(other)

    deadlines = Deadlines(fixture.clock, expire)
    for key in range(10):
        deadlines.set(key, 1.0)
    fixture.clock.advance(1)
    assert fixture.calls == []


def test_calls_to_the_clock() -> None:
    """Ten thousand deadlines that are moved and discarded ask the clock for few calls."""

    class CountingClock(Clock):
        count = 0

        def callLater(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            self.count += 1
            return super().callLater(*args, **kwargs)  # type: ignore[arg-type]

    clock = CountingClock()
    deadlines = Deadlines(clock, lambda key: None)
    for key in range(10_000):
        deadlines.set(key, 10.0 + key)
    for key in range(10_000):
        deadlines.set(key, 100_000.0 + key)
    for key in range(10_000):
        deadlines.discard(key)
    assert clock.count < 10
    assert clock.getDelayedCalls() == []


def comparisons_per_deadline(count: int) -> float:
    """Count how often times are compared while deadlines are set and discarded."""
    comparisons = 0

    class CountedTime(float):
        def __lt__(self, other: float) -> bool:
            nonlocal comparisons
            comparisons += 1
            return super().__lt__(other)

    deadlines = Deadlines(Clock(), lambda key: None)
    for key in range(count):
        deadlines.set(key, CountedTime(10.0 + key))
    for key in range(count):
        deadlines.discard(key)
    return comparisons / count


def test_cost_is_flat() -> None:
    """Setting and discarding a deadline costs the same among three thousand as among a hundred."""
    assert comparisons_per_deadline(3000) < 2 * comparisons_per_deadline(100)
