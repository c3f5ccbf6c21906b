"""Modes, ILCs, configuration, errors, scripts."""

import pytest

from m2com_twisted.catalogue.enums import InnerLoopControlMode
from m2com_twisted.simulator import DEFAULT, ORIGINAL, Profile
from m2com_twisted.simulator.model.configuration import CONFIGURATION_FILES
from tests.support.memory_simulator import Console, Message

DEFAULT_MASK = 0xFF800007FFFFFFFF
CONTROL = {
    "useExternalElevationAngle": True,
    "enableAngleComparison": False,
    "maxAngleDifference": 2.0,
    "enableLutTemperature": True,
}


def test_clear_errors() -> None:
    """The faults are forgotten, and the digital words told."""
    console = Console()
    console.wait(0.2)
    assert console.do("clearErrors") == [
        {"id": "summaryFaultsStatus", "status": 0},
        {"id": "digitalInput", "value": 2667642879},
        {"id": "digitalOutput", "value": 28},
        {"id": "interlock", "state": True},
    ]
    assert "summaryFaultsStatus" not in [event["id"] for event in console.wait(1)]


@pytest.mark.parametrize("sent", [0, 2**64 - 1, DEFAULT_MASK, "0", str(DEFAULT_MASK)])
def test_set_enabled_faults_mask(sent: int | str) -> None:
    """The mask of faults has 64 bits, as a number or in decimal digits."""
    assert Console().do("setEnabledFaultsMask", mask=sent) == [
        {"id": "enabledFaultsMask", "mask": int(sent)}
    ]


@pytest.mark.parametrize(
    "mask", [-1, 2**64, 1.0, True, None, "", "-1", "0x1F", str(2**64), "9" * 5000, "²", "٣", " 1"]
)
def test_a_mask_of_other_bits_fails(mask: object) -> None:
    """A mask that is no number of 64 bits is refused."""
    assert Console().fail("setEnabledFaultsMask", mask=mask) == []


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_closed_loop_control_mode_is_only_announced(mode: int) -> None:
    """The loop neither starts nor stops."""
    console = Console()
    assert console.do("setClosedLoopControlMode", mode=mode) == [
        {"id": "closedLoopControlMode", "mode": mode}
    ]
    assert not console.model.mirror.loop_closed


@pytest.mark.parametrize("mode", [0, 5, "1", None, 1.0, True])
def test_an_unknown_mode_fails(mode: object) -> None:
    """An unknown mode of the loop or of an ILC fails."""
    console = Console()
    console.power_up()
    assert console.fail("setClosedLoopControlMode", mode=mode) == []
    if mode != 5:
        assert console.fail("setInnerLoopControlMode", addresses=[0], mode=mode) == []


@pytest.mark.parametrize("is_remote", [True, False])
def test_switch_command_source(is_remote: bool) -> None:
    """Switching the command source is reported; commands are taken all the same."""
    console = Console()
    assert console.do("switchCommandSource", isRemote=is_remote) == [
        {"id": "commandableByDDS", "state": is_remote}
    ]
    console.do("saveMirrorPosition")


def test_switch_command_source_to_nobody_fails() -> None:
    """A command source that is neither true nor false fails."""
    assert Console().fail("switchCommandSource", isRemote=1) == []


def ilc(*pairs: tuple[int, int]) -> list[Message]:
    """Return events of ILC modes."""
    return [
        {"id": "innerLoopControlMode", "address": address, "mode": mode} for address, mode in pairs
    ]


def test_inner_loop_control_modes() -> None:
    """ILCs start in standby; a mode that is set is kept, and reported for each address."""
    console = Console()
    console.power_up()
    assert console.do("getInnerLoopControlMode", addresses=[83, 0]) == ilc((83, 1), (0, 1))
    assert console.do("setInnerLoopControlMode", addresses=[0, 5], mode=3) == ilc((0, 3), (5, 3))
    assert console.do("getInnerLoopControlMode", addresses=[0, 1]) == ilc((0, 3), (1, 1))
    assert console.do("getInnerLoopControlMode", addresses=[]) == []


