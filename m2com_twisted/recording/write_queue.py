"""A queue of messages for a disk that may be slow or missing."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorThreads, IReactorTime
from twisted.internet.threads import deferToThreadPool

from ..support.waiters import Waiters
from .channels import Arrival
from .disk import Disk, JobOutcome
from .segment import Segment

__all__ = ["Counters", "WriteQueue"]

# Largest number of bytes of lines in the queue: more than a minute of full telemetry
# (protocol-telemetry: 213 kB/s).
_MOST_WAITING = 16 * 2**20

# Seconds until the next attempt after a write has failed.
_RETRY_INTERVAL = 10.0


@dataclass
class Counters:
    """Counters of the messages, for all runs of a recorder together."""

    recorded: int = 0
    lost: int = 0


class _Batch(NamedTuple):
    """Messages that are written together, and the bytes of their lines."""

    arrivals: list[Arrival]
    size: int


class WriteQueue:
    """Writes batches of messages to the disk, in order, one at a time.

    The work is done in the thread pool of the reactor.  If the reactor has no thread pool, for
    example `Clock`, the work is done at once.

    Messages that cannot be written stay in the queue, and are tried again every 10 s.  Messages
    that arrive while the queue is full are lost.

    Parameters
    ----------
    disk
        Writes the messages.
    reactor
        Provides threads and the clock.
    counters
        Counts the messages.
    log
        Logs problems, once for each outage.

    Attributes
    ----------
    waiting
        Number of messages in the queue.
    bytes
        Number of bytes on disk after the last job.
    segment
        The segment that was written last.  None if there is none.
    """

    def __init__(
        self, disk: Disk, reactor: IReactorTime, counters: Counters, log: logging.Logger
    ) -> None:
        self._disk = disk
        self._reactor = reactor
        self._counters = counters
        self._log = log
        # None stands for a sync.
        self._jobs: deque[_Batch | None] = deque()
        self._size = 0
        self._is_working = self._is_open = self._is_full = False
        self._retry: IDelayedCall | None = None
        # The error of the last write.  None if it succeeded.
        self._outage: Exception | None = None
        self._idle_waiters = Waiters()
        self.waiting = 0
        self.bytes = 0
        self.segment: Segment | None = None

    def put(self, arrivals: list[Arrival], size: int) -> None:
        """Add messages to the queue.

        Parameters
        ----------
        arrivals
            The messages.
        size
            Number of bytes of their lines.
        """
        if self._size + size > _MOST_WAITING:
            self._lose(arrivals)
            return
        self._jobs.append(_Batch(arrivals, size))
        self._size += size
        self.waiting += len(arrivals)
        self.pump()

    def sync(self) -> None:
        """Add an fsync of all earlier messages to the queue."""
        if not (self._jobs and self._jobs[-1] is None):
            self._jobs.append(None)
        self.pump()

    def pump(self) -> None:
        """Start the work.  Do nothing if it is running or waits for the next attempt."""
        if not self._is_working and self._retry is None:
            self._is_working = True
            Deferred.fromCoroutine(self._work())

    async def close(self) -> None:
        """Write the queue, with one more attempt if needed, and complete the segment."""
        await self._idle()
        if self._retry is not None:
            self._retry.cancel()
            self._try_again()
            await self._idle()
        if self._retry is not None:
            self._retry.cancel()
        self._note(await self._run(self._disk.finish))
        if self.waiting:
            self._counters.lost += self.waiting
            self._log.error("%d messages in the queue for the disk are lost", self.waiting)
        self.waiting = self._size = 0
        self._jobs.clear()

    async def _idle(self) -> None:
        if self._is_working:
            await self._idle_waiters.add()

    async def _work(self) -> None:
        """Do all jobs of the queue.  Stop at the first job that fails."""
        if not self._is_open:
            self._is_open = True
            self._note(await self._run(self._disk.open))
        while self._jobs and self._retry is None:
            job = self._jobs[0]
            if job is None:
                self._note(await self._run(self._disk.sync))
                self._jobs.popleft()
            else:
                await self._write(job)
        self._is_working = False
        self._idle_waiters.succeed()

    async def _write(self, batch: _Batch) -> None:
        outcome = await self._run(partial(self._disk.write, batch.arrivals))
        self._note(outcome)
        if outcome.refused is not None:
            self._retry = self._reactor.callLater(_RETRY_INTERVAL, self._try_again)
            return
        self._jobs.popleft()
        self._size -= batch.size
        self.waiting -= len(batch.arrivals)
        # The flag is reset only when half of the queue is free.  Otherwise a loss would be logged
        # for every batch.
        self._is_full = self._is_full and self._size > _MOST_WAITING // 2

    def _try_again(self) -> None:
        self._retry = None
        self.pump()

    async def _run(self, job: Callable[[], JobOutcome]) -> JobOutcome:
        """Do a job in a thread, if there are threads."""
        threads = IReactorThreads(self._reactor, None)
        try:
            if threads is None:
                return await maybeDeferred(job)
            return await deferToThreadPool(threads, threads.getThreadPool(), job)
        except CancelledError:
            raise
        except Exception as error:
            # There is no memory or no thread.  The next attempt may succeed.
            return JobOutcome(refused=error)

    def _note(self, outcome: JobOutcome) -> None:
        """Count and report the result of a job."""
        self._counters.recorded += outcome.recorded
        self._counters.lost += outcome.lost
        self.bytes = self._disk.bytes
        self.segment = self._disk.segment
        for level, line in outcome.notes:
            self._log.log(level, "%s", line)
        if outcome.refused is not None:
            if self._outage is None:
                self._log.error(
                    "Nothing can be recorded; retrying every %.0f s: %s",
                    _RETRY_INTERVAL,
                    outcome.refused,
                )
            self._outage = outcome.refused
        elif self._outage is not None and outcome.recorded > 0:
            self._outage = None
            self._log.warning("Recording again; lost so far: %d messages", self._counters.lost)

    def _lose(self, arrivals: list[Arrival]) -> None:
        self._counters.lost += len(arrivals)
        if not self._is_full:
            self._is_full = True
            self._log.error("%d bytes wait for the disk: new messages are lost", self._size)
