"""Connections in memory behave as sockets do."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from m2com_twisted.testing import MemoryPort, VirtualClock


class End(Protocol):
    """Keeps what happens to it."""

    transport: Any

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.lost: type[BaseException] | None = None
        self.on_data: Callable[[], object] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received.append(data)
        self.on_data()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Keep why."""
        assert self.lost is None
        self.lost = reason.type


class Producer:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        """Keep it."""
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        """Keep it."""
        self.asked.append("resume")


class Wire:
    """Both ends of a connection."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        ends: list[End] = []

        class Ends(Factory):
            def buildProtocol(self, addr: object) -> End:
                ends.append(End())
                return ends[-1]

        connected = MemoryPort(Ends(), self.clock).connect(Ends())
        assert not connected.called
        self.clock.advance(0)
        self.server, self.client = ends
        assert connected.result is self.client


def test_bytes_arrive_one_call_later() -> None:
    """Written bytes arrive in order in one later call, not from inside `write`."""
    wire = Wire()
    wire.client.transport.write(b"one ")
    wire.client.transport.writeSequence([b"two ", b"three"])
    assert wire.server.received == []
    wire.clock.advance(0)
    assert wire.server.received == [b"one two three"]


def test_addresses() -> None:
    """The peer address of each end is the host address of the other."""
    wire = Wire()
    assert wire.client.transport.getPeer() == wire.server.transport.getHost()
    assert wire.server.transport.getPeer() == wire.client.transport.getHost()


def test_close_in_order() -> None:
    """Bytes written before a close arrive, and then both ends are told."""
    wire = Wire()
    wire.client.transport.write(b"last")
    wire.client.transport.loseConnection()
    wire.client.transport.write(b"too late")
    wire.server.transport.write(b"not read any more")
    wire.clock.advance(0)
    assert wire.server.received == [b"last"]
    assert wire.client.received == []
    assert wire.server.lost is wire.client.lost is ConnectionDone
    assert not wire.clock.getDelayedCalls()


def test_abort() -> None:
    """An abort drops the bytes on the way, and both ends are told."""
    wire = Wire()
    wire.client.transport.write(b"lost")
    wire.client.transport.abortConnection()
    wire.clock.advance(0)
    assert wire.server.received == []
    assert wire.client.lost is ConnectionAborted
    assert wire.server.lost is ConnectionLost


def test_both_close() -> None:
    """If both ends close at the same moment, each is told once."""
    wire = Wire()
    for end in (wire.client, wire.server):
        end.transport.write(b"last")
        end.transport.stopProducing()
    wire.clock.advance(0)
    assert wire.server.lost is wire.client.lost is ConnectionDone


@pytest.mark.parametrize("how", ["loseConnection", "abortConnection"])
def test_paused_end_hears_of_the_closing_when_it_reads(how: str) -> None:
    """An end that does not read knows nothing of a closing, as with sockets."""
    wire = Wire()
    wire.server.transport.pauseProducing()
    getattr(wire.client.transport, how)()
    wire.clock.advance(10)
    assert wire.client.lost is not None
    assert wire.server.lost is None
    wire.server.transport.resumeProducing()
    wire.clock.advance(0)
    assert wire.server.lost is not None


def test_closing_waits_for_a_peer_that_does_not_read() -> None:
    """A closing end with something unread stays, until the peer reads or it aborts."""
    wire = Wire()
    wire.server.transport.pauseProducing()
    wire.client.transport.write(b"unread")
    wire.client.transport.loseConnection()
    wire.clock.advance(10)
    assert wire.client.lost is None
    wire.client.transport.abortConnection()
    wire.clock.advance(0)
    assert wire.client.lost is ConnectionAborted


def test_pause_between_the_writing_and_the_reading() -> None:
    """An end that pauses before the bytes arrive gets them when it resumes."""
    wire = Wire()
    wire.client.transport.write(b"late")
    wire.server.transport.pauseProducing()
    wire.clock.advance(1)
    assert wire.server.received == []
    wire.server.transport.resumeProducing()
    wire.clock.advance(0)
    assert wire.server.received == [b"late"]


def test_writer_is_paused() -> None:
    """A producer is asked to pause over 64 KiB unread, and to resume when all is read."""
    wire = Wire()
    producer = Producer()
    wire.client.transport.registerProducer(producer, True)
    wire.server.transport.pauseProducing()
    wire.client.transport.write(b"x" * 2**16)
    assert producer.asked == []
    wire.client.transport.write(b"x")
    wire.client.transport.write(b"x")
    assert producer.asked == ["pause"]
    wire.server.transport.resumeProducing()
    wire.clock.advance(0)
    assert producer.asked == ["pause", "resume"]
    wire.client.transport.unregisterProducer()
    wire.client.transport.write(b"x" * 2**17)
    wire.clock.advance(0)
    assert producer.asked == ["pause", "resume"]


def test_close_from_inside_data_received() -> None:
    """An end may close or abort over what it has just received."""
    wire = Wire()
    wire.server.on_data = lambda: wire.server.transport.abortConnection()
    wire.client.transport.write(b"bad")
    wire.clock.advance(0)
    assert wire.server.lost is ConnectionAborted
    assert wire.client.lost is ConnectionLost


def test_factory_that_declines() -> None:
    """A factory that makes no protocol refuses the connection."""

    class Declines(Factory):
        def buildProtocol(self, addr: object) -> None:
            return None

    clock = VirtualClock()
    failures: list[Failure] = []
    attempt: Deferred[Any] = MemoryPort(Declines(), clock).connect(Declines())
    attempt.addErrback(failures.append)
    clock.advance(0)
    assert failures[0].check(ConnectionRefusedError) is None
    assert "refused" in failures[0].getErrorMessage()


def test_cancelled_attempt() -> None:
    """An attempt that is cancelled never comes about."""
    clock = VirtualClock()
    attempt = MemoryPort(Factory.forProtocol(End), clock).connect(Factory.forProtocol(End))
    attempt.addErrback(lambda failure: None)
    attempt.cancel()
    assert not clock.getDelayedCalls()
