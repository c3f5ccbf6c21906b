"""When readers are told that a connection to the controller is made."""

import json

import pytest
from twisted.internet.task import Clock

from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.hub.connection_observer import SETTLING_TIME, ConnectionObserver

CONNECTING, CONNECTED = ConnectionState.CONNECTING, ConnectionState.CONNECTED
WAITING, IDLE = ConnectionState.WAITING, ConnectionState.IDLE


class Observed:
    """An observer, and what it has published."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.published: list[str] = []
        self.observer = ConnectionObserver(
            lambda message: str(message["id"]),
            "link",
            lambda subject, payload: self.published.append(subject),
            self._put_event,
            self.clock.callLater,
        )

    def _put_event(self, subject: str, payload: bytes) -> int:
        self.published.append(json.loads(payload)["state"])
        return len(self.published)

    def become(self, *states: ConnectionState) -> None:
        """Let the client of the connection have one state after the other."""
        for state in states:
            self.observer.connection(state)


@pytest.fixture
def observed() -> Observed:
    """Return an observer of a client that connects."""
    return Observed()


def test_number_of_the_message_that_told_the_state(observed: Observed) -> None:
    """The heartbeat names the last message about the connection."""
    assert observed.observer.told == 0
    observed.become(CONNECTED)
    observed.observer.received(b"{}", {"id": "position"})
    assert (observed.published, observed.observer.told) == (["connected", "position"], 1)


def test_line_after_the_publisher_was_stopped_and_started(observed: Observed) -> None:
    """A connection whose timer was stopped is published as made with its first line."""
    observed.become(CONNECTED)
    observed.observer.stop()
    observed.observer.received(b"{}", {"id": "position"})
    assert observed.published == ["connected", "position"]


def test_connection_that_is_closed_at_once_is_not_published(observed: Observed) -> None:
    """A service that stands by tells readers nothing of its attempts, in its heartbeat neither."""
    for _ in range(3):
        observed.become(CONNECTING, CONNECTED)
        assert observed.observer.state is CONNECTING
        observed.clock.advance(0.5)
        observed.become(WAITING)
        observed.clock.advance(20.0)
        assert observed.observer.state is WAITING
    assert observed.published == []
    assert observed.clock.getDelayedCalls() == []


def test_first_line_proves_a_connection(observed: Observed) -> None:
    """The connection is published just before its first line, and once."""
    observed.become(CONNECTING, CONNECTED)
    for name in "first", "second":
        observed.observer.received(b"{}", {"id": name})
    observed.clock.advance(10.0)
    assert observed.published == ["connected", "first", "second"]
    observed.become(WAITING, CONNECTING)
    assert observed.published[3:] == ["waiting"]
    assert observed.observer.state is CONNECTING


def test_silent_controller_is_connected_after_a_moment(observed: Observed) -> None:
    """A controller that has nothing to say is connected when it has not closed the connection."""
    observed.become(CONNECTING, CONNECTED)
    observed.clock.advance(SETTLING_TIME)
    assert observed.published == ["connected"]
    assert observed.observer.state is CONNECTED


def test_stopped_observer_leaves_no_timer(observed: Observed) -> None:
    """A publisher that ends while a connection is new leaves nothing in the reactor."""
    observed.become(CONNECTING, CONNECTED)
    observed.observer.stop()
    assert observed.clock.getDelayedCalls() == []
    observed.become(IDLE)
    assert observed.published == []
