"""The counters and line observers of both connections to the controller."""

from typing import Protocol

from ..support.stats import Stats
from .controller_state import ControllerStats
from .observers import LineObserver
from .subscriptions import TypedReceiver

__all__ = ["BothPorts", "ObservedPort"]


class ObservedPort(Protocol):
    """One port with counters and line observers.  `TcpClient` has this interface."""

    @property
    def stats(self) -> Stats:
        """The present values of the counters."""

    def add_observer(self, observer: LineObserver) -> None:
        """Add a line observer."""

    def remove_observer(self, observer: LineObserver) -> None:
        """Remove a line observer."""


class BothPorts(TypedReceiver):
    """The counters and line observers of a class that uses both ports."""

    _command: ObservedPort
    _telemetry: ObservedPort

    @property
    def stats(self) -> ControllerStats:
        """The present values of the counters."""
        return ControllerStats(
            self._events.counted(self._command.stats),
            self._topics.counted(self._telemetry.stats),
        )

    def add_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Add one observer to each of the two ports: see `LineObserver`."""
        self._command.add_observer(command)
        self._telemetry.add_observer(telemetry)

    def remove_observers(self, command: LineObserver, telemetry: LineObserver) -> None:
        """Remove two observers.  Does nothing if they were not added."""
        self._command.remove_observer(command)
        self._telemetry.remove_observer(telemetry)
