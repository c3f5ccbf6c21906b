"""Derives from the messages of the hub whether the controller is connected.  No I/O."""

from dataclasses import dataclass, field

from ..connection.state import ConnectionState

__all__ = ["Presence"]

#: Seconds without a heartbeat after which a service counts as gone.  It sends one each second.
_SILENCE = 5.0


@dataclass
class _Service:
    heard_at: float
    connected: dict[str, bool] = field(default_factory=dict)


class Presence:
    """Derives the state of each connection of the service to the controller.

    A connection is up if three things hold: this reader is connected to the hub, it has
    read all messages that it missed, and a recent heartbeat of a service reports it as up.
    """

    def __init__(self) -> None:
        self._services: dict[str, _Service] = {}
        #: Whether there is a connection to the hub.
        self.on_hub = False
        #: Whether this reader has read all messages that it missed.
        self.caught_up = False

    def hub_changed(self, connected: bool) -> None:
        """Take note that the connection to the hub was made or lost."""
        self.on_hub = connected
        self.caught_up = False
        if not connected:
            self._services.clear()

    def alive(self, source: str, connected: dict[str, bool], now: float) -> None:
        """Take a heartbeat of a service."""
        self._services[source] = _Service(now, connected)
        silent = [name for name, one in self._services.items() if now - one.heard_at > _SILENCE]
        for name in silent:
            del self._services[name]

    def link_changed(self, source: str, connection: str, connected: bool, now: float) -> None:
        """Take note of a connection that a service made or lost.

        The controller serves only one client, so a new connection ends any other.
        """
        for other in self._services.values():
            other.connected[connection] = False
        service = self._services.setdefault(source, _Service(now))
        service.heard_at = now
        service.connected[connection] = connected

    def state(self, connection: str, now: float) -> ConnectionState:
        """Return the state of a connection."""
        if not self.on_hub:
            return ConnectionState.CONNECTING
        up = self.caught_up and any(
            service.connected.get(connection, False) and now - service.heard_at <= _SILENCE
            for service in self._services.values()
        )
        return ConnectionState.CONNECTED if up else ConnectionState.WAITING
