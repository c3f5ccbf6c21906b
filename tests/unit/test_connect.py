"""`TcpClient.connect`: the first attempt, those who join it, and what they are told."""

import builtins

import pytest
from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from m2com_twisted import (
    ClientClosedError,
    ConnectFailedError,
    ConnectionState,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostNotFoundError,
    TcpClient,
)
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture


def assert_nothing_runs(fixture: Fixture) -> None:
    """Check that the client is as it was before the first `connect`."""
    assert fixture.client.state is ConnectionState.IDLE
    assert not fixture.client.connected
    assert not fixture.client.should_be_connected
    assert fixture.clock.getDelayedCalls() == []


def test_returns_when_connected() -> None:
    """Connecting waits for the connection, and leaves no timer behind."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    assert fixture.client.should_be_connected
    assert not connecting.done
    fixture.endpoint.last.accept()
    assert connecting.returned
    assert fixture.client.state is ConnectionState.CONNECTED
    assert fixture.client.connected
    assert fixture.client.stats.connects == 1
    assert fixture.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("reason", "own", "builtin", "twisted"),
    [
        (
            error.ConnectionRefusedError(),
            ConnectRefusedError,
            ConnectionRefusedError,
            error.ConnectionRefusedError,
        ),
        (
            builtins.ConnectionRefusedError(),
            ConnectRefusedError,
            ConnectionRefusedError,
            error.ConnectionRefusedError,
        ),
        (error.TimeoutError(), ConnectTimeoutError, TimeoutError, error.TimeoutError),
        (error.TCPTimedOutError(), ConnectTimeoutError, TimeoutError, error.TimeoutError),
        (builtins.TimeoutError(), ConnectTimeoutError, TimeoutError, error.TimeoutError),
        (error.DNSLookupError("no such host"), HostNotFoundError, OSError, error.DNSLookupError),
        (error.UnknownHostError(), HostNotFoundError, OSError, error.DNSLookupError),
        (error.NoRouteError(), ConnectFailedError, OSError, ConnectFailedError),
        (OSError("no buffer space"), ConnectFailedError, OSError, ConnectFailedError),
        (RuntimeError("a bug in an endpoint"), ConnectFailedError, OSError, ConnectFailedError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_raises_why_the_first_attempt_failed(
    reason: Exception,
    own: type[Exception],
    builtin: type[Exception],
    twisted: type[Exception],
) -> None:
    """The error of a failed attempt has address and cause, and nothing is left running."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    fixture.endpoint.last.refuse(reason)
    raised = connecting.error
    assert type(raised) is own
    assert isinstance(raised, ConnectFailedError)
    assert isinstance(raised, builtin)
    assert isinstance(raised, twisted)
    assert raised.__cause__ is reason
    assert (raised.host, raised.port) == ("m2.example", 50000)
    assert str(raised).startswith("No connection to m2.example:50000: ")
    last_error = fixture.client.stats.last_error
    assert (type(last_error), str(last_error)) == (own, str(raised))
    assert_nothing_runs(fixture)


def test_times_out_when_the_endpoint_never_answers() -> None:
    """After the timeout, not before, the attempt is cancelled and a TimeoutError raised."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect(timeout=3))
    fixture.clock.advance(2.9)
    assert not connecting.done
    fixture.clock.advance(0.1)
    assert isinstance(connecting.error, ConnectTimeoutError)
    assert isinstance(connecting.error.__cause__, TimeoutError)
    assert "3 s" in str(connecting.error)
    assert fixture.endpoint.last.cancelled
    assert_nothing_runs(fixture)


def test_reports_an_endpoint_that_raises() -> None:
    """An endpoint whose connect raises, rather than fails later, is a failed attempt as well."""

    @implementer(IStreamClientEndpoint)
    class BrokenEndpoint:
        def connect(self, protocolFactory: object) -> Deferred[IProtocol]:
            raise ZeroDivisionError("a bug")

    fixture = Fixture()
    client = TcpClient("h", 1, print, endpoint=BrokenEndpoint(), reactor=fixture.clock)
    connecting = Call(client.connect())
    assert isinstance(connecting.error, ConnectFailedError)
    assert isinstance(connecting.error.__cause__, ZeroDivisionError)
    assert fixture.clock.getDelayedCalls() == []


@pytest.mark.parametrize("timeout", [-1, float("nan"), None, "10"])
def test_refuses_a_timeout_that_is_no_time(timeout: float) -> None:
    """A timeout that cannot be waited for is the caller's error, and nothing is dialled."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect(timeout=timeout))
    assert isinstance(connecting.error, ValueError)
    assert fixture.endpoint.attempts == []
    assert_nothing_runs(fixture)


