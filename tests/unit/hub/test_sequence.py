"""What is missing and what is repeated, by the numbers of the messages."""

from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted.hub.sequence import REPEATED, SequenceCheck

#: A service that began before the reader came, and one that began later.
OLD, YOUNG = "main-1-telemetry", "main-ff-telemetry"


def new_check() -> SequenceCheck:
    """Return that of a reader which came in between."""
    return SequenceCheck(joined_at=0x10)


def test_first_message_is_where_a_reader_came_in() -> None:
    """Messages before a reader came to a running service do not count as missing."""
    assert new_check().check(OLD, 1000) == 0


def test_younger_source_begins_with_one() -> None:
    """Messages before the first one here of a service that began later count as missing."""
    assert new_check().check(YOUNG, 3) == 2


def test_source_that_does_not_say_when_it_began() -> None:
    """A source of another kind of publisher is one that was there before."""
    assert new_check().check("somebody", 1000) == 0


def test_last_values_are_new_once() -> None:
    """A last value is new if nothing so late was there; it is no gap."""
    sequences = new_check()
    assert sequences.note(OLD, 7)
    assert not sequences.note(OLD, 7)
    assert sequences.check(OLD, 8) == 0


def test_loss_of_the_last_messages_is_told() -> None:
    """Messages that the service says it sent, and that did not come, are missing."""
    sequences = new_check()
    assert sequences.expect(OLD, 10) == 0
    assert sequences.check(OLD, 11) == 0
    assert sequences.expect(OLD, 15) == 0
    assert sequences.check(OLD, 12) == 0
    assert sequences.expect(OLD, 15) == 3
    assert sequences.expect(OLD, 15) == 0


@given(st.sets(st.integers(1, 50), min_size=1), st.lists(st.integers(1, 50)))
def test_gaps_add_up(arrived: set[int], repeats: list[int]) -> None:
    """The reported missing messages are exactly those that did not come, in spite of repeats."""
    sequences = new_check()
    missing = new = 0
    for number in sorted(arrived):
        missing += sequences.check(YOUNG, number)
        new += 1
        for repeat in repeats:
            if repeat <= number:
                assert sequences.check(YOUNG, repeat) == REPEATED
    assert missing + new == max(arrived)
