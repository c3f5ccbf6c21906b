"""What an operator reads of a connection's life, and how loudly it is said."""

import logging

import pytest
from twisted.internet import error

from m2com_twisted import MsgType
from tests.support.coroutines import Call
from tests.support.fake_endpoint import Fixture

MESSAGE = b'{"id": "tcpIpConnected", "isConnected": true}\r\n'
REFUSED = "No connection to m2.example:50000: Connection was refused by other side."
CLOSED = "Lost the connection after 0.0 s: Connection was closed cleanly."
TAKEN = (
    "The controller closed 3 connections in a row at once: "
    "another client may hold the port, which serves only one"
)


class Story:
    """A client named m2 that dials a second after each failure, and what it logs."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self.fixture = Fixture(retry_policy=lambda failures: 1.0, name="m2")
        self.attempt = self.fixture.connect()

    def lose(self, after: float = 0.0, reason: Exception | None = None) -> None:
        """Lose the connection after some seconds of uptime."""
        self.fixture.clock.advance(after)
        self.fixture.endpoint.last.lose(reason)
        self.fixture.clock.advance(1)

    def refuse(self) -> None:
        """Refuse the attempt that is under way."""
        self.fixture.endpoint.last.refuse()
        self.fixture.clock.advance(1)

    def accept(self, message: bool = False) -> None:
        """Accept the attempt that is under way, and perhaps send a message."""
        attempt = self.fixture.endpoint.last.accept()
        if message:
            attempt.receive(MESSAGE)

    def lines(self, level: int = logging.INFO) -> list[tuple[str, str]]:
        """Return what was logged since the last call, from a level on, without the name."""
        records = [record for record in self._caplog.records if record.levelno >= level]
        self._caplog.clear()
        return [(record.levelname, record.getMessage().removeprefix("m2: ")) for record in records]


def test_an_outage_is_told_when_it_begins_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The loss and the first failed attempt are warnings, the recovery tells how long it took."""
    story = Story(caplog)
    assert story.lines() == [("INFO", "Connected")]
    story.lose(60, error.ConnectionLost())
    for _ in range(9):
        story.refuse()
    story.accept()
    assert story.lines() == [
        (
            "WARNING",
            "Lost the connection after 60.0 s: "
            "Connection to the other side was lost in a non-clean fashion.",
        ),
        ("WARNING", REFUSED),
        ("WARNING", "Connected again after an outage of 10.0 s"),
    ]


def test_repeated_failures_are_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Further failures are logged at debug, with cause and delay."""
    story = Story(caplog)
    story.lose(60)
    story.refuse()
    story.lines()
    story.refuse()
    assert story.lines(logging.DEBUG) == [
        ("DEBUG", REFUSED),
        ("DEBUG", "Dialling again in 1.0 s"),
    ]


def test_the_outage_of_a_client_that_never_connected(caplog: pytest.LogCaptureFixture) -> None:
    """The outage of a client that never connected begins with the first failed attempt."""
    fixture = Fixture(retry_policy=lambda failures: 1.0, name="m2")
    caplog.set_level(logging.INFO)
    fixture.client.start(10)
    for _ in range(3):
        fixture.endpoint.last.refuse()
        fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"m2: {REFUSED}"),
        ("WARNING", "m2: Connected after an outage of 3.0 s"),
    ]


def test_each_outage_is_told_anew(caplog: pytest.LogCaptureFixture) -> None:
    """After a good connection the first failure is a warning again."""
    story = Story(caplog)
    for _ in range(2):
        story.lines()
        story.lose(60)
        story.refuse()
        story.accept(message=True)
        assert [level for level, _ in story.lines()] == ["WARNING", "WARNING", "WARNING"]


def test_three_empty_connections_hint_at_another_client(caplog: pytest.LogCaptureFixture) -> None:
    """Three empty connections give one warning that another client may hold the port."""
    story = Story(caplog)
    story.lines()
    for _ in range(10):
        story.lose()
        story.accept()
    assert story.lines() == [("WARNING", CLOSED), ("WARNING", TAKEN)]


def test_a_taken_port_is_told_again_after_a_good_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a good connection, a taken port gives a warning again."""
    story = Story(caplog)
    for _ in range(2):
        story.lines()
        for _ in range(3):
            story.lose()
            story.accept()
        assert ("WARNING", TAKEN) in story.lines()
        story.fixture.endpoint.last.receive(MESSAGE)
        story.lose()
        story.accept()


