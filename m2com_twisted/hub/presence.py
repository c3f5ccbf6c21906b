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
    #: Number of the last message about it.  0: there was none yet.  None: not known.
    told: int | None = None
    #: When the service took note of it, in ns since 1970 UTC.  0: not known.
    at: int = 0

    def is_older_than(self, other: "Link") -> bool:
        """Whether the numbers say that this state was before the other one."""
        return self.told is not None and other.told is not None and self.told < other.told

    def untold(self) -> "Link":
        """Return this link with a lower number, so that its message is still news."""
        return self._replace(told=None if self.told is None else self.told - 1)


@dataclass
class _Service:
    heard_at: float = float("-inf")
    #: Each connection.  A message about it is news if its number is above that of the link.
    links: dict[str, Link] = field(default_factory=dict)

    def is_heard(self, now: float) -> bool:
        return now - self.heard_at <= _SILENCE

    def is_connected(self, connection: str) -> bool:
        return connection in self.links and self.links[connection].connected


class Presence:
    """Derives the state of each connection of the service to the controller.

    A connection is up if three things hold: this reader is connected to the hub, it has
    read all messages that it missed, and a service that was heard lately has it.
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

        A heartbeat and the message about a change take different ways, so either may be the first.
        """
        heard = {name: one for name, one in self._services.items() if one.is_heard(now)}
        service = heard.pop(source, _Service())
        service.heard_at = now
        self._services = {**heard, source: service}
        for name, link in links.items():
            known = service.links.get(name, Link(False))
            # If both are up, there may be a loss in between.  Its message is still news.
            if link.is_older_than(known) or (link.connected and known.connected):
                continue
            # If another service is up, only the message can tell which of the two is later.
            is_certain = not link.connected or not self.is_up(name, now)
            service.links[name] = link if is_certain else link.untold()

    def is_news(self, source: str, connection: str, told: int | None) -> bool:
        """Return whether the message with this number may report a change.

        It does not if a heartbeat has told the change before.
        """
        known = self._known(source, connection)
        if known is None or known.told is None or told is None:
            return True
        return told > known.told

    def confirm(self, source: str, connection: str, link: Link) -> bool:
        """Return whether this is the present connection, which a heartbeat has told before."""
        known = self._known(source, connection)
        is_present = known is not None and known.connected and known.told == link.told
        if is_present:
            self._services[source].links[connection] = link
        return is_present

    def is_followed(self, source: str, connection: str, at: int) -> bool:
        """Return whether another service is known to have connected later than at this time."""
        return any(
            service.is_connected(connection) and service.links[connection].at > at > 0
            for name, service in self._services.items()
            if name != source
        )

    def _known(self, source: str, connection: str) -> Link | None:
        service = self._services.get(source)
        return None if service is None else service.links.get(connection)

    def link_changed(self, source: str, connection: str, link: Link, now: float) -> None:
        """Take note of a connection that a service made or lost.

        The controller serves only one client, so a new connection ends any other.
        """
        if link.connected:
            self.all_lost(connection)
        service = self._services.setdefault(source, _Service())
        if self.caught_up:  # an earlier message may be from a service that has ended
            service.heard_at = now
        service.links[connection] = link

    def all_lost(self, connection: str) -> None:
        """Take note that no service has this connection any more.

        If a later heartbeat says that one still has it, the heartbeat is believed.
        """
        for service in self._services.values():
            if service.is_connected(connection):
                lost = service.links[connection].untold()
                service.links[connection] = lost._replace(connected=False)

    def is_up(self, connection: str, now: float) -> bool:
        """Return whether a service that was heard lately has the connection."""
        return any(
            service.is_connected(connection) and service.is_heard(now)
            for service in self._services.values()
        )

    def state(self, connection: str, now: float) -> ConnectionState:
        """Return the state of a connection."""
        if not self.on_hub:
            return ConnectionState.CONNECTING
        up = self.caught_up and self.is_up(connection, now)
        return ConnectionState.CONNECTED if up else ConnectionState.WAITING

    def obstacle(self, instance: str, now: float) -> str:
        """Return what is missing on the hub for both connections to be up, in words.

        The text is empty if nothing is missing, or if it is too early to know.
        """
        services = [one for one in self._services.values() if one.is_heard(now)]
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
