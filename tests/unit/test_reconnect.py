"""After a loss: when the client dials again, when it does not, and what starts afresh."""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.defer import CancelledError

from m2com_twisted import (
    CommandLost,
    ConnectionState,
    ConnectRefusedError,
    ConnectTimeoutError,
    MsgType,
    NotConnectedError,
    SilentPeerError,
    TcpClient,
)
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture
from tests.support.lines import CONNECTED


class Policy:
    """A retry policy that waits a second and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, failures: int) -> float:
        """Return a second."""
        self.asked.append(failures)
        return 1.0


def test_dials_again_after_the_delay() -> None:
    """A lost connection is dialled after the policy's delay, by one timer, as one attempt."""
    fixture = Fixture(retry_policy=lambda failures: 4)
    fixture.connect().lose()
    assert fixture.client.state is ConnectionState.WAITING
    assert not fixture.client.connected
    assert fixture.client.should_be_connected
    assert len(fixture.clock.getDelayedCalls()) == 1
    fixture.clock.advance(3.9)
    assert len(fixture.endpoint.attempts) == 1
    fixture.clock.advance(0.1)
    assert len(fixture.endpoint.attempts) == 2
    fixture.endpoint.last.accept().receive(CONNECTED)
    assert fixture.client.connected
    assert len(fixture.messages) == 1
    assert fixture.clock.getDelayedCalls() == []


def test_goes_on_until_the_server_is_back() -> None:
    """After each failed attempt another follows, and the stats have the last reason."""
    policy = Policy()
    fixture = Fixture(retry_policy=policy)
    fixture.connect().receive(CONNECTED)
    fixture.endpoint.last.lose(error.ConnectionLost())
    assert isinstance(fixture.client.stats.last_error, error.ConnectionLost)
    for _ in range(20):
        fixture.clock.advance(1)
        fixture.endpoint.last.refuse()
    assert isinstance(fixture.client.stats.last_error, ConnectRefusedError)
    fixture.clock.advance(1)
    fixture.clock.advance(10)  # what the first connect() allowed
    assert isinstance(fixture.client.stats.last_error, ConnectTimeoutError)
    assert fixture.endpoint.last.cancelled
    fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    assert fixture.client.connected
    assert fixture.client.stats.connects == 2
    assert policy.asked == list(range(22))


def test_an_attempt_may_take_as_long_as_the_first() -> None:
    """The timeout given to connect holds for every later attempt too."""
    fixture = Fixture(retry_policy=Policy())
    connecting = Call(fixture.client.connect(timeout=3))
    fixture.endpoint.last.accept().lose()
    assert connecting.returned
    fixture.clock.advance(1)
    fixture.clock.advance(3)
    assert fixture.endpoint.last.cancelled
    assert fixture.client.state is ConnectionState.WAITING


@pytest.mark.parametrize(
    ("uptime", "received", "asked"),
    [
        (0.0, b"", [1, 2, 3]),
        (9.9, b"", [1, 2, 3]),
        (0.0, b"heartbeat\r\nnot a message\r\n{", [1, 2, 3]),
        (10.0, b"", [0, 0, 0]),
        (0.0, CONNECTED, [0, 0, 0]),
    ],
    ids=["at once", "within 10 s", "without a message", "after 10 s", "after a message"],
)
def test_only_a_good_connection_resets_the_delays(
    uptime: float, received: bytes, asked: list[int]
) -> None:
    """A message or 10 s of uptime do; to be accepted does not, so it cannot spin."""
    policy = Policy()
    fixture = Fixture(retry_policy=policy)
    fixture.connect()
    for _ in asked:
        if received:
            fixture.endpoint.last.receive(received)
        fixture.clock.advance(uptime)
        fixture.endpoint.last.lose()
        fixture.clock.advance(1)
        fixture.endpoint.last.accept()
    assert policy.asked == asked