@pytest.mark.parametrize(
    ("uptime", "received"),
    [(1.0, b""), (0.5, b"{"), (0.5, MESSAGE)],
    ids=["long", "byte", "message"],
)
def test_other_short_connections_hint_at_nothing(
    uptime: float, received: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection of a second, or one with a byte, is not that of a taken port."""
    story = Story(caplog)
    for _ in range(5):
        if received:
            story.fixture.endpoint.last.receive(received)
        story.lose(uptime)
        story.accept()
    assert ("WARNING", TAKEN) not in story.lines()


def test_what_the_client_gave_up_itself_hints_at_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A silent controller closes nothing, so nobody else need hold its port."""
    story = Story(caplog)
    story.fixture.client.timeout = 0.5
    for _ in range(5):
        story.lose(0.5, error.ConnectionAborted())
        story.accept()
    lines = story.lines()
    assert ("WARNING", TAKEN) not in lines
    assert ("WARNING", "Lost the connection after 0.5 s: Nothing was received for 0.5 s.") in lines


@pytest.mark.parametrize(
    ("quiet", "message"), [(0.3, True), (10.0, False)], ids=["message", "10 s"]
)
def test_recovery_from_a_taken_port(
    quiet: float, message: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Recovery from a taken port is logged when the connection has proved good."""
    story = Story(caplog)
    story.fixture.endpoint.last.receive(MESSAGE)
    for _ in range(5):
        story.lose()
        story.accept()
    story.lines()
    story.fixture.clock.advance(quiet - 0.1)
    assert story.lines() == []
    story.fixture.clock.advance(0.1)
    if message:
        story.fixture.endpoint.last.receive(MESSAGE)
    assert story.lines() == [("WARNING", "Connected again after an outage of 5.0 s")]
    story.fixture.clock.advance(60)
    story.fixture.endpoint.last.receive(MESSAGE)
    assert story.lines() == []
    assert story.fixture.clock.getDelayedCalls() == []


@pytest.mark.parametrize("end", ["lose", "close"])
def test_a_connection_that_ends_unproved_leaves_no_timer(
    end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that ends before it proved good leaves no timer."""
    story = Story(caplog)
    story.lose()
    story.accept()
    if end == "close":
        closing = Call(story.fixture.client.close())
        story.fixture.endpoint.last.lose()
        assert closing.returned
        assert story.fixture.clock.getDelayedCalls() == []
    else:
        story.fixture.endpoint.last.lose()
        assert len(story.fixture.clock.getDelayedCalls()) == 1


def test_a_first_connect_that_fails_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A first connect that fails is logged as a warning, although it also raises."""
    fixture = Fixture()
    connecting = Call(fixture.client.connect())
    fixture.endpoint.last.refuse()
    assert [record.getMessage() for record in caplog.records] == [f"tcp-client: {REFUSED}"]
    assert str(connecting.error) == REFUSED


def test_after_a_close_the_story_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    """An outage does not outlive the client's wish to be connected."""
    story = Story(caplog)
    story.lose(60)
    assert Call(story.fixture.client.close()).returned
    story.lines()
    story.fixture.clock.advance(3600)
    story.fixture.connect()
    assert story.lines() == [("INFO", "Connected")]


def test_every_line_carries_the_name(caplog: pytest.LogCaptureFixture) -> None:
    """Every log line of a connection carries the client's name, even one with a percent sign."""
    caplog.set_level(logging.DEBUG)

    async def fail(message: object) -> None:
        raise ZeroDivisionError

    fixture = Fixture(fail, retry_policy=lambda failures: -1, name="m2 100%", max_line_length=50)
    attempt = fixture.connect()
    attempt.receive(b"x\r\n" + MESSAGE + b"x" * 200)
    Call(fixture.client.run_command("power", timeout=1))
    Call(fixture.client.write_message(MsgType.Event, "e"))
    fixture.clock.advance(2)
    attempt.receive(b'{"id": "success", "sequence_id": 1}\r\n')
    attempt.lose()
    fixture.clock.advance(30)
    fixture.endpoint.last.refuse()
    Call(fixture.client.close())
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) >= 8
    assert [line for line in lines if not line.startswith("m2 100")] == []
    assert {record.name for record in caplog.records} == {"TcpClient"}
