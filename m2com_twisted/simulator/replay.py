"""A recording, played as a controller."""

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..errors import BadLineError, RecordingError
from ..recording import Record, read_recording
from ..support.interfaces import Reactor, as_reactor
from ..support.reactor_access import ReactorAccess
from ..support.waiters import Waiters
from ..wire.codec import TERMINATOR, decode
from .ports.connection import Connection
from .ports.inbound import OversizeLine
from .ports.listening import PortPair
from .ports.port_factory import PortFactory

__all__ = ["Replay"]

# Reads a recording from its beginning.
_Read = Callable[[], Generator[Record, None, None]]

#: Records per turn of the reactor: at 50 us for each, 5 ms.
_BATCH = 100


class Replay:
    """A recording on two TCP ports.

    Each port plays its part from the start to each client that connects.  The two parts stay in
    step if their clients connect at the same time.

    Parameters
    ----------
    recording
        The directory of a `Recorder`, or one segment.  With ``read``, a name for messages.
    command_port, telemetry_port
        Ports to listen on.  0 means any free port.
    interface
        The address to listen at.
    speed
        Speed as a multiple of the original.  Infinity: as fast as the client reads.
    start, end
        Messages from ``start`` on and before ``end`` are played (see `read_recording`).
    reactor
        The reactor.  None: the installed one.
    clock
        Provides the time.  None: the reactor.
    log
        Logger.  None: its own logger.
    read
        Yields the records to play.  Each call starts at the first record.  None: it reads the
        recording.
    """

    def __init__(
        self,
        recording: Path | str,
        command_port: int = 0,
        telemetry_port: int = 0,
        interface: str = "127.0.0.1",
        *,
        speed: float = 1.0,
        start: datetime | float | None = None,
        end: datetime | float | None = None,
        reactor: Reactor | None = None,
        clock: Reactor | None = None,
        log: logging.Logger | None = None,
        read: Callable[[], Generator[Record, None, None]] | None = None,
    ) -> None:
        self._recording = recording
        self._read = read or partial(read_recording, recording, start, end)
        access = ReactorAccess(reactor)
        log = log or logging.getLogger(type(self).__name__)
        self._parts = tuple(
            _Part(self._read, name, speed, as_reactor(clock or access), log)
            for name in ("command", "telemetry")
        )
        self._ports = PortPair(
            access,
            interface,
            (command_port, telemetry_port),
            (self._parts[0].factory, self._parts[1].factory),
        )

    @property
    def command_port(self) -> int:
        """The command port as given.  After the start, the real number."""
        return self._ports.numbers[0]

    @property
    def telemetry_port(self) -> int:
        """The telemetry port as given.  After the start, the real number."""
        return self._ports.numbers[1]

    @property
    def command_factory(self) -> PortFactory:
        """Makes the protocols of the command port."""
        return self._parts[0].factory

    @property
    def telemetry_factory(self) -> PortFactory:
        """Makes the protocols of the telemetry port."""
        return self._parts[1].factory

    @property
    def played(self) -> int:
        """Number of messages sent so far on both ports."""
        return sum(part.played for part in self._parts)

    def start(self) -> None:
        """Listen on both ports.

        Raises
        ------
        OSError
            If there is no recording.
        RecordingError
            If the recording contains no message.
        CannotListenError
            If a port is taken.
        """
        with closing(self._read()) as records:
            if next(records, None) is None:
                raise RecordingError(f"{self._recording} holds no message of that time")
        self._ports.listen()

    async def finished(self) -> None:
        """Wait until each port has played its part and the clients have received all of it."""
        for part in self._parts:
            await part.wait_for_end()
        # Connections are closed only after both parts have ended, because a client that
        # reconnects gets everything again.
        for part in self._parts:
            await part.let_go()

    async def stop(self) -> None:
        """Close both ports and all connections.  It may be called at any time."""
        await self._ports.stop()


