"""What waits to be published: its bound, and what is dropped first."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.hub.outbox import Lane, Outbox


def _sequences(lane: Lane) -> list[int]:
    return [sequence for sequence, *_ in lane.items]


def test_lanes_number_their_messages_from_one() -> None:
    """Each lane has a sequence of its own that begins with 1 and has no gaps."""
    outbox = Outbox("main-1")
    for _ in range(3):
        outbox.put(outbox.events, "e", b"")
        outbox.put(outbox.telemetry, "t", b"")
    assert _sequences(outbox.events) == _sequences(outbox.telemetry) == [1, 2, 3]
    assert outbox.events.source != outbox.telemetry.source


def test_telemetry_is_dropped_before_events() -> None:
    """As long as telemetry waits, the oldest of it is dropped, and no event."""
    outbox = Outbox("main-1", limit=10_000)
    for _ in range(10):
        outbox.put(outbox.events, "e", b"x" * 250)
    for _ in range(100):
        outbox.put(outbox.telemetry, "t", b"x" * 250)
    assert _sequences(outbox.events) == list(range(1, 11))
    assert _sequences(outbox.telemetry) == list(range(91, 101))
    assert (outbox.telemetry.dropped, outbox.events.dropped) == (90, 0)


def test_oldest_events_are_dropped_where_there_is_nothing_else() -> None:
    """If only events wait, the oldest are dropped and counted."""
    outbox = Outbox("main-1", limit=1_000)
    for _ in range(5):
        outbox.put(outbox.events, "e", b"x" * 250)
    assert _sequences(outbox.events) == [4, 5]
    assert outbox.events.dropped == 3


def test_messages_in_hand_are_not_dropped() -> None:
    """A message that the sender has in hand is either sent or dropped, never both."""
    outbox = Outbox("main-1", limit=2_000)
    for _ in range(4):
        outbox.put(outbox.telemetry, "t", b"x" * 250)
    in_hand = outbox.next_items(outbox.telemetry, 2, lambda: None)
    for _ in range(3):
        outbox.put(outbox.telemetry, "t", b"x" * 250)
    assert [sequence for sequence, *_ in in_hand] == [1, 2]
    assert _sequences(outbox.telemetry) == [1, 2, 6, 7]
    assert outbox.telemetry.dropped == 3
    outbox.telemetry.sent = 2
    rest = outbox.next_items(outbox.telemetry, 9, lambda: None)
    assert [sequence for sequence, *_ in rest] == [6, 7]


@given(
    st.lists(
        st.tuples(st.sampled_from(["event", "topic", "sent"]), st.integers(0, 400)), max_size=60
    )
)
def test_waiting_bytes_are_those_of_what_waits(steps: list[tuple[str, int]]) -> None:
    """The bound holds after every step, and what is gone takes no space."""
    outbox = Outbox("main-1", limit=3_000)
    for step, number in steps:
        if step == "sent":
            outbox.events.sent = max(outbox.events.sent, min(number // 10, outbox.events.last))
            outbox.next_items(outbox.events, 1, lambda: None)
        else:
            lane = outbox.events if step == "event" else outbox.telemetry
            outbox.put(lane, "s", b"x" * number)
        lanes = (outbox.events, outbox.telemetry)
        assert outbox.waiting_bytes <= 3_000
        assert (outbox.waiting_bytes == 0) is not any(_sequences(lane) for lane in lanes)
        for lane in lanes:
            waiting = _sequences(lane)
            assert waiting == sorted(waiting)
            assert all(number <= lane.last for number in waiting)


def test_wakes_once_when_there_is_something_again() -> None:
    """A reader of an empty lane is woken once, by the next message."""
    outbox = Outbox("main-1")
    woken: list[str] = []
    assert outbox.next_items(outbox.events, 1, lambda: woken.append("events")) == []
    outbox.put(outbox.telemetry, "t", b"")
    assert woken == []
    outbox.put(outbox.events, "e", b"")
    outbox.put(outbox.events, "e", b"")
    assert woken == ["events"]


def test_messages_that_come_together_wake_once() -> None:
    """The one that empties it is woken in the next turn of the reactor, when all are there."""
    turn: list[Callable[[], None]] = []
    found: list[list[int]] = []
    outbox = Outbox("main-1", later=turn.append)
    outbox.next_items(outbox.telemetry, 10, lambda: found.append(_sequences(outbox.telemetry)))
    for _ in range(3):
        outbox.put(outbox.telemetry, "t", b"")
    assert found == []
    for call in turn:
        call()
    assert found == [[1, 2, 3]]


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Let Python switch between threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("frequent_switches")
@pytest.mark.parametrize("limit", [10**9, 3_000])
def test_two_threads_lose_nothing(limit: int) -> None:
    """While two threads put in and take out, each message is taken once, in order, or dropped."""
    outbox = Outbox("main-1", limit=limit)
    events = outbox.events
    count = 5_000
    taken: list[int] = []

    def take() -> None:
        woken = threading.Event()
        while events.sent < count:
            items = outbox.next_items(events, 7, woken.set)
            if not items:
                assert woken.wait(10)
                woken.clear()
                continue
            taken.extend(sequence for sequence, *_ in items)
            events.sent = taken[-1]
        outbox.next_items(events, 7, woken.set)

    taker = threading.Thread(target=take)
    taker.start()
    for _ in range(count):
        outbox.put(events, "e", b"x")
    taker.join(30)
    assert taken == sorted(set(taken))
    assert len(taken) + events.dropped == count
    assert events.dropped == 0 or limit == 3_000
    assert outbox.waiting_bytes == 0
