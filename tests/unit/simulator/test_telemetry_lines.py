"""The lines of each cycle say what the model says, although most are not made again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from m2com_twisted.catalogue.enums import InclinationTelemetrySource, PowerSystemState, PowerType
from m2com_twisted.simulator import ORIGINAL, Model, Profile
from m2com_twisted.simulator.ports.telemetry_lines import TelemetryLines
from m2com_twisted.wire.codec import encode
from tests.support.telemetry_cycle import telemetry

Change = Callable[[Model], object]


def in_place(name: str, value: float) -> Change:
    """Return a change of one number in a list of the mirror."""
    return lambda model: getattr(model.mirror, name).__setitem__(3, value)


def replaced(value: float) -> Change:
    """Return a change to a list that is equal, or not, and whose text is another."""

    def change(model: Model) -> None:
        model.mirror.measured = [value, *model.mirror.measured[1:]]

    return change


def with_mount(model: Model) -> None:
    """Take the elevation of the telescope mount."""
    model.inclination_source = InclinationTelemetrySource.MTMOUNT
    model.tell_elevation(40.0)


def moved(model: Model) -> None:
    """Move the mirror by hand."""
    model.mirror.pose = replace(model.mirror.pose, x=3.0)


CHANGES: dict[str, Change] = {
    "time": lambda model: model.step(1.0),
    "loop": Model.close_loop,
    "steps": in_place("steps", 7),
    "measured": in_place("measured", 5.0),
    "zero": replaced(0.0),
    "minus zero": replaced(-0.0),
    "whole zero": replaced(0),
    "table of gravity": in_place("lut_gravity", 5.0),
    "table of temperatures": in_place("lut_temperature", 5.0),
    "applied": lambda model: setattr(model.mirror, "applied", [1.0] * 78),
    "correction": in_place("correction", 5.0),
    "tangent force": lambda model: model.mirror.measured.__setitem__(77, 1.0),
    "inclinometer": lambda model: setattr(model.sensors, "inclinometer_raw", 120.0),
    "mount": with_mount,
    "elevation": lambda model: model.tell_elevation(45),
    "same elevation as a float": lambda model: model.tell_elevation(45.0),
    "pose": moved,
    "home": lambda model: model.mirror.set_home(),
    "air": lambda model: setattr(model.sensors, "airflow_rise", 2.0),
    "power": lambda model: model.set_power_state(PowerType.Motor, PowerSystemState.PoweredOff),
}


@pytest.mark.parametrize("profile", [Profile("default"), ORIGINAL], ids=lambda each: each.name)
def test_lines_are_those_of_the_codec(profile: Profile) -> None:
    """Whatever changes, the lines are those of a new encoding of all messages."""
    model, twin = (Model(seed=1, profile=profile) for _ in range(2))
    lines = TelemetryLines(model)
    for each in (model, twin):
        for power_type in PowerType:
            each.set_power_state(power_type, PowerSystemState.PoweredOn)
    for change in CHANGES.values():
        change(model)
        change(twin)
        for _ in range(2):
            assert lines.cycle() == b"".join(map(encode, telemetry(twin)))


def test_after_a_number_that_is_not_json() -> None:
    """After a failure the next cycle has the present values, and none from before it."""
    model, twin = (Model(seed=1) for _ in range(2))
    lines = TelemetryLines(model)
    model.mirror.pose = replace(model.mirror.pose, z=float("nan"))
    for _ in range(2):
        with pytest.raises(ValueError, match="JSON"):
            lines.cycle()
        telemetry(twin)
    for each in (model, twin):
        each.mirror.pose = replace(each.mirror.pose, z=1.0)
    assert lines.cycle() == b"".join(map(encode, telemetry(twin)))
