"""Line observers: what they see and when, and that nothing they do harms the client."""

import logging
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from m2com_twisted import CellControllerService, ConnectionState, LineObserver, MsgType, TcpClient
from m2com_twisted.client.observers import LineObservers
from m2com_twisted.support.log import NamedLog
from m2com_twisted.support.stats import Stats
from tests.support.coroutines import result_of, start
from tests.support.embedded_service import Embedded
from tests.support.fake_endpoint import Fixture, close
from tests.support.lines import line, numbered
from tests.support.log_lines import errors

METHODS = ["received", "sent", "bad", "connection"]


class Witness:
    """Keeps what it sees, in order; then does what the test wants."""

    def __init__(self, act: Callable[[str], object] = lambda method: None) -> None:
        self.seen: list[Any] = []
        self.act = act

    def received(self, line: bytes, message: dict[str, Any]) -> None:
        """Keep a message."""
        self.seen.append(("received", line, message))
        self.act("received")

    def sent(self, line: bytes) -> None:
        """Keep a line that was sent."""
        self.seen.append(("sent", line))
        self.act("sent")

    def bad(self, line: bytes, reason: str) -> None:
        """Keep a line that is no message."""
        self.seen.append(("bad", line, reason))
        self.act("bad")

    def connection(self, state: ConnectionState) -> None:
        """Keep a state."""
        self.seen.append(state)
        self.act("connection")

    def of(self, method: str) -> list[Any]:
        """Return what one method has seen."""
        return [entry[1:] for entry in self.seen if isinstance(entry, tuple) and entry[0] == method]


def test_an_observer_sees_everything_in_order() -> None:
    """An observer sees states, the lines of both directions, and bad lines, in order."""
    witness = Witness()
    fixture = Fixture(observers=[witness], max_line_length=40, retry_policy=lambda failures: 1.0)
    attempt = fixture.connect()
    attempt.receive(b'{"id":  "event" }\r\n\r\nheartbeat\r\nnonsense\r\n')
    result_of(fixture.client.write_message(MsgType.Event, "x", {"a": 1}, "M2"))
    attempt.receive(b"x" * 50 + b"\r\n")
    attempt.lose()
    result_of(fixture.client.close())
    bad, oversize = witness.of("bad")
    assert bad == (b"nonsense", bad[1])
    assert bad[1].startswith("not JSON")
    assert oversize == (b"x" * 50, "longer than 40 bytes")
    rest = [entry for entry in witness.seen if not (isinstance(entry, tuple) and entry[0] == "bad")]
    assert rest == [
        ConnectionState.CONNECTING,
        ConnectionState.CONNECTED,
        ("received", b'{"id":  "event" }', {"id": "event"}),
        ("sent", b'{"a": 1, "id": "evt_x", "compName": "M2"}'),
        ConnectionState.WAITING,
        ConnectionState.CLOSING,
        ConnectionState.IDLE,
    ]


def test_a_late_message_needs_no_method_of_its_own() -> None:
    """A late message comes with its age to an observer that wants it, to others as all do."""

    class LateWitness(Witness):
        def received_late(self, line: bytes, message: dict[str, Any], age: float) -> None:
            self.seen.append(("late", line, message, age))

    plain, late = Witness(), LateWitness()
    clock = Clock()
    observers = LineObservers(
        [plain, late], clock=clock, stats=Stats(), log=NamedLog(logging.getLogger("x"), "x")
    )
    observers.received_late(b'{"id": "a"}', {"id": "a"}, 9.0)
    observers.received(b'{"id": "b"}', {"id": "b"})
    assert plain.of("received") == [(b'{"id": "a"}', {"id": "a"}), (b'{"id": "b"}', {"id": "b"})]
    assert late.seen == [
        ("late", b'{"id": "a"}', {"id": "a"}, 9.0),
        ("received", b'{"id": "b"}', {"id": "b"}),
    ]
    observers.remove(late)
    observers.received_late(b'{"id": "c"}', {"id": "c"}, 9.0)
    assert (len(plain.seen), len(late.seen)) == (3, 2)


