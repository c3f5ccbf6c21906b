"""The table that ``m2com monitor`` shows, as lines of text."""

import json
from collections import Counter
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from ..catalogue import events
from ..catalogue.actuators import ILCS
from ..catalogue.enums import InnerLoopControlMode, PowerType
from ..catalogue.faults import bits_in
from ..client.observers import LateLineObserver
from ..connection.state import ConnectionState
from ..service import ControllerState, ControllerStats
from ..wire.codec import Message
from .board_ports import BoardPort, Topic

__all__ = ["Board"]

# Number of events in the list, the latest first.  There are 23 kinds of events.  Older ones only
# show the state at the start.
_EVENTS_SHOWN = 8

# Seconds after which a topic is stale.  The slowest topic comes five times a second.
_STALE_AFTER = 2.0

_STALE = "STALE"


class Board:
    """Takes the messages of the service, and shows them as lines of text.

    Values from a lost connection are marked as stale.  A topic that no longer comes is also
    marked.

    Parameters
    ----------
    clock
        Clock for ages and rates.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._events = BoardPort("command", clock)
        self._telemetry = BoardPort("telemetry", clock, _STALE_AFTER)
        # The last message of these events for each key: a power system, an address.
        self._powers: dict[PowerType, tuple[events.PowerSystemState, Topic]] = {}
        self._ilcs: dict[int, tuple[InnerLoopControlMode, Topic]] = {}

    @property
    def command_observer(self) -> LateLineObserver:
        """Observer of the command port."""
        return _Observer(self.event, self._events.connection_changed)

    @property
    def telemetry_observer(self) -> LateLineObserver:
        """Observer of the telemetry port."""
        return _Observer(self.telemetry, self._telemetry.connection_changed)

    def connection_changed(self, state: ControllerState) -> None:
        """Take a change of the connections, in order with their messages."""
        self._events.connection_changed(state.command)
        self._telemetry.connection_changed(state.telemetry)

    def event(self, message: Message, age: float = 0.0) -> None:
        """Take a message of the command port that was received some seconds ago."""
        self._events.note(message, age)
        event = events.parse(message)
        if isinstance(event, events.PowerSystemState):
            self._powers[event.power_type] = event, self._copy(event.name)
        elif isinstance(event, events.InnerLoopControlMode):
            self._ilcs[event.address] = event.mode, self._copy(event.name)

    def telemetry(self, message: Message, age: float = 0.0) -> None:
        """Take a message of the telemetry port that was received some seconds ago."""
        self._telemetry.note(message, age)

    def lines(self, state: ControllerState, stats: ControllerStats) -> list[str]:
        """Return the present table.

        Parameters
        ----------
        state, stats
            State and counters of the service.
        """
        # The service reports a loss in order with the messages, so the report may come later.
        self.connection_changed(state)
        topics = self._telemetry.topics
        return [
            self._events.line(state.command, stats.command),
            self._telemetry.line(state.telemetry, stats.telemetry),
            "",
            *self._power_lines(),
            self._ilc_line(),
            *self._fault_lines(),
            "",
            f"{'telemetry topic':28}{'rate/s':>8}{'age s':>8}",
            *(self._line(self._telemetry, name, topics[name]) for name in sorted(topics)),
            "",
            f"{'last events':28}{'rate/s':>8}{'age s':>8}",
            *self._event_lines(),
        ]

    def _copy(self, name: str) -> Topic:
        """Return a copy of a topic.  The next message does not change the copy."""
        topic = self._events.topics[name]
        return Topic(topic.message, topic.seen_at, topic.connection)

    def _power_lines(self) -> list[str]:
        return [self._power_line(power_type) for power_type in PowerType]

    def _power_line(self, power_type: PowerType) -> str:
        title = f"{power_type.name.lower()} power:"
        if power_type not in self._powers:
            return f"{title} not reported yet"
        event, topic = self._powers[power_type]
        return f"{title} {event.state.name}{self._doubt(topic)}"

    def _ilc_line(self) -> str:
        """Return the number of ILCs in each mode."""
        if not self._ilcs:
            return "ILCs: not reported yet"
        modes = Counter(mode for mode, _ in self._ilcs.values())
        counts = [f"{modes[mode]} {mode.name}" for mode in InnerLoopControlMode if modes[mode]]
        untold = len(ILCS) - len(self._ilcs)
        if untold > 0:
            counts.append(f"{untold} not reported yet")
        oldest = min((topic for _, topic in self._ilcs.values()), key=lambda topic: topic.seen_at)
        return f"ILCs: {', '.join(counts)}{self._doubt(oldest)}"

    def _fault_lines(self) -> list[str]:
        """Return the faults that are reported now, by name."""
        summary = self._events.topics.get("summaryFaultsStatus")
        status = summary.message.get("status") if summary is not None else None
        if summary is None or not isinstance(status, int):
            return ["faults: not reported yet"]
        title = "faults:" if status else "faults: none"
        return [f"{title}{self._doubt(summary)}"] + [
            f"  {fault.code} {fault.severity.value}: {fault.name}" for fault in bits_in(status)
        ]

    def _doubt(self, topic: Topic) -> str:
        """Return the mark of a value that may be out of date."""
        if not self._events.is_stale(topic):
            return ""
        return f"  {_STALE}: as of {self._events.age(topic):.1f} s ago"

    def _event_lines(self) -> list[str]:
        """Return the last event of each kind, the newest first."""
        latest = list(self._events.topics.items())[: -_EVENTS_SHOWN - 1 : -1]
        lines = []
        for name, topic in latest:
            fields = {key: value for key, value in topic.message.items() if key != "id"}
            line = self._line(self._events, name, topic)
            lines.append(f"{line}  {json.dumps(fields):.100}")
        return lines

    def _line(self, port: BoardPort, name: str, topic: Topic) -> str:
        # The rate of a stale topic is 0, because the last measured rate is out of date.
        rate = 0.0 if port.is_stale(topic) else topic.rate.read(self._clock.seconds())
        mark = f" {_STALE}" if port.is_stale(topic) else ""
        return f"  {name:26}{rate:8.1f}{port.age(topic):8.1f}{mark}"


class _Observer(LateLineObserver):
    """Passes the messages and the state of one port to a board."""

    def __init__(
        self,
        take: Callable[[Message, float], None],
        connection_changed: Callable[[ConnectionState], None],
    ) -> None:
        self._take = take
        self._connection_changed = connection_changed

    def received(self, line: bytes, message: Message) -> None:
        """Override."""
        self._take(message, 0.0)

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Override."""
        self._take(message, age)

    def connection(self, state: ConnectionState) -> None:
        """Override."""
        self._connection_changed(state)
