"""Connections that go wrong on request.

The correct behaviour is in ``connection`` and ``port_factory``.  This module adds the effects of
injected faults.
"""

import logging
from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from ...wire.codec import TERMINATOR
from .connection import LINE_LIMIT, Connection, Port
from .inbound import OversizeLine
from .injection import Injection
from .pacing import SteadyCall
from .port_factory import PortFactory

__all__ = ["MisbehavingConnection", "MisbehavingFactory"]

#: Default of `Injection.seconds` for ``slow-drip``.  100 bytes a second are slow enough to notice,
#: and fast enough to see the end of a line.
_DRIP_SECONDS = 0.01

#: If more bytes than this wait to be written slowly, each new line is dropped as a whole.
_DRIP_LIMIT = 64 * 1024

_BAD_LINES = {
    "garbage-line": b'\x00\x07garbage {"id": ]' + TERMINATOR,
    "invalid-utf8": b'{"id": "\xff\xfe\x80"}' + TERMINATOR,
    # Twice the limit of a client, so that the client must skip bytes before the end of the line.
    "oversize-line": b'{"id": "oversize", "padding": "'
    + b"x" * 2 * LINE_LIMIT
    + b'"}'
    + TERMINATOR,
}


class _SlowWriter:
    """Writes single bytes, with a fixed number of seconds from one to the next."""

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        write: Callable[[bytes], object],
        log: logging.Logger,
    ) -> None:
        self._write = write
        self._waiting = bytearray()
        self._timer = SteadyCall(clock, seconds, self._write_due, log)
        self._timer.start()

    def write(self, data: bytes) -> None:
        """Add bytes to those that wait to be written."""
        if len(self._waiting) < _DRIP_LIMIT:
            self._waiting += data

    def stop(self) -> None:
        """Write no more."""
        self._timer.stop()

    def _write_due(self, count: int) -> None:
        if self._waiting:
            self._write(bytes(self._waiting[:count]))
            del self._waiting[:count]


class MisbehavingConnection(Connection):
    """A connection that serves its client until a fault is injected.

    Attributes
    ----------
    injections
        Faults that are injected just after the welcome.
    detached
        Called if the connection becomes half-open.
    """

    def __init__(self, port: Port, clock: IReactorTime, log: logging.Logger) -> None:
        super().__init__(port, clock, log)
        self.injections: list[Injection] = []
        self.detached: Callable[[], None] = lambda: None
        self._muted = self._deaf = False
        self._drip: _SlowWriter | None = None

    def connectionMade(self) -> None:
        """Override: inject the faults that waited for a client."""
        super().connectionMade()
        for injection in self.injections:
            self.inject(injection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: write no more bytes slowly."""
        if self._drip is not None:
            self._drip.stop()
        super().connectionLost(reason)

    def inject(self, injection: Injection) -> None:
        """Let the connection go wrong."""
        match injection.name:
            case "drop":
                self.close()
            case "reset":
                self.abort()
            case "half-open":
                self._go_dead()
            case "silence":
                self._muted = True
            case "slow-drip":
                self._write_slowly(injection.seconds or _DRIP_SECONDS)
            case name:
                self.write(_BAD_LINES[name])

    def _go_dead(self) -> None:
        """Neither send nor read any more, as if the cable were cut."""
        self._muted = self._deaf = True
        self.pause_reading()
        self.detached()

    def _write_slowly(self, seconds: float) -> None:
        if self._drip is not None:
            self._drip.stop()
        self._drip = _SlowWriter(self._clock, seconds, self.transport.write, self._log)

    def put(self, data: bytes) -> None:
        """Override: send nothing, or send it slowly."""
        if self._muted:
            return
        if self._drip is not None:
            self._drip.write(data)
        else:
            super().put(data)

    def take_line(self, line: bytes | OversizeLine) -> None:
        """Override: a half-open connection receives nothing."""
        if not self._deaf:
            super().take_line(line)

    def resume_reading(self) -> None:
        """Override: a half-open connection does not read again."""
        if not self._deaf:
            super().resume_reading()


class MisbehavingFactory(PortFactory):
    """A factory whose connections go wrong on request.

    Parameters
    ----------
    connect
        Makes the protocol of a client.
    log
        Logs the refusals.
    """

    def __init__(self, connect: Callable[[], MisbehavingConnection], log: logging.Logger) -> None:
        super().__init__(connect, log)
        self._refusals = 0
        self._injections: list[Injection] = []

    def inject(self, injection: Injection) -> None:
        """Inject a fault into the present connection, or into the next one after the welcome."""
        if injection.name == "accept-then-close":
            self._refusals += injection.count
        elif isinstance(self.client, MisbehavingConnection):
            self.client.inject(injection)
        else:
            self._injections.append(injection)

    def refuses(self) -> bool:
        """Override: also refuse a connection for each injected refusal."""
        if self._refusals:
            self._refusals -= 1
            return True
        return super().refuses()

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Override: hand the faults that wait to the connection."""
        protocol = super().buildProtocol(addr)
        if isinstance(protocol, MisbehavingConnection):
            protocol.injections, self._injections = self._injections, []
            protocol.detached = self.release
        return protocol
