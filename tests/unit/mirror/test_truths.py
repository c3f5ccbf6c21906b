"""Answers that no single message gives, and what contradicts them."""

import pytest

from m2com_twisted.catalogue.actuators import BREAKERS
from m2com_twisted.mirror import Truth
from m2com_twisted.mirror.truths import ilcs_enabled, required_ilcs
from tests.support.told_mirror import Told


def test_true_only_where_it_was_seen() -> None:
    """A truth that is not known counts as false in a condition."""
    assert Truth(True)
    assert not Truth(False)
    assert not Truth(None)


def test_a_truth_as_text() -> None:
    """A truth shows its answer, its evidence and what speaks against it."""
    truth = Truth(True, ("force balance: closed",), ("mode: open",))
    assert str(truth) == "yes: force balance: closed; but mode: open"
    assert str(Truth(None)) == "not known"


def test_loop_nothing_told() -> None:
    """Before any message the state of the loop is not known."""
    assert Told().state.loop_closed.value is None


def test_loop_closed_by_command() -> None:
    """The three events after the command agree."""
    told = Told()
    told.loop(closed=True)
    truth = told.state.loop_closed
    assert truth.value is True
    assert truth.evidence == ("force balance: closed", "output bit 5: closed", "mode: closed")
    assert truth.contradictions == ()


def test_loop_opened_by_a_fault() -> None:
    """A fault is told by the force balance alone: bit and mode are shown as contradictions."""
    told = Told()
    told.loop(closed=True)
    told.event("forceBalanceSystemStatus", status=False)
    truth = told.state.loop_closed
    assert truth.value is False
    assert truth.contradictions == ("output bit 5: closed", "mode: closed")


def test_loop_opened_without_a_word() -> None:
    """The loop is not taken for closed if a later output bit says that it is open."""
    told = Told()
    told.loop(closed=True)
    told.event("digitalOutput", value=0x1E)
    truth = told.state.loop_closed
    assert truth.value is None
    assert set(truth.contradictions) >= {"force balance: closed", "output bit 5: open"}


def test_the_mode_closes_no_loop() -> None:
    """The mode can be announced without the loop: it decides nothing, either way."""
    told = Told()
    told.loop(closed=False)
    told.event("closedLoopControlMode", mode=4)
    assert told.state.loop_closed.value is False
    told.loop(closed=True)
    told.event("closedLoopControlMode", mode=3)
    assert told.state.loop_closed.value is True
    assert told.state.loop_closed.contradictions == ("mode: open",)


@pytest.mark.parametrize(
    ("bit", "mode", "value"),
    [(False, 1, False), (True, 4, None), (False, 4, None), (True, 3, None)],
    ids=["both open", "both closed", "mode closed", "bit closed"],
)
def test_loop_from_the_welcome_alone(bit: bool, mode: int, value: bool | None) -> None:
    """From the welcome alone, only an open loop can be known."""
    told = Told()
    told.event("digitalOutput", value=0x1F | (32 if bit else 0))
    told.event("closedLoopControlMode", mode=mode)
    assert told.state.loop_closed.value is value


def test_loop_after_a_loss() -> None:
    """After a loss the loop is not known until it is told again."""
    told = Told()
    told.loop(closed=True)
    told.state.command_connection(False)
    assert told.state.loop_closed.value is None
    told.state.command_connection(True)
    assert told.state.loop_closed.value is None
    told.event("forceBalanceSystemStatus", status=True)
    assert told.state.loop_closed.value is True


@pytest.mark.parametrize(
    ("state", "value"),
    [(1, False), (2, False), (3, None), (4, None), (5, True), (6, None)],
    ids=["Init", "PoweredOff", "PoweringOn", "ResettingBreakers", "PoweredOn", "PoweringOff"],
)
def test_power(state: int, value: bool | None) -> None:
    """A power system on its way up or down is neither on nor off."""
    told = Told()
    told.power(1, state)
    assert told.state.motor_power.value is value
    assert told.state.communication_power.value is None


def test_power_with_an_older_output_bit() -> None:
    """The output bit of before the change decides nothing; it is shown."""
    told = Told()
    told.event("digitalOutput", value=0x1D)
    told.power(1, 2)
    assert told.state.motor_power.value is False
    assert told.state.motor_power.contradictions == ("output bit: on",)


