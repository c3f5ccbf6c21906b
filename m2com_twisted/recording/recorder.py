"""Records all lines of the two connections on disk."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from ..connection.state import ConnectionState
from ..support.clock import monotonic_clock
from ..support.interfaces import Reactor
from ..support.reactor_access import ReactorAccess
from ..wire.codec import TERMINATOR, Message
from .channels import Arrival, Source
from .disk import Disk
from .retention import Keep
from .segment import Instant
from .segment_limits import SegmentLimits
from .write_queue import Counters, WriteQueue

__all__ = ["ConnectionRecorder", "Recorder", "RecorderStats"]

# Bytes of lines that are written as one chunk of a segment.  A damaged place on the disk destroys
# one chunk.  Larger chunks compress better: telemetry 5.8 to 1 at 64 KiB, 7.8 to 1 at 256 KiB.
_BATCH_SIZE = 2**16

# Seconds between two writes of the whole queue, each followed by an fsync.  After a power cut, less
# than 5 s of messages are lost: this time, the time of the write, and the messages during it.
_SYNC_INTERVAL = 2.0


@dataclass(frozen=True)
class RecorderStats:
    """Counters of a recorder.

    Attributes
    ----------
    recorded
        Number of messages on disk.  If somebody deletes a segment while it is written, its
        messages count as lost, and this number decreases.
    lost
        Number of messages that are not on disk and never will be.
    waiting
        Number of messages that are not on disk yet.
    bytes
        Number of bytes of the segments that were written since the last start.
    segment
        The segment that is being written.  None if there is none.
    segment_age
        Seconds since the segment was begun.
    """

    recorded: int
    lost: int
    waiting: int
    bytes: int
    segment: Path | None
    segment_age: float


class Recorder(Service):
    """Writes the lines of its observers to segments, from its start until its stop.

    It never waits for the disk and raises no error of the disk.  `stats` contains the numbers of
    recorded and lost messages, and the log contains the reasons.

    It may be started and stopped repeatedly.  Each start begins a new segment.

    Parameters
    ----------
    directory
        Directory of the segments.  The start creates it if it does not exist.
    limits
        Size and age at which a new segment is begun.
    keep
        Limits of the older segments that are kept.  By default all are kept.
    log
        Logs problems with the disk.
    reactor
        Provides the clock and the threads.  None: the installed reactor, imported at the first use.
    utc
        Returns the time in ns since 1970 UTC.
    """

    name = "recorder"

    def __init__(
        self,
        directory: Path | str,
        *,
        limits: SegmentLimits | None = None,
        keep: Keep | None = None,
        log: logging.Logger | None = None,
        reactor: Reactor | None = None,
        utc: Callable[[], int] = time.time_ns,
    ) -> None:
        # The path is absolute, because the program may change its working directory.
        self._directory = Path(directory).absolute()
        self._limits = limits or SegmentLimits()
        self._keep = keep or Keep()
        self._log = log or logging.getLogger(type(self).__name__)
        self._reactor = ReactorAccess(reactor)
        self._utc = utc
        self._monotonic: Callable[[], int] = time.monotonic_ns
        self._counters = Counters()
        self._queue: WriteQueue | None = None
        self._batch: list[Arrival] = []
        self._batch_size = 0
        self._ticking: LoopingCall | None = None

    @property
    def directory(self) -> Path:
        """Directory of the segments."""
        return self._directory

    @property
    def stats(self) -> RecorderStats:
        """The present values of the counters."""
        queue = self._queue
        segment = None if queue is None else queue.segment
        return RecorderStats(
            recorded=self._counters.recorded,
            lost=self._counters.lost,
            waiting=len(self._batch) + (0 if queue is None else queue.waiting),
            bytes=0 if queue is None else queue.bytes,
            segment=None if segment is None else segment.path,
            segment_age=0.0 if segment is None else (self._monotonic() - segment.started) / 1e9,
        )

    @property
    def recorded(self) -> int:
        """Number of messages on disk; see `RecorderStats`."""
        return self._counters.recorded

    @property
    def lost(self) -> int:
        """Number of messages that are not on disk and never will be."""
        return self._counters.lost

    def observer(self, connection: str) -> "ConnectionRecorder":
        """Return a line observer that records one connection.

        Parameters
        ----------
        connection
            Its name, ``"command"`` or ``"telemetry"``.
        """
        return ConnectionRecorder(self, connection)

    def startService(self) -> None:
        """Override: begin a segment."""
        if self.running:
            return
        Service.startService(self)
        self._monotonic = _nanoseconds(monotonic_clock(self._reactor.get()))
        disk = Disk(self._directory, self._limits, self._keep, self._now)
        self._queue = WriteQueue(disk, self._reactor.get(), self._counters, self._log)
        self._queue.pump()
        # This is not done in the constructor, because a LoopingCall imports the reactor.
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = self._reactor
        self._ticking.start(_SYNC_INTERVAL, now=False)

    def stopService(self) -> Deferred[None]:
        """Override: write the queued messages and complete the segment.

        Returns
        -------
        written
            Fires when the segment is complete.
        """
        if self.running:
            Service.stopService(self)
            if self._ticking is not None:
                self._ticking.stop()
            self._put_batch()
        # If the recorder was never started, there is nothing to wait for.
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        if self._queue is not None:
            await self._queue.close()
            self._log.info(
                "%d messages were recorded in %s, %d lost",
                self.recorded,
                self._directory,
                self.lost,
            )

    def record(self, source: Source, name: object, line: bytes, age: float = 0.0) -> None:
        """Record a line with the present time.  Do nothing if the recorder is not running.

        Parameters
        ----------
        source
            Origin of the line.
        name
            Message id.  None: it is read from the line later.
        line
            The line, without the line end.
        age
            Seconds since a service received the line.
        """
        if not self.running:
            return
        self._batch.append(Arrival(self._monotonic(), source, name, line, round(age * 1e9)))
        self._batch_size += len(line)
        if self._batch_size >= _BATCH_SIZE:
            self._put_batch()

    def _put_batch(self) -> None:
        if self._batch and self._queue is not None:
            batch, self._batch = self._batch, []
            size, self._batch_size = self._batch_size, 0
            self._queue.put(batch, size)

    def _tick(self) -> None:
        self._put_batch()
        if self._queue is not None:
            self._queue.sync()

    def _now(self) -> Instant:
        return Instant(self._utc(), self._monotonic())


def _nanoseconds(seconds: Callable[[], float]) -> Callable[[], int]:
    """Return a clock in ns for one in seconds."""
    if seconds is time.monotonic:
        return time.monotonic_ns  # this is four times as fast, and is called for each message
    return lambda: round(seconds() * 1e9)


class ConnectionRecorder:
    """A line observer that records the lines of one connection.

    Parameters
    ----------
    recorder
        Writes the lines.
    connection
        Name of the connection.
    """

    def __init__(self, recorder: Recorder, connection: str) -> None:
        self._record = recorder.record
        self._received = Source(connection, "received")
        self._sent = Source(connection, "sent")
        self._bad = Source(connection, "bad")
        self._link = Source(connection, "link")
        self._connection = connection

    def received(self, line: bytes, message: Message) -> None:
        """Record a message of the controller, byte for byte."""
        self._record(self._received, message.get("id", ""), line)

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Record a message that a service received earlier, with that time."""
        self._record(self._received, message.get("id", ""), line, age)

    def sent(self, line: bytes) -> None:
        """Record a line that was sent to the controller."""
        self._record(self._sent, None, line.removesuffix(TERMINATOR))

    def bad(self, line: bytes, reason: str) -> None:
        """Record a line that is not a message."""
        described = {"reason": reason, "line": line.decode("latin-1")}
        self._record(self._bad, self._connection, json.dumps(described).encode())

    def connection(self, state: ConnectionState) -> None:
        """Record that the connection was made, lost, or given up."""
        described = {"state": state.value}
        self._record(self._link, self._connection, json.dumps(described).encode())
