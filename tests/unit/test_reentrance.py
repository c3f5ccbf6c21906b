"""Code of the user's that calls back in the midst of things, one case each."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import Clock

from m2com_twisted import (
    ClientClosedError,
    CommandLost,
    ConnectionState,
    ConnectTimeoutError,
    MsgType,
    NotConnectedError,
)
from m2com_twisted.connection.effect_queue import EffectQueue
from m2com_twisted.connection.effects import CancelRetry, Effect, NoteClosed, TellLost
from m2com_twisted.support.log import NamedLog
from tests.support.coroutines import Call, error_of, result_of, start
from tests.support.fake_endpoint import FakeEndpoint, Fixture, close
from tests.support.lines import line, numbered


class Handler(logging.Handler):
    """A log handler that does something on lines with a text in them, and guards nothing."""

    def __init__(self, text: str, act: Any) -> None:
        super().__init__(logging.DEBUG)
        self.text = text
        self.act = act

    def handle(self, record: logging.LogRecord) -> bool:
        """Override."""
        if self.text in record.getMessage():
            self.act()
        return True


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Return a logger of the test's own."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log = logging.getLogger("reentrance")
    log.setLevel(logging.DEBUG)
    yield log
    child = log.getChild("TcpClient")
    child.handlers.clear()
    child.filters.clear()


def fail() -> None:
    """Raise."""
    raise ZeroDivisionError


def test_an_errback_that_cancels_the_next_waiter() -> None:
    """An errback of one `connect` may cancel the other, and close still ends."""

    def cancel(failure: Any) -> None:
        second.cancel()

    fixture = Fixture()
    first = start(fixture.client.connect())
    second = start(fixture.client.connect())
    second.addErrback(lambda failure: None)
    first.addErrback(cancel)
    assert result_of(fixture.client.close()) is None
    assert result_of(fixture.client.close()) is None
    fixture.assert_closed()


def test_a_waiter_that_closes_leaves_no_other_connected() -> None:
    """If the first waiter closes, the second is told that, not of a connection."""
    fixture = Fixture()
    first = start(fixture.client.connect())
    second = Call(fixture.client.connect())
    first.addCallback(lambda _: start(fixture.client.close()))
    attempt = fixture.endpoint.last.accept()
    assert isinstance(second.error, ClientClosedError)
    attempt.lose()
    fixture.assert_closed()


def test_connecting_again_when_the_connect_callback_has_closed() -> None:
    """The connect fails with ClientClosedError, and the next one dials when all is closed."""
    calls: list[Call] = []

    def on_change(client: Any) -> None:
        if client.connected and not calls:
            calls.append(Call(client.close()))

    async def persist() -> None:
        try:
            await fixture.client.connect()
        except ClientClosedError:
            await fixture.client.connect()

    fixture = Fixture(connect_callback=on_change)
    persisting = Call(persist())
    attempt = fixture.endpoint.last.accept()
    assert not persisting.done
    attempt.lose()
    assert fixture.client.state is ConnectionState.CONNECTING
    fixture.endpoint.last.accept()
    assert persisting.returned
    assert fixture.client.connected


def test_a_retry_policy_that_closes() -> None:
    """The client is closed, and nothing is dialled later."""

    def policy(failures: int) -> float:
        closing.append(start(fixture.client.close()))
        return 1.0

    closing: list[Deferred[None]] = []
    fixture = Fixture(retry_policy=policy)
    fixture.connect().lose()
    assert closing[0].called
    fixture.assert_closed()


@pytest.mark.parametrize("text", ["Lost the connection", "Dialling again"])
def test_a_log_handler_that_closes(text: str, logger: logging.Logger) -> None:
    """The client is closed, and nothing is dialled later."""
    fixture = Fixture(log=logger, retry_policy=lambda failures: 1.0)
    closing: list[Deferred[None]] = []
    handler = Handler(text, lambda: closing.append(start(fixture.client.close())))
    fixture.client.log.addHandler(handler)
    fixture.connect().lose()
    assert closing[0].called
    handler.act = lambda: None
    fixture.assert_closed()


@pytest.mark.parametrize("text", ["Connected", "Lost", "Dialling", "Closed", "failed", "Ignored"])
@pytest.mark.parametrize("kind", ["handler", "filter"])
def test_a_log_that_raises(text: str, kind: str, logger: logging.Logger) -> None:
    """A log handler that raises at any line does not harm the client."""

    def broken_callback(message: dict[str, Any]) -> None:
        delivered.append(message["id"])
        fail()

    delivered: list[str] = []
    fixture = Fixture(broken_callback, log=logger, retry_policy=lambda failures: 1.0)
    handler = Handler(text, fail)
    if kind == "handler":
        fixture.client.log.addHandler(handler)
    else:
        fixture.client.log.addFilter(handler.handle)
    attempt = fixture.connect()
    attempt.receive(numbered(1) + b"junk\r\n" + numbered(2))
    assert delivered == ["1", "2"]
    attempt.lose()
    assert fixture.client.state is ConnectionState.WAITING
    fixture.clock.advance(1)
    close(fixture, fixture.endpoint.last.accept())
    fixture.assert_closed()


def test_a_failed_command_that_closes_and_connects_again() -> None:
    """The loss of the old connection is told before the new one."""
    told: list[bool] = []
    fixture = Fixture(
        connect_callback=lambda client: told.append(client.connected),
        retry_policy=lambda failures: 1.0,
    )

    async def run() -> None:
        try:
            await fixture.client.run_command("power")
        except CommandLost:
            await fixture.client.close()
            await fixture.client.connect()

    attempt = fixture.connect()
    running = Call(run())
    attempt.lose()
    fixture.endpoint.last.accept()
    assert running.returned
    assert told == [True, False, True]


def test_closing_while_the_callback_awaits_a_command() -> None:
    """The callback learns that its command is lost; what waits behind it is not delivered."""
    delivered: list[str] = []
    errors: list[BaseException] = []

    async def callback(message: dict[str, Any]) -> None:
        delivered.append(message["id"])
        try:
            await fixture.client.run_command("power")
        except CommandLost as error:
            errors.append(error)

    fixture = Fixture(callback)
    attempt = fixture.connect()
    attempt.receive(numbered(1, 2, 3))
    close(fixture, attempt)
    assert delivered == ["1"]
    assert len(errors) == 1


@pytest.mark.parametrize("timeout", [None, -1, float("nan"), "1"])
def test_a_bad_timeout_changes_nothing(timeout: Any) -> None:
    """`start` and `connect` refuse a bad timeout before anything has begun."""
    fixture = Fixture()
    with pytest.raises(ValueError, match="timeout"):
        fixture.client.start(timeout)
    assert isinstance(error_of(fixture.client.connect(timeout)), ValueError)
    assert fixture.endpoint.attempts == []
    fixture.assert_closed()


@pytest.mark.parametrize("end", ["fails", "is cancelled", "times out"])
def test_start_during_a_first_connect_is_not_lost(end: str) -> None:
    """After `start`, attempts go on although the first `connect` fails."""
    fixture = Fixture(retry_policy=lambda failures: 1.0)
    connecting = start(fixture.client.connect(5))
    connecting.addErrback(lambda failure: None)
    fixture.client.start()
    if end == "fails":
        fixture.endpoint.last.refuse()
        fixture.clock.advance(1)
    elif end == "is cancelled":
        connecting.cancel()
    else:
        fixture.clock.advance(5)
        fixture.clock.advance(1)
    assert connecting.called
    assert fixture.client.state is ConnectionState.CONNECTING
    fixture.endpoint.last.accept()
    assert fixture.client.connected


class BrokenEndpoint(FakeEndpoint):
    """Its canceller raises, and so it may hand over at any time."""

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Begin an attempt."""
        result = super().connect(protocolFactory)
        result._canceller = lambda deferred: fail()
        return result


