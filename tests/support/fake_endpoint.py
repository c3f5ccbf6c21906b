"""A client on a Clock, and an endpoint.  The test decides how its attempts end."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from m2com_twisted import ConnectionState, TcpClient

__all__ = ["Attempt", "FakeEndpoint", "FakeTransport", "Fixture", "close"]


class FakeTransport(StringTransport):
    """Records the calls of the client.  Only the test ends the connection."""

    aborted = False

    def abortConnection(self) -> None:
        """Record the call."""
        self.aborted = True
        self.disconnecting = True


class Attempt:
    """One attempt to connect, and the connection that it made."""

    def __init__(self, factory: IProtocolFactory) -> None:
        self._factory = factory
        self.cancelled = False
        self._accepts_when_cancelled = False
        self.transport = FakeTransport()
        self.result: Deferred[IProtocol] = Deferred(self._cancel)
        self._protocol: Any = None

    def _cancel(self, result: Deferred[IProtocol]) -> None:
        self.cancelled = True
        if self._accepts_when_cancelled:
            self.hand_over() if self.made else self.accept()

    @property
    def pending(self) -> bool:
        """Whether the attempt can still be accepted or refused."""
        return not self.result.called

    @property
    def connected(self) -> bool:
        """Whether there is a connection.  It may be closing already."""
        return self._protocol is not None and self.transport.connected

    @property
    def made(self) -> bool:
        """Whether a connection was made, even if it is lost now."""
        return self._protocol is not None

    def _make_connection(self) -> None:
        self._protocol = self._factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 50000))
        self._protocol.makeConnection(self.transport)

    def accept(self) -> "Attempt":
        """Connect."""
        return self.make_connection().hand_over()

    def make_connection(self) -> "Attempt":
        """Make the connection, but do not hand it over yet."""
        self._make_connection()
        return self

    def hand_over(self) -> "Attempt":
        """Hand over the connection that was made."""
        self.result.callback(self._protocol)
        return self

    def accept_and_lose(self) -> None:
        """Connect, and lose the connection before the endpoint hands it over."""
        self._make_connection()
        self.lose()
        self.result.callback(self._protocol)

    def accept_when_cancelled(self) -> None:
        """Connect at the moment at which the attempt is given up."""
        self._accepts_when_cancelled = True

    def refuse(self, reason: Exception | None = None) -> None:
        """Let the attempt fail.  The default reason is a refusal."""
        self.result.errback(reason or ConnectionRefusedError())

    def receive(self, data: bytes) -> None:
        """Let the client receive bytes."""
        self._protocol.dataReceived(data)

    def fill_buffer(self) -> None:
        """Let the transport tell the client that the write buffer is full."""
        producer: Any = self.transport.producer
        producer.pauseProducing()

    def lose(self, reason: Exception | None = None) -> None:
        """Lose the connection."""
        self.transport.connected = False
        self._protocol.connectionLost(Failure(reason or ConnectionDone()))


@implementer(IStreamClientEndpoint)
class FakeEndpoint:
    """Keeps its attempts in a list."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Start an attempt that waits for the test."""
        self.attempts.append(Attempt(protocolFactory))
        return self.attempts[-1].result

    @property
    def last(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]


class Fixture:
    """A client with a fake endpoint on a Clock.  The delivered messages are kept in `messages`."""

    def __init__(self, callback: Any = None, **options: Any) -> None:
        self.messages: list[dict[str, Any]] = []
        self.clock = Clock()
        self.endpoint = FakeEndpoint()
        self.client = TcpClient(
            "m2.example",
            50000,
            callback or self._keep,
            endpoint=self.endpoint,
            reactor=self.clock,
            **options,
        )

    async def _keep(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    def connect(self) -> Attempt:
        """Connect the client and return its connection."""
        connecting = Deferred.fromCoroutine(self.client.connect())
        attempt = self.endpoint.last.accept()
        connecting.addErrback(lambda failure: failure.raiseException())
        assert self.client.connected
        return attempt

    def sent(self) -> bytes:
        """Return what the client has written to its newest connection."""
        written: bytes = self.endpoint.last.transport.value()
        return written

    def assert_closed(self) -> None:
        """Check that nothing of the client is left, and that it connects again."""
        assert self.client.state is ConnectionState.IDLE
        assert not self.client.connected
        assert not self.client.should_be_connected
        assert self.clock.getDelayedCalls() == []
        attempts = len(self.endpoint.attempts)
        self.clock.advance(3600)
        assert len(self.endpoint.attempts) == attempts
        self.connect().receive(b'{"id": "again"}\r\n')
        assert self.client.stats.queue_depth == 0


def close(fixture: Fixture, attempt: Attempt) -> None:
    """Close a client.  Its peer closes the other end at once."""
    closing = Deferred.fromCoroutine(fixture.client.close())
    attempt.lose()
    assert closing.called
