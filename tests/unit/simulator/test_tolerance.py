"""What the original takes although the documentation does not allow it."""

import pytest

from m2com_twisted.simulator import DEFAULT, ORIGINAL
from tests.support.memory_simulator import Console


@pytest.fixture
def console() -> Console:
    """Make a simulator that behaves as the original, with both powers on."""
    console = Console(ORIGINAL)
    console.power_up()
    console.wait(0.1)
    return console


@pytest.mark.parametrize("mask", [-1, 2**70, "5"])
def test_any_mask(console: Console, mask: int | str) -> None:
    """A mask of more or fewer than 64 bits is taken, and told as it came."""
    assert console.do("setEnabledFaultsMask", mask=mask) == [
        {"id": "enabledFaultsMask", "mask": int(mask)}
    ]


def test_a_number_for_true(console: Console) -> None:
    """The original accepts 1 for true, and echoes it."""
    assert console.do("switchCommandSource", isRemote=1) == [{"id": "commandableByDDS", "state": 1}]
    assert console.model.commandable_by_dds is True


def test_a_float_for_an_enumeration(console: Console) -> None:
    """The original accepts 2.0 for 2."""
    [told] = console.do("setClosedLoopControlMode", mode=2.0)
    assert told == {"id": "closedLoopControlMode", "mode": 2}


def test_indices_from_the_end(console: Console) -> None:
    """The original accepts the index -1 as the last ILC or actuator."""
    assert console.do("setInnerLoopControlMode", addresses=[-1], mode=3) == [
        {"id": "innerLoopControlMode", "address": -1, "mode": 3}
    ]
    console.wait(0.1)
    console.do("moveActuators", actuatorCommand=1, actuators=[-1], displacement=50, unit=2)
    console.wait(0.2)
    assert console.model.mirror.steps[77] == 50


def test_an_actuator_that_does_not_exist(console: Console) -> None:
    """The original accepts the actuator 78, which does not move."""
    console.do("moveActuators", actuatorCommand=1, actuators=[78, 3], displacement=50, unit=2)
    console.wait(0.2)
    assert console.model.mirror.steps == [50 if index == 3 else 0 for index in range(78)]


def test_text_for_ring_temperatures(console: Console) -> None:
    """The original accepts any 12 items as ring temperatures, even text."""
    ring = "012345678901"
    [told] = console.do("setTemperatureOffset", ring=ring, intake=[0, 0], exhaust=[0, 0])
    assert told["ring"] == ring
    parameters = {"useExternalElevationAngle": False, "enableAngleComparison": False}
    more = {"maxAngleDifference": 2.0, "enableLutTemperature": True}
    console.do("setControlParameters", **parameters, **more)


def test_a_number_closes_the_loop_without_power() -> None:
    """The loop needs motor power to be closed by true, and does not by 1."""
    console = Console(ORIGINAL)
    console.fail("switchForceBalanceSystem", status=True)
    [told, *_] = console.do("switchForceBalanceSystem", status=1)
    assert told == {"id": "forceBalanceSystemStatus", "status": 1}
    assert console.model.mirror.loop_closed


def test_modes_are_set_up_to_the_first_wrong_address(console: Console) -> None:
    """The command fails without a word, and the ILCs before the wrong one are set."""
    assert console.fail("setInnerLoopControlMode", addresses=[1, 2, 84, 3], mode=3) == []
    assert [int(mode) for mode in console.model.ilc_modes[:4]] == [1, 3, 3, 1]


def test_hardpoints_in_any_order(console: Console) -> None:
    """The original tells the hardpoints in the order of the command."""
    [told, _] = console.do("setHardpointList", actuators=[15, 5, 25, 73, 75, 77])
    assert told["actuators"] == [16, 6, 26, 74, 76, 78]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("setEnabledFaultsMask", {"mask": -1}),
        ("switchCommandSource", {"isRemote": 1}),
        ("setClosedLoopControlMode", {"mode": 2.0}),
        ("getInnerLoopControlMode", {"addresses": [-1]}),
        ("moveActuators", {"actuatorCommand": 1, "actuators": [78], "displacement": 9, "unit": 2}),
        ("setTemperatureOffset", {"ring": "012345678901", "intake": [0, 0], "exhaust": [0, 0]}),
        ("setHardpointList", {"actuators": [15, 5, 25, 73, 75, 77]}),
    ],
)
def test_the_default_profile_allows_none_of_it(name: str, parameters: dict[str, object]) -> None:
    """The default profile refuses the same commands."""
    console = Console(DEFAULT)
    console.power_up()
    assert console.fail(name, **parameters) == []


def test_the_digital_output_word_begins_at_0() -> None:
    """In the original the digital output is 0 before the first command."""
    console = Console(ORIGINAL)
    assert console.do("switchDigitalOutput", bit=64, status=2)[0]["value"] == 64
    console.wait(0.1)
    told = console.do("power", powerType=2, status=True)
    assert {"id": "digitalOutput", "value": 30} in told


def test_the_configuration_file_is_forgotten_with_the_client(console: Console) -> None:
    """A client that comes back finds the default file."""
    console.do("setConfigurationFile", file="My_File_v2_M2_optical.csv")
    console.commands.transport.loseConnection()
    console.commands = console.connect()
    [told] = console.do("loadConfiguration")
    assert told["configuration"].endswith("surrogate_handling.csv")
    assert told["version"] == "20180831T092556"


def test_names_of_configuration_files_are_read_from_the_end(console: Console) -> None:
    """Version, mirror and table are read from the end of the file's name."""
    [told] = console.do("setConfigurationFile", file="My_File_v2_m2_Optical.csv")
    assert told["version"] == "v2"
    assert told["lutParameters"] == "FinalOpticalLUTs"


def test_a_motion_survives_the_closed_loop(console: Console) -> None:
    """A motion of single actuators is paused by closing the loop, and can be resumed."""
    console.do("moveActuators", actuatorCommand=1, actuators=[3], displacement=2000, unit=2)
    console.wait(0.3)
    console.do("switchForceBalanceSystem", status=True)
    console.wait(0.1)
    console.do("switchForceBalanceSystem", status=False)
    console.wait(0.1)
    console.do("moveActuators", actuatorCommand=4)