def test_accept_then_close_does_not_spin() -> None:
    """An hour of a held port costs no more than an hour of an absent controller."""
    fixture = Fixture()
    fixture.connect().lose()
    for _ in range(3600):
        fixture.clock.advance(1)
        if fixture.client.state is ConnectionState.CONNECTING:
            fixture.endpoint.last.accept().lose()
    assert 120 <= len(fixture.endpoint.attempts) <= 132


def no_policy(failures: int) -> Any:
    """Raise."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "policy",
    [
        no_policy,
        lambda failures: float("nan"),
        lambda failures: -1,
        lambda failures: float("inf"),
        lambda failures: 10**400,
        lambda failures: None,
        lambda failures: "soon",
        lambda: 1,
    ],
    ids=["raises", "nan", "negative", "infinite", "huge", "None", "str", "takes nothing"],
)
def test_a_broken_policy_does_not_end_the_reconnecting(
    policy: Callable[[int], float], caplog: pytest.LogCaptureFixture
) -> None:
    """A retry policy that fails is reported, and the longest default delay is used."""
    fixture = Fixture(retry_policy=policy)
    fixture.connect().lose()
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
    fixture.clock.advance(29.9)
    assert len(fixture.endpoint.attempts) == 1
    fixture.clock.advance(0.1)
    fixture.endpoint.last.accept()
    assert fixture.client.connected


def test_a_policy_may_return_any_real_number() -> None:
    """A Decimal, which does not add to a float, is a delay as well."""
    fixture = Fixture(retry_policy=lambda failures: Decimal("1.5"))
    fixture.connect().lose()
    fixture.clock.advance(1.5)
    assert len(fixture.endpoint.attempts) == 2


def test_without_a_policy_a_lost_connection_stays_lost() -> None:
    """Without a policy a lost connection stays lost until `connect` is called."""
    fixture = Fixture(retry_policy=None)
    fixture.connect().lose()
    assert fixture.client.state is ConnectionState.IDLE
    assert fixture.client.should_be_connected
    assert fixture.clock.getDelayedCalls() == []
    fixture.connect()


def test_without_a_policy_a_failed_connect_raises_each_time() -> None:
    """Without a policy each failed connect raises, also after a connection was lost."""
    fixture = Fixture(retry_policy=None)
    fixture.connect().lose()
    connecting = Call(fixture.client.connect())
    fixture.endpoint.last.refuse()
    assert isinstance(connecting.error, ConnectRefusedError)
    assert not fixture.client.should_be_connected


@pytest.mark.parametrize("retry_policy", [None, lambda failures: 1.0], ids=["never", "retries"])
def test_connect_between_giving_up_and_the_loss(retry_policy: Callable[[int], float]) -> None:
    """A connect in the moment between our abort and the transport's end gets a new connection."""
    fixture = Fixture(retry_policy=retry_policy)
    attempt = fixture.connect()
    fixture.client.timeout = 5
    fixture.clock.advance(5)
    assert attempt.transport.aborted
    assert not fixture.client.connected
    connecting = Call(fixture.client.connect())
    attempt.lose()
    fixture.clock.advance(1)
    assert len(fixture.endpoint.attempts) == 2
    fixture.endpoint.last.accept()
    assert connecting.returned


def test_a_silent_peer_counts_as_lost() -> None:
    """A connection that is silent for the timeout is aborted, and dialled again."""
    fixture = Fixture(retry_policy=Policy())
    fixture.client.timeout = 5
    attempt = fixture.connect()
    fixture.clock.advance(4)
    attempt.receive(b"heartbeat\r\n")
    fixture.clock.advance(4)
    assert fixture.client.connected
    fixture.clock.advance(1)
    assert attempt.transport.aborted
    assert not fixture.client.connected
    attempt.lose(error.ConnectionAborted())
    assert isinstance(fixture.client.stats.last_error, SilentPeerError)
    fixture.clock.advance(1)
    second = fixture.endpoint.last.accept()
    fixture.clock.advance(5)
    assert second.transport.aborted