class _Part:
    """The recording of one connection, and the port that plays it."""

    def __init__(
        self, read: _Read, name: str, speed: float, clock: IReactorTime, log: logging.Logger
    ) -> None:
        self._read = read
        self._name = name
        self._speed = speed
        self._clock = clock
        self.factory = PortFactory(lambda: Connection(self, clock, log), log)
        self._playback: _Playback | None = None
        self._played_before = 0
        self._done = False
        self._end_waiters = Waiters()

    @property
    def played(self) -> int:
        """Number of messages sent so far to all clients."""
        return self._played_before + (self._playback.played if self._playback else 0)

    async def wait_for_end(self) -> None:
        """Wait until the part has been played to the end for the first time."""
        if not self._done:
            await self._end_waiters.add()

    async def let_go(self) -> None:
        """Close the connection when the client has received everything.

        `Connection.close` waits only one second for the client.  A slow client would not get
        the end.
        """
        for connection in self.factory.connections:
            closed = connection.closed()
            connection.transport.unregisterProducer()
            connection.transport.loseConnection()
            await closed

    def client_connected(self, connection: Connection) -> None:
        """Implement `Port`: play from the start."""
        timeline = _timeline(self._read, self._name)
        self._playback = _Playback(connection, timeline, self._speed, self._clock, self._ended)
        self._playback.play()

    def client_ready(self, connection: Connection) -> None:
        """Implement `Port`: continue."""
        if self._playback is not None:
            self._playback.play()

    def client_lost(self, connection: Connection) -> None:
        """Implement `Port`: stop."""
        self.factory.forget(connection)
        if self._playback is not None:
            self._playback.close()
            self._played_before += self._playback.played
            self._playback = None

    def _ended(self) -> None:
        self._done = True
        self._end_waiters.succeed()

    def line_received(self, connection: Connection, line: bytes | OversizeLine) -> None:
        """Implement `Port`: refuse commands and ignore all other messages."""
        try:
            message = decode(line) if isinstance(line, bytes) else {}
        except BadLineError:
            return
        if str(message.get("id")).startswith("cmd_"):
            connection.send({"id": "noack", "sequence_id": message.get("sequence_id")})


class _Playback:
    """Plays one part once to one client."""

    def __init__(
        self,
        connection: Connection,
        timeline: Generator[tuple[float, bytes], None, None],
        speed: float,
        clock: IReactorTime,
        ended: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._timeline = timeline
        self._speed = speed
        self._clock = clock
        self._started = clock.seconds()
        self._next = next(timeline, None)
        self._call: IDelayedCall | None = None
        self._ended = ended
        self.played = 0

    def play(self) -> None:
        """Send the lines that are due, and schedule the next call."""
        self.stop()
        for _ in range(_BATCH):
            if self._connection.blocked:
                return  # until the client is ready
            if self._next is None:
                self._ended()
                return
            recorded, line = self._next
            wait = self._started + recorded / self._speed - self._clock.seconds()
            if wait > 0:
                self._call = self._clock.callLater(wait, self.play)
                return
            if line:
                self._connection.write(line)
                self.played += 1
            self._next = next(self._timeline, None)
        self._call = self._clock.callLater(0, self.play)

    def stop(self) -> None:
        """Pause until the next call of `play`."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def close(self) -> None:
        """Stop, and close the recording."""
        self.stop()
        self._timeline.close()


def _timeline(read: _Read, connection: str) -> Generator[tuple[float, bytes], None, None]:
    """Yield the lines of one connection, each with its time in seconds from the first record.

    All other records are yielded as empty lines, so that the caller can return to the reactor
    between them.
    """
    elapsed, before = 0.0, None
    with closing(read()) as records:
        for one in records:
            # The time goes back if the wall clock was set back between two segments.
            elapsed += 0.0 if before is None else max(0.0, (one.time - before) / 1e9)
            before = one.time
            mine = one.connection == connection and one.kind == "received"
            yield elapsed, one.line + TERMINATOR if mine else b""