def broken_fixture(**options: Any) -> Fixture:
    """Return a client whose endpoint cannot be cancelled."""
    fixture = Fixture(**options)
    fixture.endpoint = BrokenEndpoint()
    fixture.client._parts.link._connections._endpoint = lambda timeout: fixture.endpoint
    return fixture


@pytest.mark.parametrize("how", ["close", "cancel", "time"])
@pytest.mark.parametrize("late", [True, False])
def test_an_endpoint_whose_canceller_raises(how: str, late: bool) -> None:
    """The attempt is over all the same; a connection that comes of it later is aborted."""
    fixture = broken_fixture()
    connecting = start(fixture.client.connect(5))
    errors: list[Any] = []
    connecting.addErrback(errors.append)
    if how == "close":
        assert start(fixture.client.close()).called
    elif how == "cancel":
        connecting.cancel()
    else:
        fixture.clock.advance(5)
        assert errors[0].check(ConnectTimeoutError)
    assert fixture.client.state is ConnectionState.IDLE
    assert fixture.clock.getDelayedCalls() == []
    if late:
        attempt = fixture.endpoint.last.accept()
        assert attempt.transport.aborted
        assert not fixture.client.connected
        attempt.lose()
    fixture.assert_closed()


def test_an_endpoint_that_hands_over_late() -> None:
    """Nothing is read from a connection before the endpoint hands it over."""
    seen: list[object] = []
    fixture = Fixture(
        lambda message: seen.append(message["id"]),
        connect_callback=lambda client: seen.append(client.connected),
    )
    connecting = start(fixture.client.connect())
    attempt = fixture.endpoint.last.make_connection()
    assert attempt.transport.producerState == "paused"
    attempt.receive(numbered(1))  # what a transport had read already
    assert seen == []
    assert not fixture.client.connected
    attempt.hand_over()
    assert connecting.called
    assert seen == [True, "1"]
    assert attempt.transport.producerState == "producing"
    close(fixture, attempt)


