"""How old the messages are that a reader shows to its observers."""

import logging

import pytest
from twisted.internet.task import Clock

from m2com_twisted import LateLineObserver
from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.hub.arrived import Arrived
from m2com_twisted.hub.remote_port import RemotePort
from m2com_twisted.support.log import NamedLog
from m2com_twisted.wire.codec import Message

SECOND = 10**9
#: The wall clock of the reader, in ns since 1970.
NOW = 1_800_000_000 * SECOND


class Ages(LateLineObserver):
    """Keeps the age of each message."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def received(self, line: bytes, message: Message) -> None:
        """Keep that a message is new."""
        self.seen.append(0.0)

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Keep the age of a message."""
        self.seen.append(age)


class Port:
    """A port on clocks of the test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.utc = NOW
        self.ages = Ages()
        self.port = RemotePort(
            "command",
            lambda message: None,
            lambda: None,
            lambda count: None,
            [self.ages],
            keeps_values=True,
            clock=self.clock,
            utc=lambda: self.utc,
            log=NamedLog(logging.getLogger("m2com"), "hub"),
        )

    def take(self, received: int, name: str = "interlock") -> None:
        """Let a message arrive that the service received at a time."""
        line = f'{{"id": "{name}"}}'.encode()
        self.port.take(Arrived(f"m2.main.evt.{name}", line, "s", 1, received, is_last_value=True))


@pytest.fixture
def port() -> Port:
    """Return a port whose observer keeps the ages."""
    return Port()


def test_last_value_is_as_old_as_its_event(port: Port) -> None:
    """An event that the service received an hour ago is an hour old."""
    port.take(NOW - 3600 * SECOND)
    assert port.ages.seen == [3600.0]


def test_difference_of_the_clocks_makes_no_age(port: Port) -> None:
    """A message that is new is not taken for an old one, or for one from the future."""
    port.take(NOW - SECOND)
    port.take(NOW + 5 * SECOND)
    port.take(0)
    assert port.ages.seen == [0.0, 0.0, 0.0]


def test_value_that_is_told_again_has_grown_older(port: Port) -> None:
    """The age of a value that is told again does not depend on steps of the wall clock."""
    port.take(NOW - 3600 * SECOND)
    port.take(NOW, "config")
    port.utc += 86400 * SECOND
    port.clock.advance(60.0)
    port.port.set_state(ConnectionState.CONNECTED, resend_values=True)
    assert port.ages.seen == [3600.0, 0.0, 3660.0, 60.0]


def test_late_observer_gets_the_ages(port: Port) -> None:
    """An observer that is added later is told how old the last values are."""
    port.take(NOW - 10 * SECOND)
    port.port.set_state(ConnectionState.CONNECTED)
    port.clock.advance(5.0)
    added = Ages()
    port.port.add_observer(added)
    assert added.seen == [15.0]