def test_power_with_a_newer_output_bit() -> None:
    """A power is not taken for off if a later output bit says that it is on."""
    told = Told()
    told.power(1, 2)
    told.event("digitalOutput", value=0x1D)
    assert told.state.motor_power.value is None


def test_power_that_says_on_with_the_status_off() -> None:
    """A system is on only if state and status say so."""
    told = Told()
    told.event("powerSystemState", powerType=1, status=False, state=5)
    assert told.state.motor_power.value is None
    assert told.state.motor_power.contradictions == ("status: off",)


def test_power_whose_status_was_not_cleared() -> None:
    """A system is off by its state; a status that was not cleared is shown, and decides nothing."""
    told = Told()
    told.event("powerSystemState", powerType=2, status=True, state=2)
    assert told.state.communication_power.value is False
    assert told.state.communication_power.contradictions == ("status: on",)


def test_power_with_a_relay_that_sticks() -> None:
    """While the fault of the power relay is there, no power is taken for off."""
    told = Told()
    told.power(1, 2)
    told.power(2, 5)
    told.event("summaryFaultsStatus", status=1 << 15)
    assert told.state.motor_power.value is None
    assert told.state.motor_power.contradictions == ("fault 6067: power relay",)
    assert told.state.communication_power.value is True
    told.event("summaryFaultsStatus", status=0)
    assert told.state.motor_power.value is False


def test_power_after_a_loss() -> None:
    """After a loss a power is not known until it is told again."""
    told = Told()
    told.power(2, 5)
    told.reconnect_command()
    assert told.state.communication_power.value is None


def test_interlock_by_event_and_relay() -> None:
    """The later of the event and the relay's input bit counts, the other is shown."""
    told = Told()
    told.event("interlock", state=False)
    told.event("digitalInput", value=1 << 31)
    assert told.state.interlock_engaged.value is True
    assert told.state.interlock_engaged.contradictions == ("interlock: released",)
    told.event("interlock", state=False)
    assert told.state.interlock_engaged.value is False


def test_commander() -> None:
    """The controller says whether the control system may command."""
    told = Told()
    assert told.state.commander.value is None
    told.event("commandableByDDS", state=False)
    assert told.state.commander.value is False
    assert told.state.commander.evidence == ("the engineering console has the command",)
    told.event("commandableByDDS", state=True)
    assert told.state.commander


def test_in_position_is_repeated() -> None:
    """In position is true only while the event is repeated."""
    told = Told()
    told.event("m2AssemblyInPosition", inPosition=True)
    assert told.state.in_position
    told.now += 1.5
    assert told.state.in_position.value is None
    assert told.state.in_position.evidence == ("inPosition true 1.5 s ago",)
    told.event("m2AssemblyInPosition", inPosition=False)
    told.now += 60.0
    assert told.state.in_position.value is False


def test_breakers_in_positive_sense() -> None:
    """A set input bit is a tripped breaker: true means closed."""
    told = Told()
    told.power(1, 5)
    told.power(2, 5)
    told.event("digitalInput", value=1 << 7)
    breakers = told.state.breakers
    assert len(breakers) == len(BREAKERS) == 15
    assert breakers["J1-W9-2"].value is False
    assert all(truth for name, truth in breakers.items() if name != "J1-W9-2")


def test_breakers_without_power() -> None:
    """Without power each input bit is set, and says nothing of the breaker."""
    told = Told()
    told.power(1, 2)
    told.power(2, 5)
    told.event("digitalInput", value=0x7FC0)
    breakers = told.state.breakers
    assert breakers["J1-W9-1"].value is None
    assert breakers["J1-W12-1"].value is True


def test_limit_switches_by_name() -> None:
    """An event has the new ones only: they add up until the faults are cleared."""
    told = Told()
    told.event("limitSwitchStatus", retract=[11], extend=[])
    told.event("limitSwitchStatus", retract=[], extend=[77])
    assert dict(told.state.limit_switches) == {"B12": "retract", "A6": "extend"}
    told.event("summaryFaultsStatus", status=0)
    assert not told.state.limit_switches


