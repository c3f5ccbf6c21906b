"""The reactor that runs the tests, and waiting in it with a bound."""

from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater

__all__ = ["the_reactor", "turn", "until"]

#: How long `until` waits, in seconds: far longer than anything on loopback takes.
_PATIENCE = 10.0


def the_reactor() -> Any:
    """Return the reactor that runs the tests."""
    from twisted.internet import reactor

    return reactor


async def turn() -> None:
    """Let the reactor run everything that is due now."""
    await deferLater(the_reactor(), 0)


async def until(condition: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Let the reactor run until a condition holds; fail if it does not hold within 10 s."""
    give_up = the_reactor().seconds() + patience
    while not condition():
        assert the_reactor().seconds() < give_up, "The condition did not come to hold."
        await deferLater(the_reactor(), 0.001)