@pytest.mark.parametrize("handed_over", [True, False])
def test_closing_before_the_endpoint_hands_over(handed_over: bool) -> None:
    """Close aborts the connection that TCP has made already, and waits for its end."""
    fixture = broken_fixture()
    connecting = Call(fixture.client.connect())
    attempt = fixture.endpoint.last.make_connection()
    closing = Call(fixture.client.close())
    assert attempt.transport.aborted
    assert isinstance(connecting.error, ClientClosedError)
    if handed_over:
        attempt.hand_over()
    assert not closing.done
    attempt.lose()
    assert closing.returned
    fixture.assert_closed()


def test_a_connection_that_is_never_handed_over_is_given_up_in_time() -> None:
    """The attempt times out, and the connection is aborted."""
    fixture = Fixture(retry_policy=lambda failures: 1.0)
    fixture.client.start(timeout=5)
    attempt = fixture.endpoint.last.make_connection()
    fixture.clock.advance(5)
    assert attempt.transport.aborted
    assert fixture.client.state is ConnectionState.WAITING


def test_a_sequence_generator_that_closes() -> None:
    """The command is neither sent nor registered, and has taken no id."""

    def ids() -> Iterator[int]:
        closing.append(start(fixture.client.close()))
        yield 1
        yield 2

    closing: list[Deferred[None]] = []
    fixture = Fixture(sequence_generator=ids())
    attempt = fixture.connect()
    assert isinstance(error_of(fixture.client.run_command("power")), NotConnectedError)
    assert fixture.client.last_sequence_id == -1
    assert attempt.transport.value() == b""
    attempt.lose()
    assert closing[0].called
    running = start(_run_again(fixture))
    assert b'"sequence_id": 1}' in fixture.sent()
    fixture.endpoint.last.receive(line("success", sequence_id=1))
    assert running.called