def test_may_be_called_again_after_a_failure() -> None:
    """A second connect dials anew, and its failure is raised like the first."""
    fixture = Fixture()
    for _ in range(2):
        connecting = Call(fixture.client.connect())
        fixture.endpoint.last.refuse()
        assert isinstance(connecting.error, ConnectRefusedError)
        assert_nothing_runs(fixture)
    fixture.connect()
    assert len(fixture.endpoint.attempts) == 3


def test_the_first_attempt_after_a_close_is_a_first_attempt() -> None:
    """A client that was connected once and closed raises again when it finds no controller."""
    fixture = Fixture()
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    attempt.lose()
    assert closing.returned
    connecting = Call(fixture.client.connect())
    fixture.endpoint.last.refuse()
    assert isinstance(connecting.error, ConnectRefusedError)
    assert_nothing_runs(fixture)


def test_returns_at_once_when_connected_already() -> None:
    """Connecting a connected client makes no second connection."""
    fixture = Fixture()
    fixture.connect()
    assert Call(fixture.client.connect()).returned
    assert len(fixture.endpoint.attempts) == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_joins_an_attempt_under_way(accepted: bool) -> None:
    """All who connect share one attempt and its outcome."""
    fixture = Fixture()
    calls = [Call(fixture.client.connect()) for _ in range(3)]
    assert len(fixture.endpoint.attempts) == 1
    if accepted:
        fixture.endpoint.last.accept()
        assert all(call.returned for call in calls)
    else:
        fixture.endpoint.last.refuse()
        assert all(isinstance(call.error, ConnectRefusedError) for call in calls)
    assert fixture.clock.getDelayedCalls() == []


def test_who_joins_has_a_timeout_of_their_own() -> None:
    """A joined connect gives up for itself alone; the attempt goes on for the other."""
    fixture = Fixture()
    first = Call(fixture.client.connect(timeout=10))
    second = Call(fixture.client.connect(timeout=2))
    fixture.clock.advance(2)
    assert isinstance(second.error, ConnectTimeoutError)
    assert not first.done
    fixture.endpoint.last.accept()
    assert first.returned
    assert fixture.clock.getDelayedCalls() == []


def test_joins_while_waiting_to_retry() -> None:
    """While a retry is pending, `connect` waits for it, or times out with the last reason."""
    fixture = Fixture(retry_policy=lambda failures: 5)
    fixture.connect().receive(b"{}\r\n")
    fixture.endpoint.last.lose()
    patient, hasty = (Call(fixture.client.connect(timeout)) for timeout in (11, 7))
    fixture.clock.advance(5)
    fixture.endpoint.last.refuse()
    fixture.clock.advance(2)
    assert isinstance(hasty.error, ConnectTimeoutError)
    assert isinstance(hasty.error.__cause__, ConnectRefusedError)
    assert str(hasty.error).count("No connection") == 1
    assert fixture.client.should_be_connected
    fixture.clock.advance(3)
    fixture.endpoint.last.accept()
    assert patient.returned
    assert fixture.clock.getDelayedCalls() == []


def test_cancelled_takes_the_first_attempt_with_it() -> None:
    """The first attempt is given up when nobody waits for it any more."""
    fixture = Fixture()
    calls = [Call(fixture.client.connect()) for _ in range(2)]
    calls[0].cancel()
    assert isinstance(calls[0].error, CancelledError)
    assert not fixture.endpoint.last.cancelled
    calls[1].cancel()
    assert isinstance(calls[1].error, CancelledError)
    assert fixture.endpoint.last.cancelled
    assert_nothing_runs(fixture)
    fixture.connect()


@pytest.mark.parametrize("dialling", [True, False])
def test_cancelled_while_reconnecting_only_stops_waiting(dialling: bool) -> None:
    """Cancelling a `connect` during a reconnection does not stop the reconnection."""
    fixture = Fixture(retry_policy=lambda failures: 5)
    fixture.connect().receive(b"{}\r\n")
    fixture.endpoint.last.lose()
    if dialling:
        fixture.clock.advance(5)
    connecting = Call(fixture.client.connect(60))
    connecting.cancel()
    assert isinstance(connecting.error, CancelledError)
    fixture.clock.advance(5 - 5 * dialling)
    fixture.endpoint.last.accept()
    assert fixture.client.connected
    assert fixture.clock.getDelayedCalls() == []