@pytest.mark.parametrize(
    ("mode", "result"),
    [
        (InnerLoopControlMode.Standby, 1),
        (InnerLoopControlMode.Disabled, 2),
        (InnerLoopControlMode.FirmwareUpdate, 4),
        (InnerLoopControlMode.Fault, 5),
        (InnerLoopControlMode.ClearFaults, 1),
        (InnerLoopControlMode.NoChange, 3),
        (InnerLoopControlMode.Unknown, 3),
    ],
)
def test_modes_that_are_not_kept(mode: InnerLoopControlMode, result: int) -> None:
    """ClearFaults leads an ILC to standby; NoChange and Unknown change nothing."""
    console = Console()
    console.power_up()
    console.do("setInnerLoopControlMode", addresses=[7], mode=3)
    assert console.do("setInnerLoopControlMode", addresses=[7], mode=int(mode)) == ilc((7, result))


def test_ilcs_need_communication_power() -> None:
    """Both commands for ILCs fail without communication power."""
    console = Console()
    console.do("power", powerType=1, status=True)
    assert console.fail("getInnerLoopControlMode", addresses=[0]) == []
    assert console.fail("setInnerLoopControlMode", addresses=[0], mode=1) == []


@pytest.mark.parametrize(
    "addresses", [[84], [-1], [0, 84], ["0"], [0.0], None, 0, [None], [True], [0] * 85]
)
def test_bad_addresses_fail(addresses: object) -> None:
    """Addresses of ILCs beyond 0 to 83 are refused, also negative ones."""
    console = Console()
    console.power_up()
    assert console.fail("getInnerLoopControlMode", addresses=addresses) == []
    assert console.fail("setInnerLoopControlMode", addresses=addresses, mode=1) == []


def test_all_ilcs_at_once() -> None:
    """One command may name all 84 ILCs."""
    console = Console()
    console.power_up()
    assert len(console.do("getInnerLoopControlMode", addresses=list(range(84)))) == 84


def test_configuration() -> None:
    """The one in use is told, and follows the file that is set."""
    console = Console()
    [config] = console.do("loadConfiguration")
    assert config["configuration"] == CONFIGURATION_FILES[3]
    assert len(config) == 20
    [config] = console.do("setConfigurationFile", file=CONFIGURATION_FILES[0])
    assert (config["version"], config["lutParameters"]) == ("20180831T091922", "FinalOpticalLUTs")
    assert config["controlParameters"] == "CtrlParameterFiles_2018-07-19_104257_m2"
    assert console.do("loadConfiguration") == [config]


@pytest.mark.parametrize("file", ["", "x.csv", "/etc/passwd", CONFIGURATION_FILES[0] + "x"])
def test_a_file_of_another_name(file: str) -> None:
    """Fields that cannot be read from the name of the file are empty."""
    [config] = Console().do("setConfigurationFile", file=file)
    assert config["configuration"] == file
    assert config["version"] == config["controlParameters"] == config["lutParameters"] == ""


@pytest.mark.parametrize("file", [None, 1, ["x"], {}])
def test_a_file_that_is_no_name_fails(file: object) -> None:
    """The name of a file that is no string fails."""
    assert Console().fail("setConfigurationFile", file=file) == []


def test_control_parameters() -> None:
    """The control parameters set source, comparison of angles and use of temperatures."""
    console = Console()
    assert console.do("setControlParameters", **CONTROL) == [
        {"id": "inclinationTelemetrySource", "source": 2}
    ]
    other = CONTROL | {"useExternalElevationAngle": False, "enableLutTemperature": False}
    assert console.do("setControlParameters", **other, enableLutInclinometer="anything") == [
        {"id": "inclinationTelemetrySource", "source": 1}
    ]
    console.wait(0.2)
    assert console.model.mirror.lut_temperature == [0.0] * 72


@pytest.mark.parametrize("name", list(CONTROL))
@pytest.mark.parametrize("bad", [None, "true", [], {}])
def test_bad_control_parameters_fail(name: str, bad: object) -> None:
    """Control parameters of another type are refused."""
    assert Console().fail("setControlParameters", **(CONTROL | {name: bad})) == []


@pytest.mark.parametrize("name", list(CONTROL))
def test_missing_control_parameters_fail(name: str) -> None:
    """A command that lacks one of the four control parameters fails."""
    rest = {key: value for key, value in CONTROL.items() if key != name}
    assert Console().fail("setControlParameters", **rest) == []


def test_temperature_offset() -> None:
    """Only the ring of a temperature offset is used."""
    ring = [float(sensor) for sensor in range(12)]
    assert Console().do("setTemperatureOffset", ring=ring, intake="x", exhaust=None) == [
        {"id": "temperatureOffset", "ring": ring, "intake": [0.0, 0.0], "exhaust": [0.0, 0.0]}
    ]