def test_limit_switches_after_a_loss() -> None:
    """After a loss it is not known which limit switches have triggered."""
    told = Told()
    told.event("limitSwitchStatus", retract=[11], extend=[])
    told.reconnect_command()
    assert not told.state.limit_switches


def _tell_ilcs(told: Told, mode: int = 3, **others: int) -> None:
    told.power(2, 5)
    for address in range(84):
        told.event("innerLoopControlMode", address=address, mode=others.get(f"a{address}", mode))


def test_ilcs_all_enabled() -> None:
    """The ILCs are enabled if all that a closed loop needs are."""
    told = Told()
    _tell_ilcs(told)
    assert told.state.ilcs_enabled


def test_ilcs_culprits_are_named() -> None:
    """ILCs that are not enabled are named, with actuator, ModBUS id and mode."""
    told = Told()
    _tell_ilcs(told, a11=5, a72=1)
    truth = told.state.ilcs_enabled
    assert truth.value is False
    assert truth.evidence == ("Fault: B12 (ModBUS 12)", "Standby: A1 (ModBUS 73)")


def test_ilcs_not_told() -> None:
    """If the mode of one ILC is unknown, it is not known whether all are enabled."""
    told = Told()
    told.power(2, 5)
    assert told.state.ilcs_enabled.value is None


@pytest.mark.parametrize(
    ("temperature", "bypassed", "addresses"),
    [
        (False, False, {*range(78), 83} - {5}),
        (True, False, {*range(78), 83, 78, 80, 81} - {5}),
        (False, True, {*range(78), 83}),
    ],
    ids=["plain", "with the temperature table", "with the bypassed ones"],
)
def test_ilcs_in_one_rule(temperature: bool, bypassed: bool, addresses: set[int]) -> None:
    """A closed loop needs the ILCs of the actuators, and others only where they are used."""
    told = Told()
    told.event("bypassedActuatorILCs", ilcs=[6])
    assert required_ilcs(told.state.memory, temperature, bypassed) == addresses


def test_a_bypassed_ilc_may_be_in_any_mode() -> None:
    """The ILC of the first hardpoint, bypassed, keeps no loop open."""
    told = Told()
    told.event("bypassedActuatorILCs", ilcs=[6])
    _tell_ilcs(told, a5=5)
    assert told.state.ilcs_enabled
    assert ilcs_enabled(told.state.memory, frozenset(range(78))).value is False


def _tell_angles(told: Told, raw: float, processed: float, mount: float) -> None:
    told.telemetry("zenithAngle", measured=0, inclinometerRaw=raw, inclinometerProcessed=processed)
    told.telemetry("inclinometerAngleTma", inclinometer=mount)


def test_elevation_by_its_source() -> None:
    """The elevation is that of the source in use; there is none where that is old."""
    told = Told()
    told.power(1, 5)
    _tell_angles(told, 90, 89, 45)
    assert told.state.elevation == 89
    told.event("inclinationTelemetrySource", source=2)
    assert told.state.elevation == 45
    told.now += 10.0
    assert told.state.elevation is None


def test_an_outlier_of_the_inclinometer() -> None:
    """A raw angle of a million degrees is no reading."""
    told = Told()
    told.power(1, 5)
    _tell_angles(told, 1e6, -270, 45)
    assert told.state.elevation is None


@pytest.mark.parametrize("angle", [float("nan"), float("inf")])
@pytest.mark.parametrize("source", [1, 2], ids=["inclinometer", "mount"])
def test_an_elevation_that_is_no_number(angle: float, source: int) -> None:
    """An angle that is no finite number is no reading."""
    told = Told()
    told.power(1, 5)
    told.event("inclinationTelemetrySource", source=source)
    _tell_angles(told, 90, angle, angle)
    assert told.state.elevation is None


def test_the_elevation_of_the_closed_loop_is_a_reading() -> None:
    """An outlier does not take the place of the elevation at which the loop was closed."""
    told = Told()
    told.power(1, 5)
    told.loop(closed=True)
    _tell_angles(told, 90, 60, 45)
    _tell_angles(told, 1e6, -270, 45)
    _tell_angles(told, 90, float("nan"), 45)
    assert told.state.memory.closed_elevation == 60
