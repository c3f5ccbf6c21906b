"""Everything the controller has said that still matters, by subject.

This is where the state of the mirror lives, and `Memory.receive` is the only place
where it changes.  No Twisted: time comes in with each message.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..catalogue import events, telemetry
from ..catalogue.actuators import ILCS
from ..catalogue.enums import PowerSystemState, PowerType
from .fault_log import FaultLog
from .inclinometer import elevation_measured
from .readings import Entry, Reading, Validity
from .unreadable import doubtful, kind_of

__all__ = ["ALWAYS_SENT", "REPEATED_HOLDS", "Memory"]

T = TypeVar("T")

#: The topics that also come while the motor power is off.
ALWAYS_SENT = (telemetry.PowerStatusRaw, telemetry.PowerStatus, telemetry.DisplacementSensors)

#: The states in which a power system feeds what hangs on it.
_FEEDING = (PowerSystemState.PoweredOn, PowerSystemState.ResettingBreakers)

#: Events that the controller repeats in each cycle of 0.1 s while they hold, without a word
#: when they end.  Each has a function that says whether a message is such a one.
# Any, because each takes the class that it stands for.
_REPEATED: dict[type, Callable[[Any], bool]] = {
    events.M2AssemblyInPosition: lambda event: bool(event.in_position),
    events.CellTemperatureHiWarning: lambda event: bool(event.hi_warning),
    events.ScriptExecutionStatus: lambda event: bool(event.percentage < 100),
}

#: Seconds for which they hold without being repeated: ten cycles, more than a hiccup.
REPEATED_HOLDS = 1.0

#: Part of a new interval that goes into the average.  A twentieth averages over about
#: a second of the nominal 20 Hz.
_SMOOTHING = 0.05

#: In place of a period: the next interval is an outage, which is no period.
_AFTER_OUTAGE = -1.0

#: A topic is old when it is missing for so many of its average periods, but never
#: before it is half a second old: ten cycles, more than a hiccup of the network.
_PERIODS_UNTIL_OLD = 10
_LEAST_AGE_OF_OLD = 0.5

#: Acknowledgements that are remembered: far more than can be in flight.
_ACKS_KEPT = 200


class Memory:
    """The last message of each kind, those that come by key, and the faults.

    Parameters
    ----------
    seconds
        Returns the time; ages count from it.

    Attributes
    ----------
    serial
        Number of messages so far, of both ports.
    latest
        Last message by its class.
    power, ilcs
        Last ``powerSystemState`` by power type, last ``innerLoopControlMode`` by address.
    faults
        The faults.
    limit_switches
        Actuators whose limit switches have triggered: index to ``"retract"`` or ``"extend"``.
    commanded_since
        Serial of the first acknowledgement on this connection; None if there was none.
    acks
        Serial of the acknowledgement by the sequence id of the command.
    sent, sent_name, sent_id
        Number of commands that were sent; name and sequence id of the last one.
    command_up, telemetry_up
        Whether the connection to each port stands.
    command_since, telemetry_since
        Serial at which each of these connections began.
    closed_elevation
        Elevation by the inclinometer when the loop was closed last; None if it never was.
    opened_since
        Serial at which the loop was last told to be open.
    unpowered_since
        Serial at which the communication power was last seen not to be on.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        self.serial = 0
        self.latest: dict[type, Entry] = {}
        self.power: dict[PowerType, Entry] = {}
        self.ilcs: dict[int, Entry] = {}
        self.faults = FaultLog()
        self.limit_switches: dict[int, str] = {}
        self.commanded_since: int | None = None
        self.acks: dict[int, int] = {}
        self.sent, self.sent_name, self.sent_id = 0, "", -1
        self.command_up = self.telemetry_up = False
        self.command_since = self.telemetry_since = 0
        self.closed_elevation: float | None = None
        self.opened_since = 0
        self.unpowered_since = 0
        self._loop_closed = False
        # Any, because each takes the class that it stands for.
        self._hooks: dict[type, Callable[[Any, float], None]] = {
            events.PowerSystemState: self._power,
            events.InnerLoopControlMode: self._ilc,
            events.SummaryFaultsStatus: self._summary,
            events.ForceBalanceSystemStatus: self._force_balance,
            events.LimitSwitchStatus: self._limits,
            events.Ack: self._ack,
            events.Unknown: self._unreadable,
            telemetry.ZenithAngle: self._zenith_angle,
        }

    def receive(self, message: object, now: float) -> None:
        """Take a message of either port."""
        kind = type(message)
        serial = self.serial = self.serial + 1
        entry = self.latest.get(kind)
        if entry is None:
            self.latest[kind] = Entry(message, now, serial)
        else:
            self._measure(entry, now - entry.received_at)
            entry.message = message
            entry.received_at = now
            entry.serial = serial
        hook = self._hooks.get(kind)
        if hook is not None:
            hook(message, now)

    def _measure(self, entry: Entry, interval: float) -> None:
        """Let the average period of a topic follow an interval between two messages."""
        if entry.period <= 0.0:
            entry.period = 0.0 if entry.period else interval
        elif interval > self.age_of_old(entry):
            # Its power was off, perhaps for hours, or it comes more slowly now: measure anew.
            entry.period = 0.0
        else:
            entry.period += (interval - entry.period) * _SMOOTHING

    def command_sent(self, name: str, sequence_id: int) -> None:
        """Remember that a command was sent."""
        self.sent += 1
        self.sent_name, self.sent_id = name, sequence_id

    def command_connection(self, up: bool) -> None:
        """Remember that the command port was connected, or lost."""
        self.command_up = up
        self.command_since = self.serial
        self._loop_closed = False
        self.faults.connection_changed()
        self.limit_switches.clear()
        self.acks.clear()
        self.commanded_since = None

    def telemetry_connection(self, up: bool) -> None:
        """Remember that the telemetry port was connected, or lost."""
        self.telemetry_up = up
        self.telemetry_since = self.serial
        for kind in telemetry.BY_NAME.values():
            entry = self.latest.get(kind)
            if entry is not None:
                entry.period = _AFTER_OUTAGE

    # The last message of each kind, and whether it can be relied on.

    def told(self, kind: type[T], since: int = 0) -> T | None:
        """Return the last message of a class, if it was told on this connection and after a serial.

        For events; a message from before the connection began is not returned.
        """
        entry = self.latest.get(kind)
        if entry is None or entry.serial <= max(since, self.command_since) or not self.command_up:
            return None
        return entry.message  # type: ignore[return-value]  # kept by its class

    def told_power(self, power_type: PowerType, since: int = 0) -> events.PowerSystemState | None:
        """Return the last state of a power system, if it was told on this connection."""
        entry = self.power.get(power_type)
        if entry is None or entry.serial <= max(since, self.command_since) or not self.command_up:
            return None
        return entry.message  # type: ignore[return-value]

    def event_validity(self, entry: Entry | None) -> Validity:
        """Return what an event is worth: it holds until the connection is lost.

        One that is repeated while it holds is worth nothing once it is not repeated.
        """
        if entry is None:
            return Validity.NEVER
        if not self.command_up:
            return Validity.LINK_DOWN
        if entry.serial <= self.command_since or self._has_lapsed(entry):
            return Validity.OLD
        return Validity.FRESH

    def _has_lapsed(self, entry: Entry) -> bool:
        """Whether an event is one that should be repeated, and is not any more."""
        must_repeat = _REPEATED.get(type(entry.message))
        if must_repeat is None or not must_repeat(entry.message):
            return False
        return self.seconds() - entry.received_at > REPEATED_HOLDS

    def ilc_validity(self, entry: Entry | None) -> Validity:
        """Return what the mode of an ILC is worth: nothing once its power was off."""
        validity = self.event_validity(entry)
        if validity is not Validity.FRESH or entry is None:
            return validity
        power = self.told_power(PowerType.Communication)
        if power is not None and power.state is not PowerSystemState.PoweredOn:
            return Validity.UNPOWERED
        return Validity.OLD if entry.serial < self.unpowered_since else validity

    def telemetry_validity(self, kind: type, entry: Entry | None) -> Validity:
        """Return what telemetry is worth: it gets old, and most needs the motor power."""
        if entry is None:
            return Validity.UNPOWERED if self._is_unpowered(kind) else Validity.NEVER
        if not self.telemetry_up:
            return Validity.LINK_DOWN
        if self._is_unpowered(kind):
            return Validity.UNPOWERED
        age = self.seconds() - entry.received_at
        if entry.serial <= self.telemetry_since or age > self.age_of_old(entry):
            return Validity.OLD
        return Validity.FRESH

    def age_of_old(self, entry: Entry) -> float:
        """Return the age at which a topic is old, by how often it has come so far."""
        return max(_LEAST_AGE_OF_OLD, _PERIODS_UNTIL_OLD * entry.period)

    def _is_unpowered(self, kind: type) -> bool:
        """Whether a topic does not come because the motor power is off."""
        if kind in ALWAYS_SENT:
            return False
        power = self.told_power(PowerType.Motor)
        # By the state: the controller does not always clear the status.
        return power is not None and power.state not in _FEEDING

    def reading(self, entry: Entry | None, validity: Validity) -> Reading[T]:
        """Return a reading of an entry."""
        if entry is None:
            return Reading(None, None, None, validity)
        age = self.seconds() - entry.received_at
        message: T = entry.message  # type: ignore[assignment]  # kept by its class
        return Reading(message, entry.received_at, age, validity)

    # Messages that change more than the last message of their kind.

    def _power(self, message: events.PowerSystemState, now: float) -> None:
        self.power[message.power_type] = Entry(message, now, self.serial)
        is_on = message.state is PowerSystemState.PoweredOn
        if message.power_type is PowerType.Communication and not is_on:
            self.unpowered_since = self.serial

    def _ilc(self, message: events.InnerLoopControlMode, now: float) -> None:
        if 0 <= message.address < len(ILCS):
            self.ilcs[message.address] = Entry(message, now, self.serial)

    def _summary(self, message: events.SummaryFaultsStatus, now: float) -> None:
        self.faults.reported(message.status, now)
        if not message.status:
            # Only clearErrors brings this, and it forgets the limit switches, too.
            self.limit_switches.clear()

    def _force_balance(self, message: events.ForceBalanceSystemStatus, now: float) -> None:
        self._loop_closed = message.status
        if not message.status:
            self.opened_since = self.serial
        self.faults.loop_told(message.status, now)

    def _unreadable(self, message: events.Unknown, now: float) -> None:
        """Rely no more on what this message says anew, which cannot be read."""
        kind = kind_of(message)
        if kind is None:
            return
        entries: dict[type, Mapping[Any, Entry]] = {
            events.PowerSystemState: self.power,
            events.InnerLoopControlMode: self.ilcs,
        }
        for entry in doubtful(message, entries.get(kind, {}), self.latest.get(kind)):
            entry.serial = 0
        if kind is events.SummaryFaultsStatus:
            self.faults.unreadable()

    def _zenith_angle(self, message: telemetry.ZenithAngle, now: float) -> None:
        angle = elevation_measured(message)
        if self._loop_closed and angle is not None:
            self.closed_elevation = angle

    def _limits(self, message: events.LimitSwitchStatus, now: float) -> None:
        self.limit_switches.update(dict.fromkeys(message.retract, "retract"))
        self.limit_switches.update(dict.fromkeys(message.extend, "extend"))

    def _ack(self, message: events.Ack, now: float) -> None:
        self.acks[message.sequence_id] = self.serial
        if self.commanded_since is None:
            self.commanded_since = self.serial
        if len(self.acks) > _ACKS_KEPT:
            del self.acks[next(iter(self.acks))]
