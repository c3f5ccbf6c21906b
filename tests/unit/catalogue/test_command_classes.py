"""The classes of commands and feeds: what they accept, what they refuse, what they send."""

import array
import copy
import enum
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from m2com_twisted.catalogue import commands, enums, feeds
from m2com_twisted.catalogue.describe import fields_of, summary_of
from m2com_twisted.errors import InvalidFieldError, InvalidMessageError
from m2com_twisted.wire.codec import encode

ZEROS = [0.0] * 72

# Past the type checkers, which refuse most of what is refused here.
any_command: Any = commands
any_feed: Any = feeds


class FakeArray:
    """An array as numpy has it, as far as it is needed here."""

    def __init__(self, items: list[float]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> object:
        raise AssertionError("iteration gives numpy's own numbers, and is slow")

    def __getitem__(self, index: int) -> float:
        return self._items[index]

    def tolist(self) -> list[float]:
        """Return Python's own numbers."""
        return list(self._items)


def test_every_command_of_the_protocol_has_a_class() -> None:
    """There are 25 commands, found by their names on the wire."""
    assert len(commands.BY_NAME) == 25
    assert commands.BY_NAME["power"] is commands.Power
    assert commands.BY_NAME["setInnerLoopControlMode"] is commands.SetInnerLoopControlMode
    for name, command in commands.BY_NAME.items():
        assert command.name == name
        assert command.__name__ in commands.__all__
        assert summary_of(command)


def test_details_have_the_names_and_plain_values_of_the_wire() -> None:
    """The details of a command are plain lists and numbers under their names on the wire."""
    command = commands.SetInnerLoopControlMode((0, 83), enums.InnerLoopControlMode.Enabled)
    details = command.details()
    assert details == {"addresses": [0, 83], "mode": 3}
    assert type(details["mode"]) is int
    assert commands.ClearErrors().details() == {}
    assert commands.PositionMirror(x=10.0, z=-2.5).details() == {
        "x": 10.0,
        "y": 0.0,
        "z": -2.5,
        "xRot": 0.0,
        "yRot": 0.0,
        "zRot": 0.0,
    }


def test_fields_that_are_not_given_are_left_out() -> None:
    """A command sends no field that was not given: Stop sends no actuators."""
    stop = commands.MoveActuators(enums.CommandActuator.Stop)
    assert stop.details() == {"actuatorCommand": 2}
    run = commands.RunScript(enums.CommandScript.Run)
    assert run.details() == {"scriptCommand": 3}


def test_the_bytes_are_those_of_a_dict_of_floats() -> None:
    """A command made of integers is sent as the same bytes as one made of floats."""
    command = commands.ApplyForces(axial=range(72), tangent=[1, 2, 3, 4, 5, 6])
    as_floats = {"axial": [float(i) for i in range(72)], "tangent": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
    assert encode(command.details()) == encode(as_floats)


@pytest.mark.parametrize(
    "make",
    [list, tuple, lambda values: array.array("d", values), FakeArray, iter],
    ids=["list", "tuple", "array", "numpy-like", "iterator"],
)
def test_any_sequence_of_numbers_is_accepted(
    make: Callable[[list[float]], tuple[float, ...]],
) -> None:
    """Lists may be given as any sequence; they are held as tuples of floats."""
    command = commands.ApplyForces(axial=make(ZEROS), tangent=(0, 0, 0, 0, 0, 1))
    assert command.axial == tuple(ZEROS)
    assert command.tangent == (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert all(type(value) is float for value in command.tangent)


def test_numpy_is_accepted() -> None:
    """A command accepts arrays of numpy as lists, and numbers of numpy as numbers."""
    numpy = pytest.importorskip("numpy")
    command = commands.ApplyForces(numpy.zeros(72, "float32"), numpy.arange(6))
    assert command.details()["tangent"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert all(type(value) is float for value in (*command.axial, *command.tangent))
    assert commands.PositionMirror(x=numpy.float32(2.5)).details()["x"] == 2.5
    assert type(commands.SetEnabledFaultsMask(numpy.uint64(2**63)).mask) is int
    with pytest.raises(InvalidFieldError, match="72 values, not 2"):
        commands.ApplyForces(numpy.zeros((2, 36)), numpy.zeros(6))
    with pytest.raises(InvalidFieldError, match=r"axial\[3\] must be a finite number"):
        commands.ApplyForces(numpy.where(numpy.arange(72) == 3, numpy.nan, 0), numpy.zeros(6))


def test_what_numpy_has_for_true_and_for_complex_numbers_is_no_number() -> None:
    """A True of numpy is accepted for a bool, and for no number."""
    numpy = pytest.importorskip("numpy")
    assert commands.SwitchForceBalanceSystem(numpy.bool_(True)).status is True
    for value in (numpy.bool_(True), numpy.complex128(1 + 2j), numpy.ones(1)):
        with pytest.raises(InvalidFieldError, match="x must be a number"):
            commands.PositionMirror(x=value)


def test_a_string_of_another_type_is_sent_as_json_writes_it() -> None:
    """A member of an enumeration of strings is its value, as in a dict."""

    class File(str, enum.Enum):
        M2 = "m2.csv"

    command = commands.SetConfigurationFile(File.M2)
    assert type(command.file) is str
    assert encode(command.details()) == encode({"file": File.M2})


@pytest.mark.parametrize(
    "value", [10**5000, [[0] * 72] * 72, "x\ny" * 1000], ids=["number", "lists", "text"]
)
def test_the_error_is_one_short_line(value: object) -> None:
    """An error says what is required, and shows only a part of a long value."""
    makes: list[Callable[[], object]] = [
        lambda: any_command.SetEnabledFaultsMask(value),
        lambda: any_command.PositionMirror(x=value),
        lambda: any_command.ApplyForces(value, [0] * 6),
        lambda: any_command.Power(value, True),
    ]
    for make in makes:
        with pytest.raises(InvalidFieldError, match="must be") as caught:
            make()
        assert len(str(caught.value)) < 170
        assert str(caught.value).isprintable()


def test_a_number_may_be_of_another_type() -> None:
    """A value that converts to a finite float or an integer is a number."""

    class Number:
        def __float__(self) -> float:
            return 2.5

        def __index__(self) -> int:
            return 7

    assert commands.PositionMirror(x=Number()).x == 2.5  # type: ignore[arg-type]  # no float
    get = commands.GetInnerLoopControlMode([Number()])  # type: ignore[list-item]  # no int
    assert get.addresses == (7,)


@pytest.mark.parametrize(
    ("make", "field", "text"),
    [
        (
            lambda: any_command.ApplyForces(ZEROS[1:], [0] * 6),
            "axial",
            "must have 72 values, not 71",
        ),
        (lambda: any_command.ApplyForces(ZEROS, [0] * 7), "tangent", "must have 6 values, not 7"),
        (lambda: any_command.ApplyForces(ZEROS, 3), "tangent", "must be a list, not 3"),
        (lambda: any_command.ApplyForces(ZEROS, "123456"), "tangent", "must be a list"),
        (lambda: any_command.ApplyForces(ZEROS, set(range(6))), "tangent", "must be a list"),
        (
            lambda: any_command.ApplyForces(ZEROS, [0, 0, math.inf, 0, 0, 0]),
            "tangent",
            "applyForces: tangent[2] must be a finite number, not inf.",
        ),
        (lambda: any_command.PositionMirror(x=math.nan), "x", "must be a finite number, not nan"),
        (lambda: any_command.PositionMirror(y=10**400), "y", "must be a finite number"),
        (lambda: any_command.PositionMirror(x="1"), "x", "must be a number, not '1'"),
        (lambda: any_command.PositionMirror(x=True), "x", "must be a number, not True"),
        (lambda: any_command.PositionMirror(x=None), "x", "must be a number, not None"),
        (
            lambda: any_command.PositionMirror(x=7741),
            "x",
            "must be from -7740 to 7740 um, not 7741.0",
        ),
        (lambda: any_command.PositionMirror(z=7890), "z", "must be less than 7890 um"),
        (lambda: any_command.Power(3, True), "power_type", "PowerType (1 Motor, 2 Communication)"),
        (lambda: any_command.Power(True, True), "power_type", "must be a PowerType"),
        (lambda: any_command.Power(enums.PowerSystemState.Init, True), "power_type", "PowerType"),
        (lambda: any_command.Power(1, 1), "status", "must be True or False, not 1"),
        (lambda: any_command.SwitchDigitalOutput(3, 2), "bit", "must be a DigitalOutput"),
        (
            lambda: any_command.SetEnabledFaultsMask(2**64),
            "mask",
            "must be from 0 to 184467440737095",
        ),
        (lambda: any_command.SetEnabledFaultsMask(-1), "mask", "not -1"),
        (lambda: any_command.SetEnabledFaultsMask(1.0), "mask", "must be a whole number, not 1.0"),
        (lambda: any_command.SetConfigurationFile(b"x"), "file", "must be a string"),
        (
            lambda: any_command.GetInnerLoopControlMode([84]),
            "addresses",
            "[0] must be from 0 to 83",
        ),
        (
            lambda: any_command.GetInnerLoopControlMode([-1]),
            "addresses",
            "[0] must be from 0 to 83",
        ),
        (
            lambda: any_command.SetControlParameters(True, True, 0, True),
            "max_angle_difference",
            "> 0",
        ),
        (lambda: any_command.RunScript(1), "script_name", "LoadScript needs it"),
        (lambda: any_command.MoveActuators(1, [1], 1.0), "unit", "Start needs it"),
        (lambda: any_command.MoveActuators(1, [], 1.0, 1), "actuators", "at least one actuator"),
        (
            lambda: any_command.SetHardpointList([5, 15, 26, 73, 75, 77]),
            "actuators",
            "48 valid lists",
        ),
        (lambda: any_feed.MountElevation(math.nan), "actual_position", "finite"),
        (lambda: any_feed.MountElevation(400), "actual_position", "from -90 to 90 deg"),
        (lambda: any_feed.MountInPosition(1), "in_position", "True or False"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_made(
    make: Callable[[], object], field: str, text: str
) -> None:
    """A value of the wrong kind, length or range is a ValueError that names the field."""
    with pytest.raises(ValueError, match=field) as caught:
        make()
    error = caught.value
    assert isinstance(error, InvalidFieldError)
    assert isinstance(error, InvalidMessageError)
    assert error.field == field
    assert text.replace("> 0", "more than 0") in str(error)


def test_the_error_can_be_copied_and_pickled() -> None:
    """A refusal keeps its fields and its text when it is copied or pickled."""
    with pytest.raises(InvalidFieldError) as caught:
        commands.PositionMirror(x=math.nan)
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert (again.message, again.field) == ("positionMirror", "x")
        assert str(again) == str(caught.value)


def test_a_command_is_a_value() -> None:
    """Commands compare, hash, copy and pickle by their parameters, and cannot be changed."""
    command = commands.ApplyForces(ZEROS, [0] * 6)
    assert command == commands.ApplyForces(tuple(ZEROS), (0.0,) * 6)
    assert hash(command) == hash(copy.deepcopy(command))
    assert pickle.loads(pickle.dumps(command)) == command
    with pytest.raises(AttributeError):
        command.axial = ()  # type: ignore[misc]  # that is the point


def test_feeds_say_where_they_go() -> None:
    """A feed has the kind, the name and the component that the controller requires."""
    elevation = feeds.MountElevation(45)
    assert elevation.details() == {"actualPosition": 45.0}
    assert (elevation.name, elevation.comp_name) == ("elevation", "MTMount")
    assert elevation.msg_type is enums.MsgType.Telemetry
    in_position = feeds.MountInPosition(True)
    assert in_position.details() == {"inPosition": True}
    assert in_position.msg_type is enums.MsgType.Event
    assert feeds.BY_NAME["mountInPosition"] is feeds.MountInPosition


def test_each_field_is_described() -> None:
    """Each field of each command has a description, and lists of numbers have a unit."""
    for command in (*commands.BY_NAME.values(), *feeds.BY_NAME.values()):
        for field in fields_of(command):
            assert field.description.endswith("."), (command, field.name)
            assert field.type is not float or field.unit or field.name == "displacement"
            assert json.dumps(field.wire_name).strip('"').isalpha()
