"""The last messages of the controller, by subject.

This module holds the state of the mirror.  Messages change it only in `Memory.receive`.  It does
not use Twisted: the time comes with each message.
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

#: The topics that are sent even while the motor power is off.
ALWAYS_SENT = (telemetry.PowerStatusRaw, telemetry.PowerStatus, telemetry.DisplacementSensors)

#: The states in which a power system supplies its devices.
_FEEDING = (PowerSystemState.PoweredOn, PowerSystemState.ResettingBreakers)

#: Events that the controller repeats in each cycle of 0.1 s while they are true.  It sends nothing
#: when they end.  The function of each class returns whether a message must be repeated.
# The type is Any, because each function takes a different class.
_REPEATED: dict[type, Callable[[Any], bool]] = {
    events.M2AssemblyInPosition: lambda event: bool(event.in_position),
    events.CellTemperatureHiWarning: lambda event: bool(event.hi_warning),
    events.ScriptExecutionStatus: lambda event: bool(event.percentage < 100),
}

#: Seconds without a repetition after which such an event has ended.  This is the time of ten
#: cycles, so a short delay does not end the event.
REPEATED_HOLDS = 1.0

#: Weight of a new interval in the average.  One twentieth averages over about one second at the
#: nominal 20 Hz.
_SMOOTHING = 0.05

#: Value of a period after a lost connection.  The next interval is an outage and does not count.
_AFTER_OUTAGE = -1.0

#: A topic is old after this number of its average periods without a message, but not before half a
#: second.  A short delay of the network does not make a topic old.
_PERIODS_UNTIL_OLD = 10
_LEAST_AGE_OF_OLD = 0.5

#: Number of acknowledgements that are kept: far more than the commands that can be pending.
_ACKS_KEPT = 200


class Memory:
    """The last message of each class, the last message of each key, and the faults.

    Parameters
    ----------
    seconds
        Returns the present time, in seconds.

    Attributes
    ----------
    serial
        Number of messages received so far on both ports.
    latest
        Last message of each class.
    power, ilcs
        Last ``powerSystemState`` of each power type, last ``innerLoopControlMode`` of each
        address.
    faults
        The faults.
    limit_switches
        Maps the index of each actuator whose limit switch has triggered to ``"retract"`` or
        ``"extend"``.
    commanded_since
        Serial of the first acknowledgement on this connection.  None if there was none.
    acks
        Maps the sequence id of a command to the serial of its acknowledgement.
    sent, sent_name, sent_id
        Number of commands that were sent.  Name and sequence id of the last one.
    command_up, telemetry_up
        Whether each port is connected.
    command_since, telemetry_since
        Serial at which each of these connections last began or ended.
    closed_elevation
        Elevation that the inclinometer last measured in closed loop.  None before that.
    opened_since
        Serial of the last event that reported the loop open.
    unpowered_since
        Serial of the last event that reported the communication power not on.
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
        # The type is Any, because each method takes a different class.
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
        """Take a message of the command port or the telemetry port."""
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
        """Update the average period of a topic with the interval between two messages."""
        if entry.period <= 0.0:
            entry.period = 0.0 if entry.period else interval
        elif interval > self.age_of_old(entry):
            # The power was off, or the topic comes more slowly now.  Start a new average.
            entry.period = 0.0
        else:
            entry.period += (interval - entry.period) * _SMOOTHING

    def command_sent(self, name: str, sequence_id: int) -> None:
        """Take note that a command was sent."""
        self.sent += 1
        self.sent_name, self.sent_id = name, sequence_id

    def command_connection(self, up: bool) -> None:
        """Take note that the command port was connected or lost."""
        self.command_up = up
        self.command_since = self.serial
        self._loop_closed = False
        self.faults.connection_changed()
        self.limit_switches.clear()
        self.acks.clear()
        self.commanded_since = None

    def telemetry_connection(self, up: bool) -> None:
        """Take note that the telemetry port was connected or lost."""
        self.telemetry_up = up
        self.telemetry_since = self.serial
        for kind in telemetry.BY_NAME.values():
            entry = self.latest.get(kind)
            if entry is not None:
                entry.period = _AFTER_OUTAGE

    # The last message of each class, and whether it is reliable.

    def last_event(self, kind: type[T], since: int = 0) -> T | None:
        """Return the last event of a class.

        Return None if there is no event later than a serial on the present connection.
        """
        entry = self.latest.get(kind)
        if entry is None or entry.serial <= max(since, self.command_since) or not self.command_up:
            return None
        return entry.message  # type: ignore[return-value]  # kept by its class

    def last_power_state(
        self, power_type: PowerType, since: int = 0
    ) -> events.PowerSystemState | None:
        """Return the last state of a power system.  None in the same cases as `last_event`."""
        entry = self.power.get(power_type)
        if entry is None or entry.serial <= max(since, self.command_since) or not self.command_up:
            return None
        return entry.message  # type: ignore[return-value]

    def event_validity(self, entry: Entry | None) -> Validity:
        """Return the validity of an event.  An event is valid until the connection is lost.

        An event that the controller repeats while it is true becomes old when it is not repeated.
        """
        if entry is None:
            return Validity.NEVER
        if not self.command_up:
            return Validity.LINK_DOWN
        if entry.serial <= self.command_since or self._has_lapsed(entry):
            return Validity.OLD
        return Validity.FRESH

    def _has_lapsed(self, entry: Entry) -> bool:
        """Whether an event should have been repeated by now, but was not."""
        must_repeat = _REPEATED.get(type(entry.message))
        if must_repeat is None or not must_repeat(entry.message):
            return False
        return self.seconds() - entry.received_at > REPEATED_HOLDS

    def ilc_validity(self, entry: Entry | None) -> Validity:
        """Return the validity of the mode of an ILC.  A mode becomes old when the power is off."""
        validity = self.event_validity(entry)
        if validity is not Validity.FRESH or entry is None:
            return validity
        power = self.last_power_state(PowerType.Communication)
        if power is not None and power.state is not PowerSystemState.PoweredOn:
            return Validity.UNPOWERED
        return Validity.OLD if entry.serial < self.unpowered_since else validity

    def telemetry_validity(self, kind: type, entry: Entry | None) -> Validity:
        """Return the validity of a topic.  It depends on the age and on the motor power."""
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
        """Return the age, in seconds, at which a topic is old.  The measured period decides."""
        return max(_LEAST_AGE_OF_OLD, _PERIODS_UNTIL_OLD * entry.period)

    def _is_unpowered(self, kind: type) -> bool:
        """Whether a topic is not sent because the motor power is off."""
        if kind in ALWAYS_SENT:
            return False
        power = self.last_power_state(PowerType.Motor)
        # The state decides, because the controller does not always clear the status.
        return power is not None and power.state not in _FEEDING

    def reading(self, entry: Entry | None, validity: Validity) -> Reading[T]:
        """Return a reading of an entry."""
        if entry is None:
            return Reading(None, None, None, validity)
        age = self.seconds() - entry.received_at
        message: T = entry.message  # type: ignore[assignment]  # kept by its class
        return Reading(message, entry.received_at, age, validity)

    # Messages that change more than the last message of their class.

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
            # Only clearErrors causes this word.  The command also resets the limit switches.
            self.limit_switches.clear()

    def _force_balance(self, message: events.ForceBalanceSystemStatus, now: float) -> None:
        self._loop_closed = message.status
        if not message.status:
            self.opened_since = self.serial
        self.faults.loop_reported(message.status, now)

    def _unreadable(self, message: events.Unknown, now: float) -> None:
        """Mark the entries as old that an unreadable message has replaced."""
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
