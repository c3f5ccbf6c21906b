"""`TcpClient.close`: in every state, from everywhere; nothing is left and connect works again."""

from collections.abc import Callable

import pytest
from twisted.internet.defer import CancelledError

from m2com_twisted import (
    ClientClosedError,
    CommandLost,
    ConnectionState,
    MsgType,
    NotConnectedError,
    TcpClient,
)
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture

MESSAGE = b'{"id": "tcpIpConnected", "isConnected": true}\r\n'


def never_connected(fixture: Fixture) -> None:
    """Do nothing."""


def connecting(fixture: Fixture) -> None:
    """Leave an attempt under way."""
    Call(fixture.client.connect())


def connected(fixture: Fixture) -> None:
    """Leave a connection."""
    fixture.connect()


def waiting(fixture: Fixture) -> None:
    """Leave a retry pending."""
    fixture.connect().lose()


def reconnecting(fixture: Fixture) -> None:
    """Leave a second attempt under way."""
    fixture.connect().lose()
    fixture.clock.advance(30)


def closing(fixture: Fixture) -> None:
    """Leave a close that waits for the transport."""
    fixture.connect()
    Call(fixture.client.close())


def given_up(fixture: Fixture) -> None:
    """Leave a connection that the client has aborted, but whose end has not come yet."""
    fixture.connect()
    fixture.client.timeout = 5
    fixture.clock.advance(5)
    fixture.client.timeout = None


def closed(fixture: Fixture) -> None:
    """Leave a closed client."""
    closing(fixture)
    fixture.endpoint.last.lose()


STATES = [
    (never_connected, ConnectionState.IDLE),
    (connecting, ConnectionState.CONNECTING),
    (connected, ConnectionState.CONNECTED),
    (waiting, ConnectionState.WAITING),
    (reconnecting, ConnectionState.CONNECTING),
    (closing, ConnectionState.CLOSING),
    (given_up, ConnectionState.CONNECTED),
    (closed, ConnectionState.IDLE),
]


@pytest.mark.parametrize("calls", [1, 3], ids=["once", "concurrently"])
@pytest.mark.parametrize(("reach", "state"), STATES, ids=[reach.__name__ for reach, _ in STATES])
def test_closes_in_every_state(
    reach: Callable[[Fixture], None], state: ConnectionState, calls: int
) -> None:
    """`close` ends everything that is under way, also when it is called twice."""
    fixture = Fixture()
    reach(fixture)
    assert fixture.client.state is state
    closing = [Call(fixture.client.close()) for _ in range(calls)]
    assert not fixture.client.connected
    assert not fixture.client.should_be_connected
    if fixture.client.state is ConnectionState.CLOSING:
        assert not any(call.done for call in closing)
        fixture.endpoint.last.lose()
    assert all(call.returned for call in closing)
    assert Call(fixture.client.close()).returned
    fixture.assert_closed()


def test_a_peer_that_does_not_read_is_cut_off_after_two_seconds() -> None:
    """The transport has 2 s to send the rest, not more, and is not paused meanwhile."""
    fixture = Fixture()
    attempt = fixture.connect()
    attempt.fill_buffer()
    writing = Call(fixture.client.write_message(MsgType.Command, "power"))
    closing = Call(fixture.client.close())
    assert attempt.transport.disconnecting
    assert attempt.transport.producer is None
    fixture.clock.advance(1.9)
    assert not attempt.transport.aborted
    fixture.clock.advance(0.1)
    assert attempt.transport.aborted
    assert not closing.done
    attempt.lose()
    assert closing.returned
    assert isinstance(writing.error, NotConnectedError)
    fixture.assert_closed()


def test_fails_all_who_wait() -> None:
    """Commands, writers and connects that wait are told, each in its own words."""
    fixture = Fixture()
    attempt = fixture.connect()
    running = Call(fixture.client.run_command("power"))
    attempt.fill_buffer()
    writing = Call(fixture.client.write_message(MsgType.Command, "power"))
    Call(fixture.client.close())
    attempt.lose()
    assert isinstance(running.error, CommandLost)
    assert isinstance(writing.error, NotConnectedError)
    waiting(fixture)
    joined = Call(fixture.client.connect())
    Call(fixture.client.close())
    assert isinstance(joined.error, ClientClosedError)
    assert fixture.clock.getDelayedCalls() == []


def test_nothing_is_sent_while_closing() -> None:
    """A command that is repeated while the client closes is refused and leaves nothing pending."""

    async def repeat(client: TcpClient) -> None:
        try:
            await client.run_command("power")
        except CommandLost:
            assert not client.connected
            await client.run_command("power")

    fixture = Fixture()
    attempt = fixture.connect()
    running = Call(repeat(fixture.client))
    sent = fixture.sent()
    Call(fixture.client.close())
    assert fixture.sent() == sent
    attempt.lose()
    assert isinstance(running.error, NotConnectedError)
    fixture.assert_closed()


def test_connect_while_closing_dials_when_the_old_socket_is_gone() -> None:
    """The controller serves one client per port, so the two must not overlap."""
    fixture = Fixture()
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    calls = [Call(fixture.client.connect()) for _ in range(2)]
    fixture.clock.advance(1)
    assert len(fixture.endpoint.attempts) == 1
    assert not fixture.client.should_be_connected
    attempt.lose()
    assert closing.returned
    assert len(fixture.endpoint.attempts) == 2
    fixture.endpoint.last.accept()
    assert all(call.returned for call in calls)
    assert fixture.clock.getDelayedCalls() == []


def test_connect_while_closing_may_be_cancelled() -> None:
    """A `connect` that was cancelled before the close was done dials nothing."""
    fixture = Fixture()
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    reconnecting = Call(fixture.client.connect())
    reconnecting.cancel()
    assert isinstance(reconnecting.error, CancelledError)
    attempt.lose()
    assert closing.returned
    assert len(fixture.endpoint.attempts) == 1
    fixture.assert_closed()


def test_close_wins_over_a_connect_that_waits_for_an_earlier_close() -> None:
    """A close ends a `connect` that waits for an earlier close."""
    fixture = Fixture()
    attempt = fixture.connect()
    Call(fixture.client.close())
    connecting = Call(fixture.client.connect())
    closing = Call(fixture.client.close())
    assert isinstance(connecting.error, ClientClosedError)
    attempt.lose()
    assert closing.returned
    assert len(fixture.endpoint.attempts) == 1
    fixture.assert_closed()


def test_connect_while_closing_waits_no_longer_than_its_timeout() -> None:
    """The time of closing counts for the timeout of a `connect`."""
    fixture = Fixture()
    attempt = fixture.connect()
    Call(fixture.client.close())
    hasty, patient = (Call(fixture.client.connect(timeout)) for timeout in (1, 3))
    fixture.clock.advance(1)
    assert isinstance(hasty.error, TimeoutError)
    attempt.lose()
    fixture.clock.advance(2)
    assert isinstance(patient.error, TimeoutError)
    assert fixture.endpoint.last.cancelled
    fixture.assert_closed()


def test_cancelling_a_close_does_not_stop_it() -> None:
    """Cancelling a close ends the waiting only; the client closes all the same."""
    fixture = Fixture()
    attempt = fixture.connect()
    cancelled, other = (Call(fixture.client.close()) for _ in range(2))
    cancelled.cancel()
    assert isinstance(cancelled.error, CancelledError)
    attempt.lose()
    assert other.returned
    fixture.assert_closed()
