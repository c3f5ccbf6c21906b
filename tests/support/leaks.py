"""Finds the things that a test has left in the reactor, and errors in the log of Twisted."""

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

#: Turns of the reactor before something in it counts as left behind.  The first turn runs the
#: calls that are due.  The second one handles the sockets that were closed.  Trial does the same.
TURNS = 2

Leftover = IDelayedCall | IReadDescriptor | IWriteDescriptor


@implementer(ILogObserver)
class LoggedErrors:
    """An observer that keeps the failures in the log of Twisted.

    They include the failure of a Deferred that nobody handled.
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
        """Return and forget the failures of these types, like flushLoggedErrors of trial.

        Without types, all failures are meant.  Garbage is collected first, because a Deferred
        logs its failure only when it is destroyed.  In a reference cycle, only the garbage
        collector destroys it.
        """
        gc.collect()
        types = error_types or (BaseException,)
        flushed = [failure for failure in self._failures if isinstance(failure.value, types)]
        self._failures = [failure for failure in self._failures if failure not in flushed]
        return flushed


@contextmanager
def observed_errors() -> Iterator[LoggedErrors]:
    """Observe the errors in the log of Twisted within the context."""
    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    try:
        yield errors
    finally:
        globalLogPublisher.removeObserver(errors)


def contents(reactor: ReactorBase) -> set[Leftover]:
    """Return all delayed calls, readers and writers of the reactor, also its own waker."""
    return {*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()}


def remove_leftovers(
    reactor: ReactorBase, before: set[Leftover], turn: Callable[[], None]
) -> list[str]:
    """Remove everything new from the reactor, and return descriptions of it.

    Parameters
    ----------
    reactor
        The reactor to clear.
    before
        Its contents before the test.
    turn
        Runs everything that is due in the reactor once.
    """
    for _ in range(TURNS):
        if contents(reactor) <= before:
            return []
        turn()
    descriptions = sorted(map(repr, contents(reactor) - before))
    _disconnect(reactor, before)
    # Calls are cancelled last, because a lost connection may have scheduled the next attempt.
    for call in set(reactor.getDelayedCalls()) - before:
        call.cancel()
    return descriptions


def _disconnect(reactor: ReactorBase, before: set[Leftover]) -> None:
    """Remove and close the new readers and writers, as the reactor does when it stops."""
    readers = set(reactor.getReaders()) - before
    writers = set(reactor.getWriters()) - before
    for reader in readers:
        reactor.removeReader(reader)
    for writer in writers:
        reactor.removeWriter(writer)
    for selectable in readers | writers:
        selectable.connectionLost(Failure(CONNECTION_LOST))
