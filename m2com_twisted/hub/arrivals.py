"""Sorts the messages of the hub by port, and keeps the state of both connections."""

from collections.abc import Mapping

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..errors import BadLineError
from ..wire.codec import Message, decode
from .arrived import Arrived, ReadingNotice
from .presence import Link, Presence
from .remote_port import RemotePort

__all__ = ["Arrivals"]


class Arrivals:
    """Takes everything that a reader receives, in order, in the reactor's thread.

    Parameters
    ----------
    command, telemetry
        The ports that get the messages.
    clock
        Measures the age of heartbeats.
    """

    def __init__(self, command: RemotePort, telemetry: RemotePort, clock: IReactorTime) -> None:
        self._command = command
        self._telemetry = telemetry
        self._ports = (command, telemetry)
        self._clock = clock
        self._presence = Presence()

    def take(self, thing: Arrived | ReadingNotice | bool) -> None:
        """Take a message, a reading notice, or whether the hub is connected."""
        if isinstance(thing, Arrived):
            self._sort(thing)
        elif isinstance(thing, ReadingNotice):
            self._take_notice(thing)
        else:
            self._presence.hub_changed(thing, self._clock.seconds())
            self.update_state()

    @property
    def is_on_hub(self) -> bool:
        """Whether there is a connection to the hub."""
        return self._presence.on_hub

    def obstacle(self, instance: str) -> str:
        """Return what is missing on the hub: see `Presence.obstacle`."""
        return self._presence.obstacle(instance, self._clock.seconds())

    def update_state(self) -> None:
        """Report the states of the connections that have changed.  Some change with time only."""
        now = self._clock.seconds()
        for port in self._ports:
            port.set_state(self._presence.state(port.name, now), resend_values=True)

    def stop(self) -> Deferred[None]:
        """Stop the delivery.

        Returns
        -------
        ended
            Fires when the running callbacks have ended.
        """
        self._presence = Presence()
        for port in self._ports:
            port.set_state(ConnectionState.IDLE)
        stopping = [port.stop() for port in self._ports]
        return gatherResults(stopping).addCallback(lambda _: None)

    def _take_notice(self, told: ReadingNotice) -> None:
        if told.what == "began anew":
            self._command.forget_values()
        elif told.what == "caught up":
            self._presence.caught_up = True
            self._presence.missing = ""
            self.update_state()
            for value in told.values:
                self._sort(value)
        else:
            self._presence.missing = told.what

    def _sort(self, arrived: Arrived) -> None:
        kind = arrived.subject.split(".")[2]
        if kind == "tel":
            if self._telemetry.is_new(arrived):
                self._telemetry.take(arrived)
        elif kind == "alive":
            self._take_heartbeat(_json(arrived.payload))
        elif self._command.is_new(arrived):
            if kind == "link":
                self._link_changed(arrived)
            elif kind == "evt" or not arrived.is_last_value:
                # The status of a past command is not a present value.
                self._command.take(arrived)

    def _take_heartbeat(self, told: Mapping[str, object]) -> None:
        """Take a heartbeat of a service."""
        source, numbers = told.get("source"), told.get("told")
        if not isinstance(source, str):
            return  # not from a service
        sent = _number(told, "sent_telemetry")
        if sent is not None:
            self._telemetry.expect(f"{source}-telemetry", sent)
        links = {
            port.name: Link(told.get(port.name) == "connected", _number(numbers, port.name))
            for port in self._ports
        }
        self._presence.alive(source, links, self._clock.seconds())
        self.update_state()

    def _link_changed(self, arrived: Arrived) -> None:
        if arrived.is_last_value:
            return  # the heartbeat is newer
        name = arrived.subject.rpartition(".")[2]
        source = arrived.source.rpartition("-")[0]
        is_connected = _json(arrived.payload).get("state") == "connected"
        # A service that was cut off from the hub tells its connections late.
        is_past = self._presence.is_followed(source, name, arrived.received)
        # Without a header, the number is 0.
        link = Link(is_connected and not is_past, arrived.sequence or None, arrived.received)
        now = self._clock.seconds()
        is_news = self._presence.is_news(source, name, link.told)
        if link.connected and (is_news or self._presence.confirm(source, name, link)):
            self._forget_values(name)
        if is_news:
            if link.connected and self._presence.is_up(name, now):
                # This is a new connection, although the end of the earlier one was not reported.
                self._presence.all_lost(name)
                self.update_state()
            self._presence.link_changed(source, name, link, now)
            self.update_state()
        if not self._presence.is_up(name, now):
            self._forget_values(name)

    def _forget_values(self, name: str) -> None:
        """Forget the values of a connection that has ended.  The next one brings its own."""
        if name == "command":
            self._command.forget_values()


def _number(numbers: object, name: str) -> int | None:
    number = numbers.get(name) if isinstance(numbers, dict) else None
    # A bool is also an int.
    return number if type(number) is int and number >= 0 else None


def _json(payload: bytes) -> Message:
    try:
        return decode(payload)
    except BadLineError:
        return {}
