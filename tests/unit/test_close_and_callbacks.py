"""`TcpClient.close` and callbacks: called from inside one, and what becomes of one that runs."""

import logging
from collections.abc import Callable, Generator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

from m2com_twisted import TcpClient
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture

MESSAGE = b'{"id": "tcpIpConnected", "isConnected": true}\r\n'


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
    fixture.assert_closed()


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
    fixture.assert_closed()
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
    fixture.assert_closed()


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
    fixture.assert_closed()


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
