"""Waiting for what is so sooner or later."""

from collections.abc import Callable

from twisted.internet.task import deferLater

__all__ = ["until"]

#: How long to wait, in seconds: far longer than any of it takes.
_PATIENCE = 10.0


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; fail if it does not come to be."""
    from twisted.internet import reactor

    deadline = reactor.seconds() + _PATIENCE
    while not condition():
        assert reactor.seconds() < deadline
        await deferLater(reactor, 0.005)
