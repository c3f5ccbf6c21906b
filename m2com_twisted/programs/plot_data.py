"""Values of a recording over time, and the marks beside them."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..catalogue import enums, schemas
from ..catalogue.faults import bits_in
from ..errors import BadLineError, RecordingError
from ..wire.codec import Message
from .flatten import flatten

if TYPE_CHECKING:
    from ..recording import Record

__all__ = ["MARK_TOPICS", "Mark", "PlotData", "Series", "Wanted", "wanted"]

#: Ids of the messages that marks are made of.
MARK_TOPICS = (
    "summaryFaultsStatus",
    "closedLoopControlMode",
    "forceBalanceSystemStatus",
    "/link/command",
    "/link/telemetry",
)

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class Wanted(NamedTuple):
    """A field that is to be plotted.

    Attributes
    ----------
    text
        As it was written: ``axialForce.measured[3]``.
    topic
        Message id or channel.
    path
        Keys and indices that lead to the value.
    """

    text: str
    topic: str
    path: tuple[str | int, ...]


def wanted(text: str) -> Wanted:
    """Read what is to be plotted.

    Raises
    ------
    ValueError
        If it is no field.
    """
    # A channel has slashes; dots come after its last one.
    slash = text.rfind("/") + 1
    name, _, rest = text[slash:].partition(".")
    steps = list(_STEP.finditer(rest))
    if not name or not rest or "".join(step[0] for step in steps) != rest:
        raise ValueError(f"a field is written as position.x or axialForce.measured[3], not {text}")
    path = tuple(int(step[2]) if step[2] else step[1] for step in steps)
    return Wanted(text, text[:slash] + name, path)


@dataclass
class Series:
    """The values of one field.

    Attributes
    ----------
    label
        Name of the field.
    unit
        Unit of the values; empty if there is none.
    is_event
        Whether a value holds until the next one comes.
    names
        Names of the values of an enumeration.
    times
        Seconds since 1970 UTC.
    values
        The values.
    """

    label: str
    unit: str
    is_event: bool
    names: dict[int, str]
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


class Mark(NamedTuple):
    """Something that happened.

    Attributes
    ----------
    time
        When, in seconds since 1970 UTC.
    label
        What, in a few words.
    kind
        ``"fault"``, ``"warning"``, ``"mode"`` or ``"link"``.
    """

    time: float
    label: str
    kind: str


class PlotData:
    """Collects the values of fields, and the marks.

    Parameters
    ----------
    fields
        The fields to read.
    """

    def __init__(self, fields: list[Wanted]) -> None:
        self._fields = fields
        self._series: dict[str, Series] = {}
        self._known: dict[str, list[str]] = {}
        # The last value of what becomes a mark when it changes.
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
        """Return the series, in the order in which they are wanted.

        Raises
        ------
        RecordingError
            If there is no value of a field.
        """
        found: list[Series] = []
        for one in self._fields:
            mine = [
                series
                for label, series in self._series.items()
                if label == one.text or label.startswith(f"{one.text}[")
            ]
            if not mine:
                raise RecordingError(self._complaint(one))
            found += mine
        return found

    def _complaint(self, one: Wanted) -> str:
        names = self._known.get(one.topic)
        if names is None:
            return f"there is no message {one.topic} of that time in the recording"
        rest = one.text.removeprefix(f"{one.topic}.")
        similar = difflib.get_close_matches(rest, names, n=3) or names[:5]
        return f"{one.topic} has no number {rest}; it has {', '.join(similar)}"

    def _add_values(self, one: Wanted, record: "Record", message: Message) -> None:
        if one.topic not in self._known:
            self._known[one.topic] = [name for name, _ in flatten(message)]
        value = _value_at(message, one.path)
        values = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, number in values:
            if isinstance(number, int | float):
                label = one.text if index is None else f"{one.text}[{index}]"
                series = self._series.get(label) or self._new_series(label, one, record)
                series.times.append(record.time / 1e9)
                series.values.append(float(number))

    def _new_series(self, label: str, one: Wanted, record: "Record") -> Series:
        facts = _facts(record.id, one.path)
        unit = str(facts.get("unit", ""))
        kind = facts.get("items", facts)
        names = {option["const"]: option["title"] for option in kind.get("oneOf", ())}
        if kind.get("type") == "boolean":
            names = {0: "false", 1: "true"}
        is_event = record.connection == "command"
        self._series[label] = Series(label, unit, is_event, names)
        return self._series[label]

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
                yield Mark(time, f"{fault.code} {fault.name}", fault.severity.value)
            if not found:
                yield Mark(time, "faults cleared", "mode")
        elif record.id == "closedLoopControlMode":
            yield Mark(time, _mode_name(found), "mode")
        else:
            yield Mark(time, f"force balance {'on' if found else 'off'}", "mode")

    def _has_changed(self, name: str, value: int) -> bool:
        """Note a value; return whether it differs from the one before.

        A first value counts as no change, except for faults.
        """
        before = self._last.get(name, 0 if name == "summaryFaultsStatus" else value)
        self._last[name] = value
        return before != value


def _state_in(message_id: str, message: Message) -> int | None:
    """Return the value whose change becomes a mark; None if there is none."""
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


def _value_at(message: Message, path: tuple[str | int, ...]) -> object:
    """Return what stands at a place of a message; None if nothing does."""
    value: object = message
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _facts(message_id: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return what the catalogue knows about a field."""
    try:
        found: dict[str, Any] = schemas.schema(message_id)["properties"][path[0]]
    except KeyError:
        return {}
    return found
