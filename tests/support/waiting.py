"""The reactor that runs the tests, and functions that wait in it for a limited time."""

from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater

__all__ = ["the_reactor", "turn", "until"]

#: Longest wait of `until`, in seconds.  Nothing on loopback takes nearly as long.
_PATIENCE = 10.0


def the_reactor() -> Any:
    """Return the reactor that runs the tests."""
    from twisted.internet import reactor

    return reactor


async def turn() -> None:
    """Let the reactor run everything that is due now."""
    await deferLater(the_reactor(), 0)


async def until(condition: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Let the reactor run until a condition holds.  Fail if this takes too long."""
    give_up = the_reactor().seconds() + patience
    while not condition():
        assert the_reactor().seconds() < give_up, "The condition did not come to hold."
        await deferLater(the_reactor(), 0.001)