@pytest.mark.parametrize(("profile", "at_once"), [(DEFAULT, True), (ORIGINAL, False)])
def test_temperature_offset_and_the_table(profile: Profile, at_once: bool) -> None:
    """`setTemperatureOffset` changes the table at once, in the original later."""
    console = Console(profile)
    before = console.model.mirror.lut_temperature
    console.do("setTemperatureOffset", ring=[10.0] * 12)
    assert (console.model.mirror.lut_temperature != before) is at_once
    console.wait(0.1)
    console.do("setControlParameters", **CONTROL)
    assert max(console.model.mirror.lut_temperature) == pytest.approx(19.9, abs=1.0)


def test_integers_are_echoed_as_integers() -> None:
    """A whole number in a command is told as a whole number."""
    [event] = Console().do("setTemperatureOffset", ring=[21] * 12)
    assert [type(value) for value in event["ring"]] == [int] * 12


@pytest.mark.parametrize("ring", [[], [0.0] * 11, [0.0] * 13, None, 5, ["x"] * 12, [None] * 12])
def test_a_ring_of_another_length_fails(ring: object) -> None:
    """A ring that has not 12 temperatures fails."""
    assert Console().fail("setTemperatureOffset", ring=ring) == []


def load(console: Console, name: str = "script") -> None:
    """Load a script."""
    assert console.do("runScript", scriptCommand=1, scriptName=name) == []


def percentages(events: list[Message]) -> list[int]:
    """Return the percentages told by some events."""
    return [event["percentage"] for event in events if event["id"] == "scriptExecutionStatus"]


def test_a_script_runs_to_its_end() -> None:
    """A script advances 1 % in a cycle, takes about 10.3 s, and ends at 100."""
    console = Console()
    load(console)
    console.do("runScript", scriptCommand=3)
    told = percentages(console.wait(10.2))
    assert told == list(range(1, 100))
    assert percentages(console.wait(1)) == [100]
    console.fail("runScript", scriptCommand=6)
    console.fail("runScript", scriptCommand=3)
    load(console)
    console.do("runScript", scriptCommand=3)


def test_pause_and_resume_a_script() -> None:
    """A resumed script goes on where it paused."""
    console = Console()
    load(console)
    console.do("runScript", scriptCommand=3)
    assert percentages(console.wait(0.104)) == [1]
    console.do("runScript", scriptCommand=5)
    assert percentages(console.wait(1)) == []
    console.do("runScript", scriptCommand=6)
    assert percentages(console.wait(0.104)) == [2]


def test_a_stopped_script_is_done() -> None:
    """A stopped script cannot be resumed, and reports no more."""
    console = Console()
    load(console)
    console.do("runScript", scriptCommand=3)
    console.do("runScript", scriptCommand=4)
    assert percentages(console.wait(1)) == []
    console.fail("runScript", scriptCommand=6)


def test_rules_of_the_script_engine() -> None:
    """A script must be loaded to run, and a running script cannot be changed."""
    console = Console()
    console.fail("runScript", scriptCommand=3)
    console.fail("runScript", scriptCommand=6)
    console.fail("runScript", scriptCommand=1)
    console.fail("runScript", scriptCommand=1, scriptName="")
    console.do("runScript", scriptCommand=2)
    load(console)
    console.do("runScript", scriptCommand=3)
    console.fail("runScript", scriptCommand=3)
    console.fail("runScript", scriptCommand=2)
    console.fail("runScript", scriptCommand=1, scriptName="other")
    console.do("runScript", scriptCommand=5)
    console.do("runScript", scriptCommand=2)
    console.fail("runScript", scriptCommand=3)


@pytest.mark.parametrize(
    "bad", [{}, {"scriptCommand": 0}, {"scriptCommand": 7}, {"scriptCommand": 1, "scriptName": 5}]
)
def test_bad_script_commands_fail(bad: dict[str, object]) -> None:
    """An unknown script command, or a name that is no string, is refused."""
    assert Console().fail("runScript", **bad) == []


def test_reboot_closes_both_ports_half_a_second_later() -> None:
    """A reboot succeeds, then closes both ports and forgets power, faults and script."""
    console = Console()
    telemetry = console.connect_telemetry()
    console.close_loop()
    load(console)
    assert console.do("rebootController") == []
    console.wait(0.49)
    assert not console.commands.closed
    console.wait(0.02)
    assert console.commands.closed
    assert telemetry.closed
    model = console.model
    assert not model.motor_on
    assert not model.communication_on
    assert not model.mirror.loop_closed
    assert model.faults.status == 0
    assert model.script.name == ""
    assert console.clock.getDelayedCalls() == []
