"""A coroutine that is begun without a Deferred behaves as with one."""

from contextvars import ContextVar
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted.support.coroutines import begin

VARIABLE: ContextVar[int] = ContextVar("VARIABLE", default=0)


def test_what_ends_at_once_needs_no_deferred() -> None:
    """None is returned for a coroutine that does not wait, or not for long."""

    async def at_once() -> None:
        fired: Deferred[None] = Deferred()
        fired.callback(None)
        await fired

    assert begin(at_once()) is None


def test_an_error_before_the_first_wait_is_raised() -> None:
    """The caller gets the exception of a coroutine that has not waited yet."""

    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        begin(fails())


def test_waits_take_results_and_errors() -> None:
    """The coroutine gets the results of what it waits for, one after the other."""
    first: Deferred[int] = Deferred()
    second: Deferred[int] = Deferred()
    got: list[Any] = []

    async def waits() -> None:
        got.append(await first)
        try:
            await second
        except LookupError as error:
            got.append(error)

    ended = begin(waits())
    assert ended is not None
    first.callback(5)
    assert got == [5]
    error = LookupError()
    second.errback(error)
    assert got == [5, error]
    assert ended.called


def test_cancelling_cancels_what_it_waits_for() -> None:
    """A cancelled coroutine gets the error of the Deferred that it waits for, and may go on."""
    got: list[Any] = []

    async def waits() -> None:
        try:
            await Deferred()
        except CancelledError as error:
            got.append(error)

    ended = begin(waits())
    assert ended is not None
    ended.cancel()
    assert len(got) == 1
    assert ended.called


def test_its_error_is_that_of_the_deferred() -> None:
    """The Deferred fails with what the coroutine raises after it has waited."""
    first: Deferred[None] = Deferred()
    errors: list[Any] = []

    async def fails() -> None:
        await first
        raise LookupError

    ended = begin(fails())
    assert ended is not None
    ended.addErrback(lambda failure: errors.append(failure.type))
    first.callback(None)
    assert errors == [LookupError]


def test_has_a_copy_of_the_context() -> None:
    """What the coroutine sets stays in the coroutine, also after a wait."""
    first: Deferred[None] = Deferred()
    seen: list[int] = []

    async def sets() -> None:
        VARIABLE.set(1)
        await first
        seen.append(VARIABLE.get())

    begin(sets())
    assert VARIABLE.get() == 0
    first.callback(None)
    assert seen == [1]
    assert VARIABLE.get() == 0
