"""What a plot shows: series with their units, and marks."""

import json

import pytest

from m2com_twisted.errors import RecordingError
from m2com_twisted.programs.plot_data import Mark, PlotData, Series
from m2com_twisted.programs.plot_field import wanted
from m2com_twisted.recording import Record


def record(second: float, topic: str, **fields: object) -> Record:
    """Return a record of the recording."""
    connection, name = topic.split("/")[1:]
    kind = "link" if connection == "link" else "received"
    connection = name if kind == "link" else connection
    line = json.dumps({"id": name, **fields}).encode()
    return Record(round(second * 1e9), topic, connection, kind, line)


def series(records: list[Record], *fields: str) -> list[Series]:
    """Return the series of some fields."""
    data = PlotData([wanted(field) for field in fields])
    for one in records:
        data.add(one)
    return data.series()


def marks(*records: Record) -> list[Mark]:
    """Return the marks that records make."""
    data = PlotData([])
    for one in records:
        data.add(one)
    return data.marks


def test_series_has_times_values_and_unit() -> None:
    """Units and names of values are the catalogue's; telemetry is no event."""
    records = [record(n, "/telemetry/position", x=n * 2.0, y=1) for n in range(3)]
    [x] = series(records, "position.x")
    assert (x.label, x.unit, x.is_event, x.names) == ("position.x", "um", False, {})
    assert (list(x.times), list(x.values)) == ([0, 1, 2], [0, 2, 4])
    [mode] = series(
        [record(0, "/command/closedLoopControlMode", mode=4)], "closedLoopControlMode.mode"
    )
    assert mode.is_event
    assert mode.names[4] == "ClosedLoop"
    [status] = series(
        [record(0, "/command/forceBalanceSystemStatus", status=True)],
        "forceBalanceSystemStatus.status",
    )
    assert (list(status.values), status.names) == ([1.0], {0: "false", 1: "true"})


def test_list_is_a_series_for_each_value() -> None:
    """A list is a series for each value, and with an index it is one series."""
    records = [
        record(0, "/telemetry/axialForce", measured=[1, 2, 3]),
        record(1, "/telemetry/axialForce", measured=[4]),
    ]
    found = series(records, "axialForce.measured")
    assert [(one.label, one.unit, list(one.values)) for one in found] == [
        ("axialForce.measured[0]", "N", [1, 4]),
        ("axialForce.measured[1]", "N", [2]),
        ("axialForce.measured[2]", "N", [3]),
    ]
    [one] = series(records, "/telemetry/axialForce.measured[1]")
    assert (list(one.times), list(one.values)) == ([0], [2])


def test_value_that_is_wanted_twice_is_drawn_once_for_each() -> None:
    """A list and one value of it, or the same field two times, mix up nothing."""
    records = [record(n, "/telemetry/axialForce", measured=[n, 5]) for n in range(2)]
    fields = ["axialForce.measured", "axialForce.measured[0]", "axialForce.measured[0]"]
    assert [list(one.values) for one in series(records, *fields)] == [[0, 1], [5, 5], [0, 1]]


def test_event_that_comes_for_several_parts_is_a_series_for_each() -> None:
    """The events of both powers are two series, and so are those of the ILCs."""
    records = [
        record(0, "/command/powerSystemState", powerType=1, status=True, state=5),
        record(1, "/command/powerSystemState", powerType=2, status=False, state=2),
        record(2, "/command/innerLoopControlMode", address=83, mode=2),
    ]
    fields = "powerSystemState.status", "innerLoopControlMode.mode"
    assert [(one.label, list(one.values)) for one in series(records, *fields)] == [
        ("powerSystemState.status Motor", [1]),
        ("powerSystemState.status Communication", [0]),
        ("innerLoopControlMode.mode address 83", [2]),
    ]


def test_number_that_is_too_large_is_infinite() -> None:
    """A whole number may have any number of digits in JSON."""
    [one] = series([record(0, "/telemetry/new", a=10**400)], "new.a")
    assert list(one.values) == [float("inf")]


def test_series_of_what_the_catalogue_does_not_know() -> None:
    """A field that the catalogue does not know is drawn without a unit."""
    [one] = series([record(0, "/telemetry/new", a={"b": [7]})], "new.a.b[0]")
    assert (one.unit, list(one.values)) == ("", [7])


def test_field_without_a_number_is_an_error() -> None:
    """A field of text is an error that names the fields with numbers."""
    records = [record(0, "/command/config", configuration="x", timeoutIlc=3)]
    with pytest.raises(RecordingError, match="config has no number configuration; it has"):
        series(records, "config.configuration")


def test_faults_are_marks_when_they_are_new() -> None:
    """A new fault is one mark with code and name, and so is clearing."""
    bits = 1 << 6 | 1 << 9
    found = marks(
        record(1, "/command/summaryFaultsStatus", status=0),
        record(2, "/command/summaryFaultsStatus", status=1 << 6),
        record(3, "/command/summaryFaultsStatus", status=1 << 6),
        record(4, "/command/summaryFaultsStatus", status=bits),
        record(5, "/command/summaryFaultsStatus", status=0),
    )
    assert [(mark.time, mark.label.split()[0], mark.kind) for mark in found] == [
        (2, "6056", "fault"),
        (4, "6061", "fault"),
        (5, "faults", "mode"),
    ]


def test_reserved_bit_is_a_mark_too() -> None:
    """A newer controller may give it a meaning."""
    [mark] = marks(record(1, "/command/summaryFaultsStatus", status=1 << 40))
    assert (mark.label, mark.kind) == ("1040 reserved", "reserved")


def test_modes_and_connections_are_marks_when_they_change() -> None:
    """A mode is a mark when it changes; the first one that is told is none."""
    found = marks(
        record(1, "/command/closedLoopControlMode", mode=1),
        record(2, "/command/closedLoopControlMode", mode=4),
        record(3, "/command/closedLoopControlMode", mode=9),
        record(4, "/command/forceBalanceSystemStatus", status=True),
        record(5, "/command/forceBalanceSystemStatus", status=False),
        record(6, "/link/telemetry", state="connected"),
        record(7, "/link/telemetry", state="waiting"),
        record(8, "/link/telemetry", state="connecting"),
    )
    assert [(mark.time, mark.label) for mark in found] == [
        (2, "mode ClosedLoop"),
        (3, "mode 9"),
        (5, "force balance off"),
        (7, "telemetry disconnected"),
    ]


@pytest.mark.parametrize("status", ["x", None, -1, 1.5, [1]])
def test_status_of_another_kind_is_no_mark(status: object) -> None:
    """A message of a newer controller that does not fit makes no mark and no error."""
    assert marks(record(1, "/command/summaryFaultsStatus", status=status)) == []
