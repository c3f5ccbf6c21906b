"""Which losses and connections a reader is told, whatever comes first."""

import json
import logging

import pytest
from twisted.internet.task import Clock

from m2com_twisted.client.observers import LineObserver
from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.hub.arrivals import Arrivals
from m2com_twisted.hub.arrived import Arrived, ReadingNotice
from m2com_twisted.hub.remote_port import RemotePort
from m2com_twisted.hub.subjects import Subjects
from m2com_twisted.support.log import NamedLog
from m2com_twisted.wire.codec import Message

SUBJECTS = Subjects("main")


class SeenLines(LineObserver):
    """An observer that keeps the names of the messages."""

    def __init__(self) -> None:
        self.names: list[object] = []

    def received(self, line: bytes, message: Message) -> None:
        """Keep a name."""
        self.names.append(message["id"])


class Reader:
    """A reader on the hub that has read all messages, and what it tells of the command port."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.port = self._port("command")
        self.arrivals = Arrivals(self.port, self._port("telemetry"), self.clock)
        self.join()

    def _port(self, name: str) -> RemotePort:
        return RemotePort(
            name,
            self._ignore,
            self._changed if name == "command" else lambda: None,
            lambda count: None,
            (),
            keeps_values=name == "command",
            clock=self.clock,
            log=NamedLog(logging.getLogger("test"), "hub"),
        )

    async def _ignore(self, message: Message) -> None:
        pass

    def _changed(self) -> None:
        is_up = self.port.state is ConnectionState.CONNECTED
        if is_up or self.told:
            self.told.append("up" if is_up else "down")

    def join(self, catch_up: bool = True) -> None:
        """Connect to the hub."""
        self.arrivals.take(True)
        if catch_up:
            self.catch_up()

    def catch_up(self) -> None:
        """Have read all messages that were missed."""
        self.arrivals.take(ReadingNotice("caught up"))

    def beat(self, source: str, state: str, told: int | None = None) -> None:
        """Take a heartbeat of a service."""
        heartbeat: Message = {"source": source, "command": state}
        if told is not None:
            heartbeat["told"] = {"command": told}
        self._take(SUBJECTS.alive, heartbeat, source, 0)

    def link(self, source: str, state: str, number: int, at: int = 0) -> None:
        """Take the message about a change that the service noticed at a time."""
        self._take(SUBJECTS.of_link("command"), {"state": state}, f"{source}-events", number, at)

    def event(self, source: str, name: str, number: int) -> None:
        """Take an event."""
        message: Message = {"id": name}
        self._take(SUBJECTS.of_event(message), message, f"{source}-events", number)

    def _take(self, subject: str, payload: Message, source: str, number: int, at: int = 0) -> None:
        self.arrivals.take(Arrived(subject, json.dumps(payload).encode(), source, number, at))


@pytest.fixture
def one() -> Reader:
    """Return a reader to which no service is known."""
    return Reader()


@pytest.mark.parametrize("is_beat_first", [False, True])
def test_connection_is_told_once(one: Reader, is_beat_first: bool) -> None:
    """A connection is told once, whether the heartbeat or its message is first."""
    if is_beat_first:
        one.beat("a-1", "connected", 1)
        one.link("a-1", "connected", 1)
    else:
        one.link("a-1", "connected", 1)
        one.beat("a-1", "connected", 1)
    assert one.told == ["up"]


def test_loss_that_only_a_message_tells(one: Reader) -> None:
    """A loss between two heartbeats is told, even if the second heartbeat is first."""
    one.beat("a-1", "connected", 2)
    one.beat("a-1", "connected", 4)
    one.link("a-1", "waiting", 3)
    one.link("a-1", "connected", 4)
    assert one.told == ["up", "down", "up"]


def test_service_that_is_started_again(one: Reader) -> None:
    """The connection of a killed service is told as lost when the next one is connected."""
    one.beat("a-1", "connected", 2)
    one.beat("a-2", "connected", 1)
    one.link("a-2", "connected", 1)
    assert one.told == ["up", "down", "up"]


def test_loss_of_one_service_says_nothing_of_another(one: Reader) -> None:
    """A loss that is told late does not end the connection that another service has now."""
    one.beat("a-1", "connected", 2)
    one.link("b-1", "connected", 1)
    one.link("a-1", "waiting", 3)
    assert one.told == ["up", "down", "up"]


def test_values_of_the_connected_service_stay(one: Reader) -> None:
    """Observers still get the welcome of the present connection after an old loss is told late."""
    one.link("b-1", "connected", 1)
    one.event("b-1", "interlock", 2)
    one.link("a-1", "waiting", 3)
    observer = SeenLines()
    one.port.add_observer(observer)
    assert observer.names == ["interlock"]
    one.link("b-1", "waiting", 3)
    later = SeenLines()
    one.port.add_observer(later)
    assert later.names == []


def test_service_that_was_cut_off_tells_its_past(one: Reader) -> None:
    """Connections from before the present one neither end it nor its values."""
    one.beat("b-1", "connected", 1)
    one.link("b-1", "connected", 1, at=100)
    one.event("b-1", "interlock", 2)
    for number, state in enumerate(["waiting", "connected", "waiting"], 3):
        one.link("a-1", state, number, at=90 + number)
    assert one.told == ["up"]
    observer = SeenLines()
    one.port.add_observer(observer)
    assert observer.names == ["interlock"]
    one.link("a-1", "connected", 6, at=110)
    assert one.told == ["up", "down", "up"]


def test_connection_that_a_heartbeat_has_ended(one: Reader) -> None:
    """The late message of a connection that is over leaves the values of the present one."""
    one.link("b-1", "connected", 1)
    one.event("b-1", "interlock", 2)
    one.beat("a-1", "waiting", 5)
    one.link("a-1", "connected", 4)
    observer = SeenLines()
    one.port.add_observer(observer)
    assert (one.told, observer.names) == (["up"], ["interlock"])


@pytest.mark.parametrize(
    "payload", [b"nonsense", b"[" * 10_000, b"[]", b"{}", b'{"source": 7}', b'{"told": [1]}']
)
def test_foreign_heartbeats_and_links_are_ignored(one: Reader, payload: bytes) -> None:
    """What is no heartbeat of a service, or no state of a link, changes nothing."""
    one.arrivals.take(Arrived(SUBJECTS.alive, payload, "", 0))
    one.arrivals.take(Arrived(SUBJECTS.of_link("command"), payload, "", 0))
    one.clock.advance(2)
    assert one.told == []
    one.beat("a-1", "connected", 1)
    assert one.told == ["up"]


def test_new_service_overtakes_the_loss_of_the_old_one(one: Reader) -> None:
    """A take-over is told as one loss and one connection, in any order of the news."""
    one.beat("a-1", "connected", 2)
    one.beat("b-1", "connected", 1)
    one.link("a-1", "waiting", 3)
    one.link("b-1", "connected", 1)
    assert one.told == ["up", "down", "up"]


def test_take_over_while_the_reader_was_away(one: Reader) -> None:
    """After the backlog of a take-over, the reader knows at once that the new service is up."""
    one.arrivals.take(False)
    one.join(catch_up=False)
    one.beat("b-1", "connected", 1)
    one.link("a-1", "connected", 2)
    one.link("a-1", "waiting", 3)
    one.link("b-1", "connected", 1)
    assert one.told == []
    one.catch_up()
    assert one.told == ["up"]


def test_backlog_of_a_service_that_has_ended(one: Reader) -> None:
    """An old message about a connection does not count, because the service may have ended."""
    one.arrivals.take(False)
    one.join(catch_up=False)
    one.link("a-1", "connected", 4)
    one.catch_up()
    assert one.told == []


def test_last_heartbeat_overtakes_a_connection(one: Reader) -> None:
    """A connection that a service told before it ended is over when its message arrives."""
    one.beat("a-1", "waiting", 3)
    one.beat("a-1", "idle", 5)
    one.link("a-1", "connected", 5)
    assert one.told == []


def test_heartbeat_from_before_the_first_connection(one: Reader) -> None:
    """A heartbeat that was sent before the first connection does not end it."""
    one.link("a-1", "connected", 1)
    one.beat("a-1", "waiting", 0)
    assert one.told == ["up"]


def test_messages_without_numbers(one: Reader) -> None:
    """Messages of other programs, which have no numbers, are believed in their order."""
    for state in "connected", "waiting", "connected":
        one.link("x-1", state, 0)
    one.beat("x-1", "waiting")
    assert one.told == ["up", "down", "up", "down"]


def test_service_that_was_silent(one: Reader) -> None:
    """A service that was not heard for long is up with its next heartbeat, and stays so."""
    one.beat("a-1", "connected", 2)
    one.clock.advance(6)
    one.arrivals.update_state()
    one.beat("a-1", "connected", 4)
    one.link("a-1", "waiting", 3)
    one.link("a-1", "connected", 4)
    assert one.told == ["up", "down", "up"]
