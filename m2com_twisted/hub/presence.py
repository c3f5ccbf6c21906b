"""Derives from the messages of the hub whether the controller is connected.  No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..connection.state import ConnectionState
from .errors import UnknownInstanceError

__all__ = ["Link", "Presence"]

#: Seconds without a heartbeat after which a service counts as gone.  It sends one each second.
_SILENCE = 5.0

#: Seconds after the connection until a missing heartbeat, or missing last values, are told.  A
#: service sends a heartbeat each second.
_PATIENCE = 1.5

#: What a service lacks without each connection, in words.
_MISSING = (("command", "controller"), ("telemetry", "telemetry of its controller"))


class Link(NamedTuple):
    """A connection of a service to the controller."""

    connected: bool
    #: Number of the message with which the service told this state.  0 if that is not known.
    told: int = 0


@dataclass
class _Service:
    heard_at: float
    links: dict[str, Link] = field(default_factory=dict)

    def is_connected(self, connection: str) -> bool:
        return connection in self.links and self.links[connection].connected


class Presence:
    """Derives the state of each connection of the service to the controller.

    A connection is up if three things hold: this reader is connected to the hub, it has
    read all messages that it missed, and a recent heartbeat of a service reports it as up.
    """

    def __init__(self) -> None:
        self._services: dict[str, _Service] = {}
        # Time of the last change of the connection to the hub.
        self._since = 0.0
        #: Whether there is a connection to the hub.
        self.on_hub = False
        #: ``"no stream"`` or ``"no JetStream"``: see `ReadingNotice`.  Empty if both are there.
        self.missing = ""
        #: Whether this reader has read all messages that it missed.
        self.caught_up = False

    def hub_changed(self, connected: bool, now: float) -> None:
        """Take note that the connection to the hub was made or lost."""
        self.on_hub = connected
        self._since = now
        self.caught_up = False
        self.missing = ""
        if not connected:
            self._services.clear()

    def alive(self, source: str, links: Mapping[str, Link], now: float) -> None:
        """Take a heartbeat of a service.

        It may overtake the message that tells a change, and it may be older than that message.
        """
        service = self._services.setdefault(source, _Service(now))
        service.heard_at = now
        for name, link in links.items():
            known = service.links.get(name)
            is_older = known is not None and 0 < link.told < known.told
            if known is None or (link.connected is not known.connected and not is_older):
                service.links[name] = link
        silent = [name for name, one in self._services.items() if now - one.heard_at > _SILENCE]
        for name in silent:
            del self._services[name]

    def is_news(self, source: str, connection: str, told: int) -> bool:
        """Whether a heartbeat has not already told what the message with this number tells."""
        service = self._services.get(source)
        known = None if service is None else service.links.get(connection)
        return known is None or told > known.told

    def link_changed(self, source: str, connection: str, link: Link, now: float) -> None:
        """Take note of a connection that a service made or lost.

        The controller serves only one client, so a new connection ends any other.
        """
        for other in self._services.values():
            if connection in other.links:
                other.links[connection] = other.links[connection]._replace(connected=False)
        service = self._services.setdefault(source, _Service(now))
        service.heard_at = now
        service.links[connection] = link

    def state(self, connection: str, now: float) -> ConnectionState:
        """Return the state of a connection."""
        if not self.on_hub:
            return ConnectionState.CONNECTING
        up = self.caught_up and any(
            service.is_connected(connection) and now - service.heard_at <= _SILENCE
            for service in self._services.values()
        )
        return ConnectionState.CONNECTED if up else ConnectionState.WAITING

    def obstacle(self, instance: str, now: float) -> str:
        """Return what is missing on the hub for both connections to be up, in words.

        The text is empty if nothing is missing, or if it is too early to know.
        """
        services = [one for one in self._services.values() if now - one.heard_at <= _SILENCE]
        if self.missing == "no JetStream":
            return "the server of the hub keeps no messages: start it with --jetstream"
        if not services and self.missing:
            return str(UnknownInstanceError(instance))
        is_early = now - self._since < _PATIENCE
        if not services:
            return "" if is_early else f"no service of instance {instance!r} is on the hub"
        for connection, missing in _MISSING:
            if not any(one.is_connected(connection) for one in services):
                return f"the service of instance {instance!r} has no {missing}"
        if not self.caught_up and not is_early:
            return f"the hub has not sent the last values of instance {instance!r}"
        return ""
