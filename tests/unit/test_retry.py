"""The default retry policy: how long it waits after how many failures."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2com_twisted import default_retry_policy

JITTER = [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("failures", "shortest"),
    [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0), (6, 29.0), (7, 29.0)],
)
@pytest.mark.parametrize("jitter", JITTER)
def test_doubles_and_is_capped(failures: int, shortest: float, jitter: float) -> None:
    """The first is about a second, each then twice the last; up to 1 s of jitter is added."""
    assert default_retry_policy(lambda: jitter)(failures) == shortest + jitter


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_never_waits_less_than_half_a_second_or_more_than_thirty(
    failures: int, jitter: float
) -> None:
    """The bounds hold after the jitter, however many attempts have failed."""
    assert 0.5 <= default_retry_policy(lambda: jitter)(failures) <= 30.0


def test_delays_grow_until_the_cap() -> None:
    """With the same jitter, each delay is at least as long as the one before."""
    policy = default_retry_policy(lambda: 0.3)
    assert all(a <= b for a, b in pairwise(map(policy, range(200))))


def test_two_clients_do_not_dial_at_the_same_moment() -> None:
    """The jitter is drawn anew for each delay."""
    policy = default_retry_policy()
    assert len({policy(10) for _ in range(20)}) == 20
