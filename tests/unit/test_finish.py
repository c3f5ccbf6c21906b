"""How a subcommand ends what it has begun."""

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted.programs.subcommand import finish
from tests.support.coroutines import Call, error_of, start


def test_a_cancellation_does_not_cut_it_short() -> None:
    """`finish` that is cancelled twice still ends both things, one after the other."""
    first: Deferred[None] = Deferred()
    stopped: list[str] = []
    finishing = Call(finish(lambda: first, lambda: stopped.append("second")))
    finishing.cancel()
    finishing.cancel()
    assert not stopped
    assert not finishing.done
    first.callback(None)
    assert stopped == ["second"]
    assert finishing.returned


@pytest.mark.parametrize("late", [False, True])
def test_an_error_comes_when_all_has_ended(late: bool) -> None:
    """An error in stopping one thing is raised after the others were stopped."""
    failing: Deferred[None] = Deferred()
    stopped: list[str] = []

    async def fail() -> None:
        await failing

    if not late:
        failing.errback(ZeroDivisionError())
    finishing = start(finish(fail, lambda: stopped.append("second")))
    if late:
        failing.errback(ZeroDivisionError())
    assert stopped == ["second"]
    assert isinstance(error_of(finishing), ZeroDivisionError)
