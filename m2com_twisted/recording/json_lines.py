"""What arrived, on disk: one JSON object per line, with the time of its arrival.

::

    {"utc": "2026-01-31T12:34:56.789012Z", "monotonic": 4711.5, "connection": "telemetry",
     "message": {"id": "position", ...}}

on one line.  ``monotonic`` is in seconds; its differences are true even where
the clock of the machine is set meanwhile.
"""

import logging
import time
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.logfile import LogFile

from ..client.observers import LineObserver
from ..errors import BadLineError
from ..support.reactor_access import ReactorAccess
from ..support.throttle import Throttle
from ..wire.codec import Message, decode, record

__all__ = ["FILE_NAME", "Record", "Recorder", "read_recording"]

#: The file that is written to; those before it are this with .1, .2 and so on,
#: the highest number the oldest.
FILE_NAME = "m2com.jsonl"

# When a file is full, in bytes: about a quarter of an hour of full telemetry
# with its times (protocol-telemetry: 213 kB/s), so that one can be looked at
# with ordinary tools.
_FILE_SIZE = 200_000_000

# Written when so many bytes wait, or so many seconds have passed: what a
# power cut may cost, against a system call for each message.
_BUFFER_SIZE = 2**16
_FLUSH_INTERVAL = 1.0

# Seconds between two log lines about a disk that does not take it.
_ERROR_LOG_INTERVAL = 10.0


class Record(NamedTuple):
    """One message of a recording."""

    #: When it arrived, as ISO 8601.
    utc: str
    #: When it arrived, in seconds of the recording machine's monotonic clock.
    monotonic: float
    #: The connection it came by: ``"command"`` or ``"telemetry"``.
    connection: str
    #: The message.
    message: Message


class Recorder(Service):
    """Writes messages to rotating files, from its start until its stop.

    It only ever appends, and never deletes a file; full ones may be moved away
    while it runs.

    Parameters
    ----------
    directory
        Where the files are; made at the start if need be.
    log
        Where trouble with the files is reported.
    reactor
        For the flushing; None: the one installed when it is first needed.
    file_size
        Bytes after which a new file is begun.
    utc, monotonic
        Tell the time, in seconds.
    """

    name = "recorder"

    def __init__(
        self,
        directory: Path | str,
        *,
        log: logging.Logger | None = None,
        reactor: IReactorTime | None = None,
        file_size: int = _FILE_SIZE,
        utc: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = Path(directory)
        self._log = log or logging.getLogger(type(self).__name__)
        self._throttle = Throttle(_ERROR_LOG_INTERVAL)
        self._file_size = file_size
        self._utc = utc
        self._monotonic = monotonic
        self._file: LogFile | None = None
        self._lines: list[bytes] = []
        self._size = 0
        self._flushing = LoopingCall(self.flush)
        self._flushing.clock = ReactorAccess(reactor)
        #: Messages recorded.
        self.recorded = 0
        #: Messages that the disk did not take.
        self.lost = 0

    def startService(self) -> None:
        """Override: open the file.  Raises OSError if it cannot be written to."""
        Service.startService(self)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file = LogFile(FILE_NAME, str(self._directory), self._file_size)
        self._flushing.start(_FLUSH_INTERVAL, now=False)

    def stopService(self) -> None:
        """Override: write what waits and close the file."""
        Service.stopService(self)
        if self._flushing.running:
            self._flushing.stop()
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def observer(self, connection: str) -> LineObserver:
        """Return a line observer that records what arrives by one connection.

        Parameters
        ----------
        connection
            ``"command"`` or ``"telemetry"``.
        """
        return _Observer(self, connection)

    def record(self, connection: str, message: Message) -> None:
        """Record a message that arrives now.

        Parameters
        ----------
        connection
            ``"command"`` or ``"telemetry"``.
        message
            The message.
        """
        utc = datetime.fromtimestamp(self._utc(), timezone.utc)
        line = record(
            {
                "utc": utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "monotonic": self._monotonic(),
                "connection": connection,
                "message": message,
            }
        )
        self._lines.append(line + b"\n")
        self._size += len(line)
        if self._size >= _BUFFER_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write what waits; what the disk does not take is counted and reported, and gone."""
        if self._file is None or not self._lines:
            return
        lines, self._lines, self._size = self._lines, [], 0
        try:
            self._file.write(b"".join(lines))
        except OSError as error:
            self.lost += len(lines)
            if self._throttle.admit(self._monotonic()) is not None:
                self._log.error("%d messages could not be recorded: %s", self.lost, error)
        else:
            self.recorded += len(lines)


class _Observer(LineObserver):
    def __init__(self, recorder: Recorder, connection: str) -> None:
        self._recorder = recorder
        self._connection = connection

    def received(self, line: bytes, message: Message) -> None:
        self._recorder.record(self._connection, message)


def read_recording(path: Path | str) -> Generator[Record, None, None]:
    """Yield what a file, or all files of a directory, hold, in order of arrival.

    A line that is no record is reported and left out: the last one may be
    incomplete after a power cut.  To be closed by who does not read to the end.

    Parameters
    ----------
    path
        One file, or the directory that a `Recorder` wrote to.

    Raises
    ------
    OSError
        If there is nothing to read.
    """
    for file in _files(Path(path)):
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _decoded(line)
                except BadLineError as error:
                    logging.getLogger("m2com").warning(
                        "Left out line %d of %s, which is no record: %s", number, file, error
                    )


def _decoded(line: bytes) -> Record:
    """Return the record on a line; raise BadLineError if it is none."""
    fields = decode(line)
    if fields.keys() != set(Record._fields):
        raise BadLineError("not with the fields of a record")
    if not isinstance(fields["monotonic"], float) or not isinstance(fields["message"], dict):
        raise BadLineError("a record without a time or a message")
    return Record(**fields)


def _files(path: Path) -> list[Path]:
    """Return the files of a recording, the oldest first."""
    if not path.is_dir():
        return [path]
    rotated = [file for file in path.glob(f"{FILE_NAME}.*") if file.suffix[1:].isdecimal()]
    rotated.sort(key=lambda file: -int(file.suffix[1:]))
    return [*rotated, path / FILE_NAME]
