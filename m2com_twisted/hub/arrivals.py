"""Sorts what comes off the hub, and keeps the state of both connections."""

import json
from collections.abc import Mapping

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..wire.codec import Message
from .presence import Presence
from .reading import Arrived, Told
from .remote_port import RemotePort

__all__ = ["Arrivals"]


class Arrivals:
    """Takes all that a reader gets, in order, in the reactor's thread.

    Parameters
    ----------
    command, telemetry
        The ports, to which messages go.
    clock
        Measures the age of signs of life.
    """

    def __init__(self, command: RemotePort, telemetry: RemotePort, clock: IReactorTime) -> None:
        self._command = command
        self._telemetry = telemetry
        self._ports = (command, telemetry)
        self._clock = clock
        self._presence = Presence()

    def take(self, thing: Arrived | Told | bool) -> None:
        """Take a message, something about the reading, or whether the hub is there."""
        if isinstance(thing, Arrived):
            self._sort(thing)
        elif isinstance(thing, Told):
            self._told(thing)
        else:
            self._presence.hub_changed(thing)
            self.update_state()

    @property
    def is_on_hub(self) -> bool:
        """Whether there is a connection to the hub."""
        return self._presence.on_hub

    def update_state(self) -> None:
        """Tell where the connections stand, where that has changed; time alone may do it."""
        now = self._clock.seconds()
        for port in self._ports:
            port.set_state(self._presence.state(port.name, now), tell_values=True)

    def stop(self) -> Deferred[None]:
        """Deliver nothing any more.

        Returns
        -------
        ended
            Fires when the callbacks that run have ended.
        """
        self._presence = Presence()
        for port in self._ports:
            port.set_state(ConnectionState.IDLE)
        stopping = [port.stop() for port in self._ports]
        return gatherResults(stopping).addCallback(lambda _: None)

    def _told(self, told: Told) -> None:
        if told.what == "began anew":
            self._command.forget_values()
        else:
            self._presence.caught_up = True
            self.update_state()
            for value in told.values:
                self._sort(value)

    def _sort(self, arrived: Arrived) -> None:
        kind = arrived.subject.split(".")[2]
        if kind == "tel":
            if self._telemetry.is_new(arrived):
                self._telemetry.take(arrived)
        elif kind == "alive":
            self._heard(_json(arrived.payload))
        elif self._command.is_new(arrived):
            if kind == "link":
                self._link_changed(arrived)
            elif kind == "evt" or not arrived.is_last_value:
                # The status of a command long past is no value that holds.
                self._command.take(arrived)

    def _heard(self, told: Mapping[str, object]) -> None:
        """Take a service's sign of life."""
        source, sent = str(told.get("source")), told.get("sent_telemetry")
        if isinstance(sent, int):
            self._telemetry.expect(f"{source}-telemetry", sent)
        connected = {port.name: told.get(port.name) == "connected" for port in self._ports}
        self._presence.alive(source, connected, self._clock.seconds())
        self.update_state()

    def _link_changed(self, arrived: Arrived) -> None:
        if arrived.is_last_value:
            return  # the sign of life is newer
        name = arrived.subject.rpartition(".")[2]
        source = arrived.source.rpartition("-")[0]
        connected = _json(arrived.payload).get("state") == "connected"
        now = self._clock.seconds()
        # The controller sends its welcome again, and earlier values do not hold any more.
        if name == "command":
            self._command.forget_values()
        if connected and self._presence.state(name, now) is ConnectionState.CONNECTED:
            # A new connection, though the end of the one before was not told.
            self._presence.link_changed(source, name, False, now)
            self.update_state()
        self._presence.link_changed(source, name, connected, now)
        self.update_state()


def _json(payload: bytes) -> Message:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
