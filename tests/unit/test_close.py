"""`TcpClient.close`: in every state, from everywhere; nothing is left and connect works again."""

import logging
from collections.abc import Callable, Generator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

from m2com_twisted import (
    ClientClosedError,
    CommandLost,
    ConnectionState,
    MsgType,
    NotConnectedError,
    TcpClient,
)

from .calls import Call
from .fakes import Fixture

MESSAGE = b'{"id": "tcpIpConnected", "isConnected": true}\r\n'


def assert_closed(fixture: Fixture) -> None:
    """Check that nothing is left, and that the client connects again."""
    assert fixture.client.state is ConnectionState.IDLE
    assert not fixture.client.connected
    assert not fixture.client.should_be_connected
    assert fixture.clock.getDelayedCalls() == []
    attempts = len(fixture.endpoint.attempts)
    fixture.clock.advance(3600)
    assert len(fixture.endpoint.attempts) == attempts
    fixture.connect().receive(b'{"id": "again"}\r\n')
    assert fixture.client.stats.queue_depth == 0


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
    """Whatever is under way ends, for all who call it, and twice is as good as once."""
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
    assert_closed(fixture)


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
    assert_closed(fixture)


async def awaits_close(client: TcpClient, wait: Deferred[None]) -> None:
    """Close at once."""
    await client.close()


async def awaits_close_later(client: TcpClient, wait: Deferred[None]) -> None:
    """Close after having waited for something."""
    await wait
    await client.close()


@inlineCallbacks
def yields_close(client: TcpClient, wait: Deferred[None]) -> Generator[Deferred[None], None, None]:
    """Close at once."""
    yield Deferred.fromCoroutine(client.close())


@inlineCallbacks
def yields_close_later(
    client: TcpClient, wait: Deferred[None]
) -> Generator[Deferred[None], None, None]:
    """Close after having waited for something."""
    yield wait
    yield Deferred.fromCoroutine(client.close())


def returns_close_later(client: TcpClient, wait: Deferred[None]) -> Deferred[None]:
    """Close after having waited for something, as a chain of callbacks."""
    return wait.addCallback(lambda _: Deferred.fromCoroutine(client.close()))


def starts_close(client: TcpClient, wait: Deferred[None]) -> None:
    """Begin to close, and do not wait."""
    Call(client.close())


