"""Runs a coroutine, without a Deferred if it ends at once."""

from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any

from twisted.internet.defer import Deferred

__all__ = ["begin"]


def begin(coroutine: Coroutine[Deferred[Any], Any, None]) -> "Deferred[None] | None":
    """Run a coroutine until it ends or waits.

    `Deferred.fromCoroutine` does the same, but takes 8 us more for a coroutine that does not
    wait.  As there, the coroutine has a copy of the context.

    Returns
    -------
    ended
        Fires when the coroutine has ended.  To cancel it cancels what the coroutine waits for.
        None if the coroutine has ended already.
    """
    context = copy_context()
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration:
        return None
    return context.run(Deferred.fromCoroutine, _continue(coroutine, awaited))


def _continue(
    begun: Coroutine[Deferred[Any], Any, None], awaited: Deferred[Any]
) -> Generator[Deferred[Any], Any, None]:
    """Go on with a coroutine that has begun, and that waits for a Deferred."""
    try:
        while True:
            try:
                result = yield awaited
            except GeneratorExit:
                begun.close()
                raise
            except BaseException as error:
                awaited = begun.throw(error)
            else:
                awaited = begun.send(result)
    except StopIteration:
        return
