"""Ten thousand commands in flight: what one costs, and what is left of it."""

import gc
import sys
import tracemalloc
from types import FrameType

import pytest

from m2com_twisted import CommandLost, CommandTimeout
from tests.support.command_table import Table

# Coverage makes these loops several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover


def life(table: Table, count: int) -> None:
    """Send many commands, all in flight at once, and answer them out of order."""
    for sequence_id in range(1, count + 1):
        table.add(sequence_id)
    for sequence_id in range(1, count + 1):
        table.reply(("ack", sequence_id))
    for sequence_id in range(count, 0, -1):
        table.reply(("success", sequence_id))


def calls_per_command(count: int) -> float:
    """Count the calls of functions, Python's and builtin, in the life of a command."""
    table = Table()
    calls = 0

    def count_call(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count_call)
    try:
        life(table, count)
    finally:
        sys.setprofile(None)
    return calls / count


def test_cost_is_flat() -> None:
    """A command costs the same among ten thousand as among a hundred."""
    assert calls_per_command(10_000) < 1.1 * calls_per_command(100)


@pytest.mark.parametrize("way", ["set", "replies", "timeouts"])
def test_one_delayed_call(way: str) -> None:
    """However many commands there are, one delayed call is in the reactor."""
    table = Table()
    done = [table.add(sequence_id, sequence_id) for sequence_id in range(1, 101)]
    if way == "replies":
        table.reply(*(("success", sequence_id) for sequence_id in range(1, 100)))
    elif way == "timeouts":
        table.clock.pump([1] * 59)
    assert len(table.clock.getDelayedCalls()) == 1
    for deferred in done:
        deferred.addErrback(lambda failure: failure.trap(CommandTimeout, CommandLost))
    table.end()


@pytest.mark.parametrize(
    ("answered", "kept"),
    # What is kept is the space in emptied dicts, and in the second case what
    # late replies will be told from.
    [(True, 0.1), (False, 0.3)],
)
def test_memory_is_given_back(answered: bool, kept: float) -> None:
    """The memory of ten thousand commands is free again afterwards."""
    table = Table()
    left: list[int] = []
    tracemalloc.start()
    try:
        for first in range(1, 30_000, 10_000):
            done = [table.add(number) for number in range(first, first + 10_000)]
            in_flight = tracemalloc.get_traced_memory()[0]
            for sequence_id, deferred in enumerate(done, first):
                deferred.addErrback(lambda failure: failure.trap(CommandLost))
                if answered:
                    table.reply(("success", sequence_id))
            table.end()
            done.clear()
            gc.collect()
            left.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert left[-1] < kept * in_flight
    # From the second round on: the first replies fill what is to be kept.
    assert left[-1] < 1.01 * left[1]
