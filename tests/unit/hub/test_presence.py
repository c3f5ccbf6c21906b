"""Whether the controller can be believed to be connected."""

import pytest

from m2com_twisted.connection.state import ConnectionState
from m2com_twisted.hub.presence import Link, Presence

UP = {"command": Link(True, 1), "telemetry": Link(True, 2)}


@pytest.fixture
def presence() -> Presence:
    """Return the presence of a reader that knows both connections to be up."""
    presence = Presence()
    presence.hub_changed(True, 0.0)
    presence.caught_up = True
    presence.alive("a", UP, 0.0)
    return presence


def test_connected_while_the_service_says_so(presence: Presence) -> None:
    """A connection is up while a service that was heard lately says that it is."""
    assert presence.state("command", 5.0) is ConnectionState.CONNECTED
    assert presence.state("command", 5.1) is ConnectionState.WAITING


def test_not_connected_without_the_hub(presence: Presence) -> None:
    """Without a connection to the hub, nothing is known to be up."""
    presence.hub_changed(False, 0.0)
    assert presence.state("command", 0.0) is ConnectionState.CONNECTING


def test_not_connected_until_caught_up(presence: Presence) -> None:
    """After a reconnection to the hub, a reader is up when it has read what it missed."""
    presence.hub_changed(False, 0.0)
    presence.hub_changed(True, 0.0)
    presence.alive("a", UP, 1.0)
    assert presence.state("command", 1.0) is ConnectionState.WAITING
    presence.caught_up = True
    assert presence.state("command", 1.0) is ConnectionState.CONNECTED


def test_service_that_stands_by_changes_nothing(presence: Presence) -> None:
    """A second service without connections does not make those of the first doubtful."""
    presence.alive("b", {"command": Link(False), "telemetry": Link(False)}, 1.0)
    assert presence.state("command", 1.0) is ConnectionState.CONNECTED


def test_new_connection_ends_the_other(presence: Presence) -> None:
    """The controller serves one client, so when another service connects the first has lost it."""
    presence.link_changed("b", "command", Link(True, 1), 1.0)
    presence.link_changed("b", "command", Link(False, 2), 2.0)
    assert presence.state("command", 2.0) is ConnectionState.WAITING
    assert presence.state("telemetry", 2.0) is ConnectionState.CONNECTED


def test_heartbeat_that_overtakes_a_change_tells_it(presence: Presence) -> None:
    """What a heartbeat has already told is no news when its own message arrives."""
    assert not presence.is_news("a", "command", 1)
    assert presence.is_news("a", "command", 3)
    presence.alive("a", {"command": Link(False, 3)}, 1.0)
    assert presence.state("command", 1.0) is ConnectionState.WAITING
    assert not presence.is_news("a", "command", 3)


def test_heartbeat_that_is_older_than_a_change_tells_nothing(presence: Presence) -> None:
    """A heartbeat that was sent before a change does not undo it."""
    presence.link_changed("a", "command", Link(False, 3), 1.0)
    presence.alive("a", UP, 1.0)
    assert presence.state("command", 1.0) is ConnectionState.WAITING


def test_reconnection_between_two_heartbeats_is_still_news(presence: Presence) -> None:
    """A loss and a new connection are told by their messages, even if a heartbeat was faster."""
    presence.alive("a", {"command": Link(True, 4)}, 1.0)
    assert presence.is_news("a", "command", 3)
    presence.link_changed("a", "command", Link(False, 3), 1.0)
    assert presence.state("command", 1.0) is ConnectionState.WAITING
    assert presence.is_news("a", "command", 4)