async def _run_again(fixture: Fixture) -> None:
    fixture.connect()
    await fixture.client.run_command("power")


def test_a_write_that_waited_does_not_write_after_closing() -> None:
    """A details object that closes the client while it is read has nothing sent."""

    class Details(dict[str, Any]):
        def keys(self) -> Any:
            start(fixture.client.close())
            return super().keys()

    fixture = Fixture()
    attempt = fixture.connect()
    write = fixture.client.write_message(MsgType.Event, "x", Details(a=1))
    error = start(write)
    error.addErrback(lambda failure: failure.trap(NotConnectedError))
    if attempt.transport.disconnecting:
        assert attempt.transport.value() == b""


def test_endless_connects_leave_the_reactor_its_turns() -> None:
    """A connect in each errback, of an endpoint that refuses at once, does not block for ever."""

    class Refusing(FakeEndpoint):
        def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
            result = super().connect(protocolFactory)
            if len(self.attempts) > 1:
                self.last.refuse()
            return result

    def again(failure: Any) -> None:
        if len(endpoint.attempts) < 2000:
            start(fixture.client.connect()).addErrback(again)

    fixture = Fixture()
    fixture.endpoint = endpoint = Refusing()
    fixture.client._parts.link._connections._endpoint = lambda timeout: endpoint
    start(fixture.client.connect()).addErrback(again)
    endpoint.last.refuse()
    assert 100 < len(endpoint.attempts) < 2000
    fixture.clock.advance(0)
    assert len(endpoint.attempts) == 2000
    assert fixture.client.state is ConnectionState.IDLE
    assert fixture.clock.getDelayedCalls() == []


def test_each_waiter_has_an_error_of_its_own() -> None:
    """Errors of waiters are told apart, and so are their tracebacks."""
    fixture = Fixture()
    calls = [Call(fixture.client.connect()) for _ in range(3)]
    fixture.endpoint.last.refuse()
    assert len({id(call.error) for call in calls}) == 3
    calls = [Call(fixture.client.connect()) for _ in range(3)]
    result_of(fixture.client.close())
    assert len({id(call.error) for call in calls}) == 3


def test_a_log_handler_that_closes_at_a_bad_line(logger: logging.Logger) -> None:
    """The messages behind the bad line are not delivered any more."""
    fixture = Fixture(log=logger)
    handler = Handler("Ignored a line", lambda: start(fixture.client.close()))
    fixture.client.log.addHandler(handler)
    attempt = fixture.connect()
    attempt.receive(numbered(1) + b"junk\r\n" + numbered(2, 3))
    assert [message["id"] for message in fixture.messages] == ["1"]
    handler.act = lambda: None
    attempt.lose()
    fixture.assert_closed()


def test_a_connection_made_after_the_attempt_was_given_up() -> None:
    """A connection of an abandoned attempt is aborted as soon as it is made."""
    fixture = broken_fixture()
    connecting = start(fixture.client.connect(5))
    connecting.addErrback(lambda failure: failure.trap(ConnectTimeoutError))
    fixture.clock.advance(5)
    attempt = fixture.endpoint.last.make_connection()
    assert attempt.transport.aborted
    attempt.lose()
    fixture.assert_closed()


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_an_effect_that_raises_does_not_stop_the_next(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """An effect that raises is logged, and the next effects follow in order."""

    def perform(effect: Effect) -> None:
        performed.append(effect)
        if effect == TellLost():
            queue.add([NoteClosed()])
            raise error

    performed: list[Effect] = []
    queue = EffectQueue(perform, Clock(), NamedLog(logging.getLogger("queue"), "m2"))
    queue.add([TellLost(), CancelRetry()])
    assert performed == [TellLost(), CancelRetry(), NoteClosed()]
    assert error.__name__ in caplog.text