@pytest.mark.parametrize("of", ["message", "connection"])
@pytest.mark.parametrize(
    "body",
    [
        awaits_close,
        awaits_close_later,
        yields_close,
        yields_close_later,
        returns_close_later,
        starts_close,
    ],
    ids=lambda body: body.__name__,
)
def test_closes_from_inside_a_callback(
    body: Callable[[TcpClient, Deferred[None]], Any], of: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback of either kind, however it is written, may close the client and go on.

    Of a Deferred that waited cannot be said whether it is what calls, so the
    close waits for it, as for a callback that refuses to be cancelled.
    """
    wait: Deferred[None] = Deferred()
    calls: list[object] = []

    def on_message(message: dict[str, Any]) -> Any:
        calls.append(message)
        if of == "message" and len(calls) == 1:
            return body(fixture.client, wait)
        return None

    def on_change(client: TcpClient) -> Any:
        calls.append(client.connected)
        if of == "connection" and len(calls) == 1:
            return body(client, wait)
        return None

    fixture = Fixture(on_message, connect_callback=on_change if of == "connection" else None)
    Call(fixture.client.connect())
    attempt = fixture.endpoint.last.accept()
    attempt.receive(MESSAGE + MESSAGE)
    if not attempt.transport.disconnecting:
        wait.callback(None)
    assert attempt.transport.disconnecting
    assert len(calls) == 1
    attempt.lose()
    if body in (yields_close_later, returns_close_later):
        fixture.clock.advance(2)
    else:
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert len(calls) == (2 if of == "connection" else 1)
    assert fixture.client.stats.callback_errors == 0
    assert_closed(fixture)


def test_cancels_the_callback_and_drops_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    """The running callback gets CancelledError, which is not counted; no other is called."""
    wait: Deferred[None] = Deferred()
    ends: list[BaseException] = []

    async def callback(message: dict[str, Any]) -> None:
        if message["id"] != "again":
            try:
                await wait
            except CancelledError as error:
                ends.append(error)
                raise

    fixture = Fixture(callback)
    attempt = fixture.connect()
    attempt.receive(MESSAGE * 3)
    assert fixture.client.stats.queue_depth == 2
    closing = Call(fixture.client.close())
    attempt.receive(MESSAGE)
    assert len(ends) == 1
    attempt.lose()
    assert closing.returned
    assert fixture.client.stats.callback_errors == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert_closed(fixture)
    assert len(ends) == 1


def test_does_not_wait_for_ever_for_a_callback(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that refuses to be cancelled has 2 s and a warning; then the close is done."""
    never: Deferred[None] = Deferred()

    async def callback(message: dict[str, Any]) -> None:
        try:
            await Deferred()
        except CancelledError:
            await never

    fixture = Fixture(callback)
    attempt = fixture.connect()
    attempt.receive(MESSAGE)
    closing = Call(fixture.client.close())
    attempt.lose()
    fixture.clock.advance(1.9)
    assert not closing.done
    fixture.clock.advance(0.1)
    assert closing.returned
    assert [r.levelno for r in caplog.records].count(logging.WARNING) == 1
    assert fixture.clock.getDelayedCalls() == []
    never.callback(None)
    assert_closed(fixture)


def test_a_callback_may_close_in_its_own_cleanup() -> None:
    """Closing in the `finally` of the callback that close cancels is not a deadlock."""

    async def callback(message: dict[str, Any]) -> None:
        if message["id"] != "again":
            try:
                await Deferred()
            finally:
                await fixture.client.close()

    fixture = Fixture(callback)
    attempt = fixture.connect()
    attempt.receive(MESSAGE)
    closing = Call(fixture.client.close())
    attempt.lose()
    fixture.clock.advance(2)
    assert closing.returned
    assert_closed(fixture)


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
    """Who repeats a command that the close has failed is refused, and leaves nothing pending."""

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
    assert_closed(fixture)


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
    """Nothing is dialled for a connect that was cancelled before the close was done."""
    fixture = Fixture()
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    reconnecting = Call(fixture.client.connect())
    reconnecting.cancel()
    assert isinstance(reconnecting.error, CancelledError)
    attempt.lose()
    assert closing.returned
    assert len(fixture.endpoint.attempts) == 1
    assert_closed(fixture)


def test_close_wins_over_a_connect_that_waits_for_an_earlier_close() -> None:
    """The last word counts: nothing is dialled, and who connected learns why."""
    fixture = Fixture()
    attempt = fixture.connect()
    Call(fixture.client.close())
    connecting = Call(fixture.client.connect())
    closing = Call(fixture.client.close())
    assert isinstance(connecting.error, ClientClosedError)
    attempt.lose()
    assert closing.returned
    assert len(fixture.endpoint.attempts) == 1
    assert_closed(fixture)


def test_connect_while_closing_waits_no_longer_than_its_timeout() -> None:
    """The time that the close takes counts."""
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
    assert_closed(fixture)


def test_cancelling_a_close_does_not_stop_it() -> None:
    """Only the waiting ends; the client closes all the same."""
    fixture = Fixture()
    attempt = fixture.connect()
    cancelled, other = (Call(fixture.client.close()) for _ in range(2))
    cancelled.cancel()
    assert isinstance(cancelled.error, CancelledError)
    attempt.lose()
    assert other.returned
    assert_closed(fixture)


def test_tells_the_connect_callback_once() -> None:
    """The change to lost is told on close as well, once, before close is done."""
    seen: list[bool] = []
    fixture = Fixture(connect_callback=lambda client: seen.append(client.connected))
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    assert seen == [True]
    attempt.lose()
    assert closing.returned
    assert seen == [True, False]
    assert Call(fixture.client.close()).returned
    assert seen == [True, False]


def test_the_connect_callback_may_connect_again() -> None:
    """A connect from the callback that tells of the end begins a new life."""
    calls: list[Call] = []

    def on_change(client: TcpClient) -> None:
        if not client.connected:
            calls.append(Call(client.connect()))

    fixture = Fixture(connect_callback=on_change)
    attempt = fixture.connect()
    closing = Call(fixture.client.close())
    attempt.lose()
    assert closing.returned
    fixture.endpoint.last.accept()
    assert calls[0].returned
    assert fixture.client.connected
