"""The table that ``m2com monitor`` shows: what is known, as lines of text."""

import json
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from ..catalogue.faults import faults_in
from ..connection.state import ConnectionState
from ..service import ControllerState, ControllerStats
from ..support.stats import MessageRate, Stats
from ..wire.codec import Message

__all__ = ["Board"]

# How many kinds of events are listed, the latest first: there are 23, of which
# the older half says what was so at the start.
_EVENTS_SHOWN = 8


@dataclass
class _Topic:
    """The last message of a name, and how often it comes."""

    message: Message
    seen_at: float
    rate: MessageRate = field(default_factory=MessageRate)


class Board:
    """Takes what the service delivers, and tells it in lines.

    Parameters
    ----------
    clock
        Tells ages and rates.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._events: dict[str, _Topic] = {}
        self._telemetry: dict[str, _Topic] = {}

    def event(self, message: Message) -> None:
        """Take a message of the command port."""
        self._note(self._events, message)

    def telemetry(self, message: Message) -> None:
        """Take a message of the telemetry port."""
        self._note(self._telemetry, message)

    def lines(self, state: ControllerState, stats: ControllerStats) -> list[str]:
        """Return the table as it is now.

        Parameters
        ----------
        state, stats
            Those of the service.
        """
        return [
            self._connection("command", state.command, stats.command),
            self._connection("telemetry", state.telemetry, stats.telemetry),
            "",
            *self._faults(),
            "",
            f"{'telemetry topic':28}{'rate/s':>8}{'age s':>8}",
            *(self._topic(name, self._telemetry[name]) for name in sorted(self._telemetry)),
            "",
            f"{'last events':28}{'rate/s':>8}{'age s':>8}",
            *(self._event(name, topic) for name, topic in self._last_events()),
        ]

    def _note(self, topics: dict[str, _Topic], message: Message) -> None:
        now = self._clock.seconds()
        name = str(message.get("id"))
        # Taken out and put back, so that the last one is the newest.
        topic = topics.pop(name, None) or _Topic(message, now)
        topic.message = message
        topic.seen_at = now
        topic.rate.add(1, now)
        topics[name] = topic

    def _connection(self, name: str, state: ConnectionState, stats: Stats) -> str:
        line = f"{name:10} {state.value:11}{stats.message_rate:6.0f} messages/s"
        if stats.last_message_time is not None:
            line += f", last {self._clock.seconds() - stats.last_message_time:.1f} s ago"
        if state is not ConnectionState.CONNECTED and stats.last_error is not None:
            line += f"  {stats.last_error}"
        return line

    def _faults(self) -> list[str]:
        """Return the faults that are reported now, by name."""
        summary = self._events.get("summaryFaultsStatus")
        status = summary.message.get("status") if summary is not None else None
        if not isinstance(status, int):
            return ["faults: not reported yet"]
        return ["faults:" if status else "faults: none"] + [
            f"  {fault.code} {fault.severity.value}: {fault.name}" for fault in faults_in(status)
        ]

    def _last_events(self) -> list[tuple[str, _Topic]]:
        """Return the latest of each kind of event, the newest first."""
        return list(self._events.items())[: -_EVENTS_SHOWN - 1 : -1]

    def _topic(self, name: str, topic: _Topic) -> str:
        now = self._clock.seconds()
        return f"  {name:26}{topic.rate.read(now):8.1f}{now - topic.seen_at:8.1f}"

    def _event(self, name: str, topic: _Topic) -> str:
        fields = {key: value for key, value in topic.message.items() if key != "id"}
        return f"{self._topic(name, topic)}  {json.dumps(fields):.100}"