def test_no_line_of_one_connection_goes_on_in_the_next() -> None:
    """The beginning of a line is lost with its connection."""
    fixture = Fixture(retry_policy=Policy())
    fixture.connect().receive(CONNECTED[:20])
    fixture.endpoint.last.lose()
    fixture.clock.advance(1)
    fixture.endpoint.last.accept().receive(CONNECTED)
    assert len(fixture.messages) == 1
    assert fixture.client.stats.bad_lines == 0


def test_what_waits_to_be_written_fails_with_the_loss() -> None:
    """A message that waits to be written fails with the loss, and takes no sequence id."""
    fixture = Fixture(retry_policy=Policy())
    attempt = fixture.connect()
    attempt.receive(CONNECTED)
    attempt.fill_buffer()
    writing = Call(fixture.client.write_message(MsgType.Command, "power"))
    running = Call(fixture.client.run_command("power"))
    attempt.lose()
    assert isinstance(writing.error, NotConnectedError)
    assert isinstance(running.error, CommandLost)
    fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    assert fixture.sent() == b""
    assert fixture.client.last_sequence_id == -1
    assert fixture.clock.getDelayedCalls() == []


def test_a_command_is_lost_before_the_client_dials_again() -> None:
    """A command fails at once when the connection is lost, before the client dials again."""
    states: list[ConnectionState] = []

    async def run(client: TcpClient) -> None:
        try:
            await client.run_command("power")
        except CommandLost:
            states.append(client.state)
            await client.write_message(MsgType.Command, "power")

    fixture = Fixture(retry_policy=Policy())
    attempt = fixture.connect()
    running = Call(run(fixture.client))
    attempt.lose()
    assert states == [ConnectionState.WAITING]
    assert isinstance(running.error, NotConnectedError)


def test_changes_are_told_once_each_in_order_with_the_messages() -> None:
    """A connection is told before its first message, and its loss after the last."""
    seen: list[object] = []

    async def keep(message: dict[str, Any]) -> None:
        seen.append(message["id"])

    fixture = Fixture(
        keep, retry_policy=Policy(), connect_callback=lambda client: seen.append(client.connected)
    )
    for _ in range(2):
        fixture.connect() if not seen else fixture.endpoint.last.accept()
        fixture.endpoint.last.receive(CONNECTED)
        fixture.endpoint.last.lose()
        fixture.clock.advance(1)
        fixture.endpoint.last.refuse()
        fixture.clock.advance(1)
    assert seen == [True, "tcpIpConnected", False] * 2


def test_a_raising_connect_callback_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """A connect callback that raises is logged and counted, and the client reconnects."""

    def fail(client: TcpClient) -> None:
        raise ZeroDivisionError

    fixture = Fixture(retry_policy=Policy(), connect_callback=fail)
    fixture.connect().lose()
    fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    assert fixture.client.connected
    assert fixture.client.stats.callback_errors == 3
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 3
    assert all(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in errors)


def test_starting_does_not_depend_on_the_first_attempt() -> None:
    """A service's client keeps trying from the start; connect joins with a timeout of its own."""
    fixture = Fixture(retry_policy=Policy())
    fixture.client.start(10)
    connecting = Call(fixture.client.connect(5))
    fixture.endpoint.last.refuse()
    fixture.clock.advance(1)
    assert not connecting.done
    fixture.endpoint.last.accept()
    assert connecting.returned
    assert not isinstance(connecting.error, CancelledError)


def test_starting_without_a_policy_tries_once() -> None:
    """A connect that joins the only attempt of a start learns of its failure at once."""
    fixture = Fixture(retry_policy=None)
    fixture.client.start(10)
    connecting = Call(fixture.client.connect(5))
    fixture.endpoint.last.refuse()
    assert isinstance(connecting.error, ConnectRefusedError)
    assert fixture.client.state is ConnectionState.IDLE
    assert fixture.clock.getDelayedCalls() == []