def test_succeeding_too_late_to_be_cancelled_leaves_no_connection() -> None:
    """A connection that an endpoint makes although its attempt was given up is aborted."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    attempt = fixture.endpoint.last
    attempt.accept_when_cancelled()
    connecting.cancel()
    assert isinstance(connecting.error, CancelledError)
    assert attempt.transport.aborted
    assert_nothing_runs(fixture)


def test_succeeding_too_late_for_the_timeout_leaves_no_connection() -> None:
    """A connection that comes after the timeout is aborted."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect(timeout=1))
    attempt = fixture.endpoint.last
    attempt.accept_when_cancelled()
    fixture.clock.advance(1)
    assert isinstance(connecting.error, ConnectTimeoutError)
    assert attempt.transport.aborted
    assert_nothing_runs(fixture)


def test_lost_before_the_endpoint_is_done_is_a_failed_attempt() -> None:
    """A connection that is gone by the time the endpoint hands it over was none."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    fixture.endpoint.last.accept_and_lose()
    assert isinstance(connecting.error, ConnectFailedError)
    assert_nothing_runs(fixture)


def test_closed_while_connecting() -> None:
    """A connect that waits while the client is closed fails and says so."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    assert Call(fixture.client.close()).returned
    assert isinstance(connecting.error, ClientClosedError)
    assert isinstance(connecting.error, ConnectionError)
    assert fixture.endpoint.last.cancelled
    assert_nothing_runs(fixture)


def test_a_custom_endpoint_is_used_as_given() -> None:
    """With an endpoint, host and port are only for messages."""

    @implementer(IStreamClientEndpoint)
    class OnlyEndpoint:
        asked = 0

        def connect(self, protocolFactory: object) -> Deferred[IProtocol]:
            self.asked += 1
            return fail(error.ConnectionRefusedError())

    endpoint = OnlyEndpoint()
    client = TcpClient("nowhere", 1, print, endpoint=endpoint, reactor=Fixture().clock)
    assert isinstance(Call(client.connect()).error, ConnectRefusedError)
    assert endpoint.asked == 1


@implementer(IHostnameResolver, IHostResolution)
class Resolver:
    """Knows one name."""

    name = "m2.example"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def resolveHostName(
        self, resolutionReceiver: IResolutionReceiver, hostName: str, *args: object, **kw: object
    ) -> "Resolver":
        """Implement `IHostnameResolver`."""
        self.asked.append(hostName)
        resolutionReceiver.resolutionBegan(self)
        if hostName == self.name:
            resolutionReceiver.addressResolved(IPv4Address("TCP", "192.0.2.1", 50000))
        resolutionReceiver.resolutionComplete()
        return self

    def cancel(self) -> None:
        """Implement `IHostResolution`."""


@implementer(IReactorPluggableNameResolver)
class ResolvingReactor(MemoryReactorClock):
    """A reactor in memory that can look up one name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.resolver = Resolver()
        self.nameResolver: IHostnameResolver = self.resolver

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Implement `IReactorPluggableNameResolver`."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("host", "asked", "dialled"),
    [
        ("192.0.2.7", [], ["192.0.2.7"]),
        ("2001:db8::7", [], ["2001:db8::7"]),
        ("m2.example", ["m2.example"], ["192.0.2.1"]),
    ],
)
def test_only_names_are_looked_up(host: str, asked: list[str], dialled: list[str]) -> None:
    """A literal address of either family is dialled as it is, a name is resolved first."""
    reactor = ResolvingReactor()
    connecting = Call(TcpClient(host, 50000, print, reactor=reactor).connect(timeout=3))
    assert reactor.resolver.asked == asked
    assert [(call[0], call[1], call[3]) for call in reactor.tcpClients] == [
        (address, 50000, 3) for address in dialled
    ]
    connecting.cancel()


def test_a_name_that_does_not_resolve() -> None:
    """An unknown host is a HostNotFoundError, which is Twisted's DNSLookupError."""
    client = TcpClient("unknown.example", 50000, print, reactor=ResolvingReactor())
    connecting = Call(client.connect())
    assert isinstance(connecting.error, HostNotFoundError)
    assert isinstance(connecting.error.__cause__, error.DNSLookupError)
    assert not client.should_be_connected


def test_context_manager_connects_and_closes() -> None:
    """`async with` connects first and closes however its body ends."""
    fixture = Fixture()

    async def body() -> None:
        async with fixture.client as entered:
            assert entered is fixture.client
            assert entered.connected
            raise KeyError

    running = Call(body())
    attempt = fixture.endpoint.last.accept()
    assert attempt.transport.disconnecting
    attempt.lose()
    assert isinstance(running.error, KeyError)
    assert_nothing_runs(fixture)
