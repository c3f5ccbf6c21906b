"""Sequence ids: taken, given back, wrapped around, missing."""

from itertools import islice

import pytest

from m2com_twisted.commands.past_commands import SentIds
from m2com_twisted.commands.sequence_ids import LAST_ID, SequenceIds, count_around, is_before


def take(ids: SequenceIds, in_use: frozenset[int] = frozenset()) -> int:
    """Take an id for a command that can be written."""
    return ids.take(in_use)


def test_default_sequence() -> None:
    """Ids are 1, 2, 3 and so on, and the last one is -1 before the first."""
    ids = SequenceIds()
    assert ids.last == -1
    assert [take(ids) for _ in range(3)] == [1, 2, 3]
    assert ids.last == 3


def test_wrap_around() -> None:
    """The id after the greatest 32-bit integer is 1."""
    assert list(islice(count_around(LAST_ID - 1), 4)) == [LAST_ID - 1, LAST_ID, 1, 2]


def test_shared_generator() -> None:
    """Clients that share a generator continue each other's sequence."""
    shared = count_around()
    one, other = SequenceIds(shared), SequenceIds(shared)
    assert [take(one), take(other), take(one)] == [1, 2, 3]


def test_id_of_what_was_not_written() -> None:
    """An id whose command could not be written is the next one again."""
    ids = SequenceIds()
    take(ids)
    assert take(ids) == 2
    ids.give_back()
    assert ids.last == 1
    assert [take(ids), take(ids)] == [2, 3]


@pytest.mark.parametrize("unusable", ["1", 1.0, True, None, object(), 7])
def test_unusable_id(unusable: object) -> None:
    """An id that is no int, or in use, is refused by name and skipped."""
    ids = SequenceIds(iter([5, unusable, 6]))  # type: ignore[arg-type]  # the user's mistake
    take(ids)
    with pytest.raises(RuntimeError, match="sequence generator"):
        take(ids, in_use=frozenset([7]))
    assert ids.last == 5
    assert take(ids) == 6


def test_generator_that_runs_out() -> None:
    """A generator without more ids is a RuntimeError, each time, not a StopIteration."""
    ids = SequenceIds(iter([5]))
    take(ids)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no more ids"):
            take(ids)
    assert ids.last == 5


def test_generator_that_raises() -> None:
    """An error out of the generator reaches the caller as it is."""
    ids = SequenceIds(1 // n for n in (1, 0))
    take(ids)
    with pytest.raises(ZeroDivisionError):
        take(ids)
    assert ids.last == 1


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (1, 2, True),
        (2, 1, False),
        (2, 2, False),
        (LAST_ID, 1, True),
        (1, LAST_ID, False),
        (LAST_ID - 5, 5, True),
        (0, 1, True),
    ],
)
def test_order_on_the_circle(earlier: int, later: int, expected: bool) -> None:
    """The order of two sequence ids follows the shorter way around."""
    assert is_before(earlier, later) is expected


@pytest.mark.parametrize(
    ("sent", "missing", "known"),
    [
        ([1, 2, 3], [0, 4, 99], [1, 2, 3]),
        ([1, 3, 4, 7], [2, 5, 6, 8], [1, 3, 4, 7]),
        ([5, 6], [1, 4, 7], [5, 6]),
        ([LAST_ID - 1, LAST_ID, 1, 2], [LAST_ID - 2, 3], [LAST_ID - 1, LAST_ID, 1, 2]),
        ([LAST_ID - 1, 2], [LAST_ID, 1], [LAST_ID - 1, 2]),
        ([1, 3, 2, 4], [5], [1, 3, 4]),
        ([], [1, 2], []),
    ],
)
def test_ids_never_sent(sent: list[int], missing: list[int], known: list[int]) -> None:
    """Ids before the first, after the last and in gaps were never sent; the others were."""
    ids = SentIds()
    for sequence_id in sent:
        ids.add(sequence_id)
    assert [ids.lack(sequence_id) for sequence_id in missing] == [True] * len(missing)
    assert [ids.lack(sequence_id) for sequence_id in known] == [False] * len(known)
