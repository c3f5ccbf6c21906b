"""A coroutine that runs in the reactor, as a function."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from ..job import Job, Measurement

__all__ = ["in_reactor", "limit_reads"]

T = TypeVar("T")


def in_reactor(
    task: Callable[[Job], Coroutine[Deferred[Any], Any, Measurement]],
) -> Callable[[Job], Measurement]:
    """Return a function that runs the reactor until the task is done."""

    def run(job: Job) -> Measurement:
        results: list[Measurement | Failure] = []

        def start() -> None:
            done = Deferred.fromCoroutine(task(job))
            done.addBoth(results.append).addBoth(lambda _: reactor.stop())

        reactor.callWhenRunning(start)
        reactor.run()
        (result,) = results
        if isinstance(result, Failure):
            result.raiseException()
        return result

    return run


def limit_reads(job: Job) -> None:
    """Have each read give no more bytes than the job says."""
    if job.read_size:
        Connection.bufferSize = job.read_size
