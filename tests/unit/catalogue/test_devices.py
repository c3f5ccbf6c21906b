"""Actuators, ILCs, breakers, hardpoints and the table of faults."""

import math

import pytest

from m2com_twisted.catalogue import actuators
from m2com_twisted.catalogue.enums import DigitalInput, PowerType
from m2com_twisted.catalogue.faults import BITS, FAULTS, Severity, bits_in, faults_in


def test_actuators_have_names_and_numbers() -> None:
    """The 78 actuators are found by name, with index, ILC address and ModBUS id."""
    assert len(actuators.ACTUATORS) == len(actuators.BY_NAME) == 78
    twelfth = actuators.BY_NAME["B12"]
    assert (twelfth.index, twelfth.ilc_address, twelfth.modbus_id) == (11, 11, 12)
    assert actuators.BY_NAME["C1"].index == 30
    assert actuators.BY_NAME["D18"].index == 71
    assert actuators.BY_NAME["A6"].index == 77
    assert [actuator.index for actuator in actuators.ACTUATORS] == list(range(78))
    assert actuators.BY_NAME["D18"].is_axial
    assert not actuators.BY_NAME["A1"].is_axial


@pytest.mark.parametrize(
    ("name", "radius", "degrees"),
    [
        ("B1", 1.601, 90),
        ("B2", 1.601, 78),
        ("C1", 1.284, 82.5),
        ("C24", 1.284, 97.5),
        ("D1", 1.002, 90),
        ("D10", 1.002, -90),
        ("A1", 1.780189734, 0),
        ("A2", 1.780189734, 60),
    ],
)
def test_actuators_stand_where_the_drawings_say(name: str, radius: float, degrees: float) -> None:
    """Axial actuators are numbered clockwise, tangent ones the other way."""
    actuator = actuators.BY_NAME[name]
    assert math.hypot(actuator.x, actuator.y) == pytest.approx(radius)
    angle = math.degrees(math.atan2(actuator.y, actuator.x))
    assert angle == pytest.approx(degrees, abs=1e-9)


def test_ilcs_and_sensors_have_names() -> None:
    """The 84 ILCs are those of the actuators and six of sensors."""
    assert [ilc.address for ilc in actuators.ILCS] == list(range(84))
    assert (actuators.ILCS[83].name, actuators.ILCS[83].modbus_id) == ("inclinometer", 84)
    assert [ilc.is_actuator for ilc in actuators.ILCS] == [True] * 78 + [False] * 6
    assert len(actuators.RING_SENSORS) == 12
    assert actuators.RING_SENSORS[0] == "LG2-1"


def test_breakers_have_names_and_bits() -> None:
    """The nine motor breakers and six communication breakers are read from the inputs."""
    assert len(actuators.BREAKERS) == 15
    tripped = actuators.breakers_in(1 << 6 | 1 << 15 | 1 << 20)
    assert [breaker.name for breaker in tripped] == ["J1-W9-1", "J1-W12-1"]
    assert [breaker.power_type for breaker in tripped] == [
        PowerType.Motor,
        PowerType.Communication,
    ]
    assert tripped[0].bit is DigitalInput.J1_W9_1_MotorPowerBreaker


def test_hardpoint_lists() -> None:
    """There are 48 valid lists; each axial actuator is in the lists of one triple only."""
    assert len(set(actuators.HARDPOINT_LISTS)) == 48
    assert (5, 15, 25, 73, 75, 77) in actuators.HARDPOINT_LISTS
    for hardpoints in actuators.HARDPOINT_LISTS:
        assert list(hardpoints) == sorted(hardpoints)
    for index in range(72):
        assert sum(index in hardpoints for hardpoints in actuators.HARDPOINT_LISTS) == 2


def test_suggested_hardpoints_contain_the_failed_actuators() -> None:
    """A suggestion has the failed actuators in it, and is the default where it can be."""
    assert actuators.suggest_hardpoints() == (5, 15, 25, 73, 75, 77)
    assert actuators.suggest_hardpoints(31) == (31, 39, 47, 73, 75, 77)
    assert actuators.suggest_hardpoints(72) == (5, 15, 25, 72, 74, 76)
    for index in range(78):
        suggested = actuators.suggest_hardpoints(index)
        assert index in suggested
        assert suggested in actuators.HARDPOINT_LISTS
    with pytest.raises(ValueError, match="together"):
        actuators.suggest_hardpoints(0, 1)
    with pytest.raises(ValueError, match="together"):
        actuators.suggest_hardpoints(78)


def test_all_64_bits_of_the_faults_are_known() -> None:
    """Each bit is a fault, a warning or reserved, and each fault has meaning and advice."""
    assert [fault.bit for fault in BITS] == list(range(64))
    assert sum(fault.severity is Severity.RESERVED for fault in BITS) == 27
    assert len({fault.code for fault in BITS}) == 64
    for fault in FAULTS:
        assert BITS[fault.bit] is fault
        assert fault.meaning.endswith(".")
        assert fault.advice.endswith(".")


def test_each_fault_has_its_bit_its_code_and_its_severity() -> None:
    """The table is that of the controller, bit by bit; W is a warning, F a fault."""
    table = " ".join(f"{one.bit} {one.code}{one.severity.value[0].upper()}" for one in FAULTS)
    assert table == (
        "3 6051F 4 6055F 5 6057W 6 6056F 7 6058F 8 6059W 9 6061F 10 6062W 11 6063F 12 6064W"
        " 13 6065F 14 6066F 15 6067F 16 6068F 17 6069F 18 6070F 19 6071W 20 6072F 21 6078W"
        " 22 6079F 23 6080F 24 6081W 25 6082W 26 6083F 27 6084F 32 6088F 33 6060F 34 6052W"
        " 55 6077F 56 6054F 57 6053F 58 6086W 59 6085F 60 6075W 61 6073F 62 6074W 63 6087F"
    )


def test_reserved_bits_are_not_lost() -> None:
    """A reserved bit that is set can be shown, though it is no fault."""
    assert [fault.bit for fault in bits_in(1 << 40 | 1 << 57)] == [40, 57]
    assert [fault.bit for fault in faults_in(1 << 40 | 1 << 57)] == [57]
