"""What is missing and what is repeated, by the numbers of the messages."""

from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.hub.sequence import REPEATED, SequenceCheck


def test_first_message_ever_is_where_a_reader_came_in() -> None:
    """Nothing is missing before the first message, whatever its number."""
    assert SequenceCheck().check("a", 1000) == 0


def test_new_source_begins_with_one() -> None:
    """Of a service that was restarted, what came before its first message here is missing."""
    sequences = SequenceCheck()
    sequences.check("a", 1000)
    assert sequences.check("b", 3) == 2


def test_last_values_are_new_once() -> None:
    """A last value is new if nothing so late was there; it is no gap."""
    sequences = SequenceCheck()
    assert sequences.note("a", 7)
    assert not sequences.note("a", 7)
    assert sequences.check("a", 8) == 0


@given(st.sets(st.integers(1, 50), min_size=1), st.lists(st.integers(1, 50)))
def test_gaps_add_up(arrived: set[int], repeats: list[int]) -> None:
    """What is told to be missing is exactly what did not come; repeats change nothing."""
    sequences = SequenceCheck()
    sequences.check("before", 1)
    missing = new = 0
    for number in sorted(arrived):
        answer = sequences.check("a", number)
        missing += answer
        new += 1
        for repeat in repeats:
            if repeat <= number:
                assert sequences.check("a", repeat) == REPEATED
    assert missing + new == max(arrived)