def test_lines_are_seen_before_they_are_delivered() -> None:
    """A message that waits behind a busy callback has been seen already."""
    witness = Witness()
    fixture = Fixture(lambda message: Deferred(), observers=[witness])
    fixture.connect().receive(numbered(1, 2))
    assert [message["id"] for _, message in witness.of("received")] == ["1", "2"]
    assert fixture.client.stats.queue_depth == 1


def test_a_line_that_python_alone_can_read_is_seen_as_it_was() -> None:
    """An observer gets the controller's own bytes, also for a line with NaN."""
    witness = Witness()
    fixture = Fixture(observers=[witness])
    fixture.connect().receive(b'{"id": "x", "value": NaN}\r\n')
    assert witness.of("received")[0][0] == b'{"id": "x", "value": NaN}'
    assert witness.of("bad") == []


def test_several_observers_see_the_same() -> None:
    """Each observer sees each line, in the order in which they were given."""
    order: list[str] = []
    witnesses = [Witness(lambda method, name=name: order.append(name)) for name in "ab"]  # type: ignore[misc]
    fixture = Fixture(observers=witnesses)
    fixture.connect().receive(numbered(1))
    assert witnesses[0].seen == witnesses[1].seen
    assert order == ["a", "b"] * (len(order) // 2)


def test_a_command_is_seen_before_its_answer() -> None:
    """An observer sees a command before its answer, even if `write` brings the answer."""
    witness = Witness()
    fixture = Fixture(observers=[witness])
    attempt = fixture.connect()
    transport: Any = attempt.transport
    transport.write = lambda data: attempt.receive(line("success", sequence_id=1))
    running = start(fixture.client.run_command("power"))
    assert running.called
    assert [entry[0] for entry in witness.seen if isinstance(entry, tuple)] == ["sent", "received"]


def test_subclasses_need_only_what_they_use() -> None:
    """An observer derived from `LineObserver` may have one method only."""

    class Counter(LineObserver):
        count = 0

        def received(self, line: bytes, message: dict[str, Any]) -> None:
            self.count += 1

    counter = Counter()
    fixture = Fixture(observers=[counter])
    attempt = fixture.connect()
    attempt.receive(numbered(1) + b"nonsense\r\n")
    result_of(fixture.client.write_message(MsgType.Event, "x"))
    assert (counter.count, fixture.client.stats.observer_errors) == (1, 0)


def _exercise(fixture: Fixture) -> None:
    """Give each method of an observer something to see."""
    attempt = fixture.endpoint.last
    attempt.receive(numbered(1) + b"nonsense\r\n" + numbered(2))
    if fixture.client.connected:
        result_of(fixture.client.write_message(MsgType.Event, "x"))


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, GeneratorExit])
def test_what_an_observer_raises_is_logged_seldom_counted_and_harmless(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """Each error counts, one is logged with its traceback, and the next observer sees all."""

    def fail(method: str) -> None:
        raise error

    witness = Witness()
    fixture = Fixture(observers=[Witness(fail), witness])
    attempt = fixture.connect()
    _exercise(fixture)
    assert [message["id"] for message in fixture.messages] == ["1", "2"]
    assert fixture.client.stats.observer_errors == len(witness.seen) == 6
    assert fixture.client.stats.callback_errors == 0
    assert len(errors(caplog)) == 1
    assert error.__name__ in caplog.text
    fixture.clock.advance(10)
    attempt.receive(numbered(3))
    assert "(5 more errors not logged before it)" in errors(caplog)[1]
    close(fixture, attempt)
    fixture.assert_closed()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("then", ["close", "close and connect"])
def test_an_observer_may_close_the_client(method: str, then: str) -> None:
    """After an observer has closed the client nothing is delivered, and it connects again."""
    calls: list[Deferred[None]] = []

    def act(seen: str) -> None:
        if seen == method and len(calls) == 0 and fixture.client.connected:
            calls.append(start(fixture.client.close()))
            if then == "close and connect":
                calls.append(start(fixture.client.connect()))

    witness = Witness(act)
    fixture = Fixture(observers=[witness])
    connecting = start(fixture.client.connect()).addErrback(lambda failure: None)
    attempt = fixture.endpoint.last.accept()
    if method != "connection":
        _exercise(fixture)
    delivered = [message["id"] for message in fixture.messages]
    assert delivered == {"connection": [], "received": [], "bad": ["1"]}.get(method, ["1", "2"])
    attempt.lose()
    assert connecting.called
    assert calls[0].called
    if then == "close and connect":
        fixture.endpoint.last.accept()
        assert calls[1].called
        assert fixture.client.connected
    else:
        fixture.assert_closed()


def test_an_observer_may_close_behind_a_busy_callback() -> None:
    """After an observer has closed the client, nothing is delivered or kept."""
    delivered: list[str] = []

    def act(method: str) -> None:
        if witness.of("received")[-1][1]["id"] == "2":
            start(fixture.client.close())

    async def callback(message: dict[str, Any]) -> None:
        delivered.append(message["id"])
        if message["id"] == "1":
            await Deferred()

    witness = Witness()
    fixture = Fixture(callback, observers=[witness])
    attempt = fixture.connect()
    witness.act = act
    attempt.receive(numbered(1, 2, 3, 4))
    witness.act = lambda method: None
    attempt.lose()
    assert fixture.client.stats.queue_depth == 0
    assert len(witness.of("received")) == 2
    fixture.connect().receive(numbered(9))
    assert delivered == ["1", "9"]


async def _coroutine(*arguments: object) -> None:
    pass


def _generator(*arguments: object) -> Generator[None, None, None]:
    yield


async def _async_generator(*arguments: object) -> AsyncGenerator[None, None]:
    yield


class _Callable:
    async def __call__(self, *arguments: object) -> None:
        pass


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "function",
    [
        _coroutine,
        _generator,
        _async_generator,
        partial(_coroutine),
        partial(partial(_generator)),
        _Callable(),
        partial(_Callable()),
        None,
    ],
    ids=str,
)
def test_an_observer_must_have_four_plain_methods(method: str, function: object) -> None:
    """An observer without its four plain methods is refused at construction."""
    witness = Witness()
    setattr(witness, method, function)
    with pytest.raises(TypeError, match=method):
        TcpClient("m2.example", 50000, print, observers=[witness])
    with pytest.raises(TypeError, match=method):
        CellControllerService("m2.example", telemetry_observers=[witness])


