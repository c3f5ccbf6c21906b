"""The queue from the hub's thread to the reactor."""

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.interfaces import IReactorFromThreads

from m2com_twisted.hub.inbox import Inbox


class BlockedReactor:
    """A reactor that runs what it is given when the test says so."""

    def __init__(self) -> None:
        self._calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def callFromThread(self, function: Callable[..., object], *args: Any) -> None:
        """Keep the call."""
        self._calls.append((function, args))

    def run(self) -> None:
        """Run all calls, and those that they make."""
        while self._calls:
            function, args = self._calls.pop(0)
            function(*args)


def filled(items: list[int | str]) -> list[int | str]:
    """Put items into an inbox while the reactor is blocked, and return those that it handles."""
    reactor = BlockedReactor()
    handled: list[int | str] = []
    inbox: Inbox[int | str] = Inbox(
        cast(IReactorFromThreads, reactor), handled.append, lambda item: isinstance(item, int)
    )
    for item in items:
        inbox.put(item)
    reactor.run()
    return handled


def test_all_items_are_handled_in_order() -> None:
    """What a blocked reactor has not handled yet is handled in order, in several turns."""
    assert filled(list(range(20_000))) == list(range(20_000))


def test_the_oldest_messages_are_dropped_and_never_a_notice() -> None:
    """If there are too many items, the oldest messages go; what tells of the connection stays."""
    handled = filled(["connected", *range(30_000), "lost", "connected"])
    assert handled[0] == "connected"
    assert handled[-2:] == ["lost", "connected"]
    assert len(handled) == 25_000
    assert handled[1:-2] == list(range(30_000 - 24_997, 30_000))
