"""Values of a recording over time, and the marks beside them."""

import difflib
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..catalogue import enums, schemas
from ..catalogue.faults import Severity, bits_in
from ..errors import BadLineError, RecordingError
from ..wire.codec import Message
from .flatten import flatten
from .plot_field import Wanted

if TYPE_CHECKING:
    from ..recording import Record

__all__ = ["MARK_TOPICS", "Mark", "MarkKind", "PlotData", "Series"]

#: Kind of a mark.  Some bits of ``summaryFaultsStatus`` are reserved.
MarkKind = Literal["fault", "warning", "reserved", "mode", "link"]

_KINDS: dict[Severity, MarkKind] = {
    Severity.FAULT: "fault",
    Severity.WARNING: "warning",
    Severity.RESERVED: "reserved",
}

#: Ids of the messages from which marks are made.
MARK_TOPICS = (
    "summaryFaultsStatus",
    "closedLoopControlMode",
    "forceBalanceSystemStatus",
    "/link/command",
    "/link/telemetry",
)

# Messages that come separately for several parts of the mirror, and the field that contains the
# part.  Each part has its own line in the plot.
_PART_FIELDS = {"powerSystemState": "powerType", "innerLoopControlMode": "address"}


def _no_numbers() -> "array[float]":
    return array("d")


@dataclass
class Series:
    """The values of one line of the plot.

    Attributes
    ----------
    label
        Name of the line.
    field
        The field as given on the command line.  A list has several lines.
    unit
        Unit of the values.  Empty if there is none.
    is_event
        Whether a value is valid until the next one comes.
    names
        Names of the values of an enumeration.
    times
        Seconds since 1970 UTC.
    values
        The values.
    """

    label: str
    field: str
    unit: str
    is_event: bool
    names: dict[int, str]
    # A night of all axial forces has 50 million numbers.  Lists would take much more memory.
    times: "array[float]" = dataclass_field(default_factory=_no_numbers)
    values: "array[float]" = dataclass_field(default_factory=_no_numbers)


class Mark(NamedTuple):
    """An event that is marked in the plot.

    Attributes
    ----------
    time
        Time of the event, in seconds since 1970 UTC.
    label
        Name of the event.
    kind
        Kind of the mark, which decides its colour.
    """

    time: float
    label: str
    kind: MarkKind


class PlotData:
    """Collects the values of fields, and the marks.

    Parameters
    ----------
    fields
        The fields to read.
    """

    def __init__(self, fields: list[Wanted]) -> None:
        self._fields = list(dict.fromkeys(fields))
        self._series: dict[tuple[str, str], Series] = {}
        self._known: dict[str, list[str]] = {}
        # The last values of the fields whose change makes a mark.
        self._last: dict[str, int] = {}
        self.marks: list[Mark] = []
        self.end = 0.0

    def add(self, record: "Record") -> None:
        """Take a message of the recording."""
        self.end = record.time / 1e9
        try:
            message = record.message
        except BadLineError:
            return
        for one in self._fields:
            if one.topic in (record.topic, record.topic.lstrip("/"), record.id):
                self._add_values(one, record, message)
        if record.kind == "received" or record.kind == "link":
            self.marks.extend(self._marks_of(record, message))

    def series(self) -> list[Series]:
        """Return the series, in the order of the fields.

        Raises
        ------
        RecordingError
            If a field has no value.
        """
        found: list[Series] = []
        for one in self._fields:
            mine = [series for series in self._series.values() if series.field == one.text]
            if not mine:
                raise RecordingError(self._reason(one))
            found += mine
        return found

    def _reason(self, one: Wanted) -> str:
        names = self._known.get(one.topic)
        if names is None:
            return f"there is no message {one.topic} of that time in the recording"
        rest = one.text.removeprefix(f"{one.topic}.")
        similar = difflib.get_close_matches(rest, names, n=3) or names[:5]
        return f"{one.topic} has no number {rest}; it has {', '.join(similar)}"

    def _add_values(self, one: Wanted, record: "Record", message: Message) -> None:
        if one.topic not in self._known:
            self._known[one.topic] = [name for name, _ in flatten(message)]
        part = _part_name(record.id, message)
        value = one.value_in(message)
        values = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, number in values:
            if isinstance(number, int | float):
                label = f"{one.text}{part}" if index is None else f"{one.text}[{index}]{part}"
                series = self._series.get((one.text, label)) or self._new_series(label, one, record)
                series.times.append(record.time / 1e9)
                series.values.append(_float(number))

    def _new_series(self, label: str, one: Wanted, record: "Record") -> Series:
        facts = _facts(record.id, one.path)
        unit = str(facts.get("unit", ""))
        kind = facts.get("items", facts)
        names = _names(kind)
        if kind.get("type") == "boolean":
            names = {0: "false", 1: "true"}
        is_event = record.connection == "command"
        series = Series(label, one.text, unit, is_event, names)
        self._series[one.text, label] = series
        return series

    def _marks_of(self, record: "Record", message: Message) -> Iterator[Mark]:
        time = record.time / 1e9
        if record.kind == "link":
            state = message.get("state")
            if self._has_changed(record.topic, int(state == "connected")):
                what = "connected" if state == "connected" else "disconnected"
                yield Mark(time, f"{record.connection} {what}", "link")
            return
        found = _state_in(record.id, message)
        before = self._last.get(record.id, 0)
        if found is None or not self._has_changed(record.id, found):
            return
        if record.id == "summaryFaultsStatus":
            new = bits_in(found & ~before)
            for fault in new:
                yield Mark(time, f"{fault.code} {fault.name}", _KINDS[fault.severity])
            if not found:
                yield Mark(time, "faults cleared", "mode")
        elif record.id == "closedLoopControlMode":
            yield Mark(time, _mode_name(found), "mode")
        else:
            yield Mark(time, f"force balance {'on' if found else 'off'}", "mode")

    def _has_changed(self, name: str, value: int) -> bool:
        """Store a value.  Return whether it differs from the previous one.

        A first value counts as no change, except for faults.
        """
        before = self._last.get(name, 0 if name == "summaryFaultsStatus" else value)
        self._last[name] = value
        return before != value


def _state_in(message_id: str, message: Message) -> int | None:
    """Return the value whose change makes a mark.  None if there is none."""
    key = {
        "summaryFaultsStatus": "status",
        "closedLoopControlMode": "mode",
        "forceBalanceSystemStatus": "status",
    }.get(message_id, "")
    value = message.get(key)
    return int(value) if isinstance(value, int) and value >= 0 else None


def _mode_name(mode: int) -> str:
    try:
        return f"mode {enums.ClosedLoopControlMode(mode).name}"
    except ValueError:
        return f"mode {mode}"


def _part_name(message_id: str, message: Message) -> str:
    """Return the part of the mirror of a message, as the end of a label."""
    name = _PART_FIELDS.get(message_id)
    value = None if name is None else message.get(name)
    if name is None or not isinstance(value, int):
        return ""
    names = _names(_facts(message_id, (name,)))
    return f" {names[value]}" if value in names else f" {name} {value}"


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of 400 digits
        return math.inf


def _names(facts: dict[str, Any]) -> dict[int, str]:
    """Return the names of the values of a field, if it is an enumeration."""
    return {option["const"]: option["title"] for option in facts.get("oneOf", ())}


def _facts(message_id: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return the description of a field from the catalogue."""
    try:
        found: dict[str, Any] = schemas.schema(message_id)["properties"][path[0]]
    except KeyError:
        return {}
    return found
