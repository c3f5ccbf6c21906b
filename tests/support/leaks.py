"""What a test left behind: in the reactor, and as errors in Twisted's log."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor, IWriteDescriptor
from twisted.internet.main import CONNECTION_LOST
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["LoggedErrors", "contents", "observed_errors", "remove_leftovers"]

#: How often the reactor is turned before something in it counts as left behind: once to run what
#: is due and once to see the sockets that closed, as trial does.
TURNS = 2

Leftover = IDelayedCall | IReadDescriptor | IWriteDescriptor


@implementer(ILogObserver)
class LoggedErrors:
    """An observer of Twisted's log that keeps the failures logged to it.

    That of a Deferred which was dropped unhandled is among them.
    """

    def __init__(self) -> None:
        self._failures: list[Failure] = []

    def __call__(self, event: LogEvent) -> None:
        """Keep the failure of an event that has one."""
        failure = event.get("log_failure")
        if failure is not None:
            self._failures.append(failure)

    def clear(self) -> None:
        """Forget all failures so far."""
        self._failures.clear()

    def flush(self, *error_types: type[BaseException]) -> list[Failure]:
        """Return and forget the failures of these types, or all, as trial's flushLoggedErrors.

        Garbage is collected first, since a Deferred logs its failure when it
        is destroyed, and one in a reference cycle is not before that.
        """
        gc.collect()
        types = error_types or (BaseException,)
        flushed = [failure for failure in self._failures if isinstance(failure.value, types)]
        self._failures = [failure for failure in self._failures if failure not in flushed]
        return flushed


@contextmanager
def observed_errors() -> Iterator[LoggedErrors]:
    """Observe the errors in Twisted's log for as long as the context lasts."""
    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    try:
        yield errors
    finally:
        globalLogPublisher.removeObserver(errors)


def contents(reactor: ReactorBase) -> set[Leftover]:
    """Return everything the reactor holds, its own waker included."""
    return {*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()}


def remove_leftovers(
    reactor: ReactorBase, before: set[Leftover], turn: Callable[[], None]
) -> list[str]:
    """Remove from the reactor what was not in it before, and return what that was.

    Parameters
    ----------
    reactor
        The reactor to clear.
    before
        Its contents before the test.
    turn
        Lets the reactor run once through all that is due.
    """
    for _ in range(TURNS):
        if contents(reactor) <= before:
            return []
        turn()
    descriptions = sorted(map(repr, contents(reactor) - before))
    _disconnect(reactor, before)
    # Last, because a connection that is lost may have scheduled the next attempt.
    for call in set(reactor.getDelayedCalls()) - before:
        call.cancel()
    return descriptions


def _disconnect(reactor: ReactorBase, before: set[Leftover]) -> None:
    """Take the new selectables out and close them, as the reactor does when it stops."""
    readers = set(reactor.getReaders()) - before
    writers = set(reactor.getWriters()) - before
    for reader in readers:
        reactor.removeReader(reader)
    for writer in writers:
        reactor.removeWriter(writer)
    for selectable in readers | writers:
        selectable.connectionLost(Failure(CONNECTION_LOST))