def test_the_service_has_observers_for_each_connection() -> None:
    """An observer of one port of a service sees nothing of the other."""
    command, telemetry = Witness(), Witness()
    embedded = Embedded(command_observers=[command], telemetry_observers=[telemetry])
    embedded.start()
    embedded.command.last.receive(line("a"))
    embedded.telemetry.last.receive(line("b"))
    assert [message["id"] for _, message in command.of("received")] == ["a"]
    assert [message["id"] for _, message in telemetry.of("received")] == ["b"]


def test_states_are_seen_although_nobody_is_connected(caplog: pytest.LogCaptureFixture) -> None:
    """An observer sees each attempt and each wait for the next as a change of state."""
    caplog.set_level(logging.CRITICAL)
    witness = Witness()
    fixture = Fixture(observers=[witness], retry_policy=lambda failures: 1.0)
    fixture.client.start()
    fixture.endpoint.last.refuse()
    fixture.clock.advance(1)
    assert witness.seen == [
        ConnectionState.CONNECTING,
        ConnectionState.WAITING,
        ConnectionState.CONNECTING,
    ]
    result_of(fixture.client.close())


def test_an_observer_sees_a_line_that_is_too_long_in_its_place() -> None:
    """An observer sees a line that is too long after the lines before it."""
    witness = Witness()
    fixture = Fixture(observers=[witness], max_line_length=40)
    attempt = fixture.connect()
    attempt.receive(b'{"id": "a"}\r\n' + b"x" * 50 + b'\r\n{"id": "b"}\r\n' + b"y" * 50)
    lines = [entry[1] for entry in witness.seen if isinstance(entry, tuple)]
    assert lines == [b'{"id": "a"}', b"x" * 50, b'{"id": "b"}', b"y" * 50]
    attempt.lose()
