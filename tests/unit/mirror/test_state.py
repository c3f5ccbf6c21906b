"""The readings of the state: value, age and validity."""

from typing import Any

import pytest

from m2com_twisted.catalogue import events, telemetry
from m2com_twisted.catalogue.describe import fields_of
from m2com_twisted.catalogue.enums import InnerLoopControlMode, PowerType
from m2com_twisted.catalogue.messages import TypedMessage
from m2com_twisted.mirror import MirrorState, Reading, Validity
from m2com_twisted.mirror.memory import ALWAYS_SENT
from tests.support.fake_link import Linked
from tests.support.told_mirror import Told


def validity_of(reading: Reading[Any]) -> Validity:
    """Return the validity; a function, since mypy takes an attribute for unchanged."""
    return reading.validity


def test_one_attribute_for_each_event_and_topic() -> None:
    """Each event and each topic has a reading of its own, and those by key have a mapping."""
    readings = {
        attribute.kind for attribute in vars(MirrorState).values() if hasattr(attribute, "kind")
    }
    by_key = {events.PowerSystemState, events.InnerLoopControlMode}
    statuses = {events.Ack, events.NoAck, events.Success, events.Fail}
    assert readings == {*events.BY_NAME.values(), *telemetry.BY_NAME.values()} - by_key - statuses
    told = Told()
    assert set(told.state.power) == set(PowerType)
    assert set(told.state.ilcs) == set(range(84))


def test_never_told() -> None:
    """A reading of a message that never came has no value and no age."""
    reading = Told().state.config
    assert (reading.value, reading.received_at, reading.age) == (None, None, None)
    assert reading.validity is Validity.NEVER
    assert not reading.is_fresh


def test_value_time_and_age() -> None:
    """A reading has the message, its time of arrival, and the age when it was asked for."""
    told = Told()
    told.event("interlock", state=True)
    told.now += 7.5
    reading = told.state.interlock
    assert reading.value == events.Interlock(state=True)
    assert (reading.received_at, reading.age) == (100.0, 7.5)


def test_a_reading_does_not_change() -> None:
    """A reading that was asked for stays as it is when the controller says something else."""
    told = Told()
    told.event("interlock", state=True)
    before = told.state.interlock
    told.event("interlock", state=False)
    assert before.value == events.Interlock(state=True)
    assert told.state.interlock.value == events.Interlock(state=False)


def test_an_event_does_not_age() -> None:
    """An event holds for as long as the connection stands: it is told on change only."""
    told = Told()
    told.event("interlock", state=True)
    told.now += 1e6
    assert told.state.interlock.is_fresh


def test_events_after_a_loss() -> None:
    """After a loss an event is not valid until it is told again."""
    told = Told()
    told.event("interlock", state=True)
    told.event("openLoopMaxLimit", status=False)
    told.state.command_connection(False)
    assert told.state.interlock.validity == Validity.LINK_DOWN
    told.state.command_connection(True)
    assert validity_of(told.state.interlock) is Validity.OLD
    assert told.state.interlock.value == events.Interlock(state=True)
    told.event("interlock", state=True)
    assert told.state.interlock.is_fresh
    assert told.state.open_loop_max_limit.validity == Validity.OLD


def test_each_port_counts_for_itself() -> None:
    """The loss of the telemetry port leaves events as they are, and the other way round."""
    told = Told()
    told.event("interlock", state=True)
    told.power(1, 5)
    told.position()
    told.state.telemetry_connection(False)
    assert told.state.interlock.is_fresh
    assert told.state.position.validity == Validity.LINK_DOWN
    told.state.telemetry_connection(True)
    assert validity_of(told.state.position) is Validity.OLD
    told.position()
    told.state.command_connection(False)
    assert told.state.position.is_fresh
    assert told.state.interlock.validity == Validity.LINK_DOWN


def test_powers_by_type() -> None:
    """Each power system has a reading of its own; all are doubtful after a loss."""
    told = Told()
    told.power(1, 2)
    told.power(2, 5)
    motor = told.state.power[PowerType.Motor].value
    communication = told.state.power[PowerType.Communication].value
    assert motor is not None
    assert communication is not None
    assert (motor.status, communication.status) == (False, True)
    told.reconnect_command()
    assert told.state.power[PowerType.Motor].validity == Validity.OLD


def test_telemetry_grows_old() -> None:
    """A topic is old when it is missing for ten of its periods, but not before half a second."""
    told = Told()
    told.power(1, 5)
    for _ in range(200):
        told.now += 0.05
        told.position()
    told.now += 0.49
    assert told.state.position.is_fresh
    told.now += 0.02
    assert told.state.position.validity == Validity.OLD


def test_the_period_is_measured() -> None:
    """A topic that comes every two seconds is fresh for twenty."""
    told = Told()
    told.power(1, 5)
    for _ in range(100):
        told.now += 2.0
        told.position()
    told.now += 19.0
    assert told.state.position.is_fresh
    told.now += 2.0
    assert told.state.position.validity == Validity.OLD


def any_message(kind: type[TypedMessage]) -> TypedMessage:
    """Return a message of a class."""
    return kind(**{field.name: () if field.is_list else 0.0 for field in fields_of(kind)})


@pytest.mark.parametrize("kind", telemetry.BY_NAME.values(), ids=lambda kind: kind.name)
def test_without_motor_power(kind: type[TypedMessage]) -> None:
    """Without motor power the last values of sixteen topics are UNPOWERED."""
    told = Told()
    told.power(1, 5)
    told.state.receive(any_message(kind), told.now)
    assert told.state.reading(kind).is_fresh
    told.power(1, 2)
    expected = Validity.FRESH if kind in ALWAYS_SENT else Validity.UNPOWERED
    assert told.state.reading(kind).validity is expected


def test_three_topics_always_come() -> None:
    """The two powers and the displacement sensors are measured without motor power, too."""
    assert {kind.name for kind in ALWAYS_SENT} == {
        "powerStatusRaw",
        "powerStatus",
        "displacementSensors",
    }


def test_never_told_for_want_of_power() -> None:
    """A topic that never came because the motors are off says so."""
    told = Told()
    told.power(1, 2)
    assert told.state.position.validity == Validity.UNPOWERED
    assert told.state.power_status.validity == Validity.NEVER


def test_ilc_modes_after_communication_power_off() -> None:
    """A mode means nothing once its power was off, even when that is on again."""
    told = Told()
    told.power(2, 5)
    told.event("innerLoopControlMode", address=83, mode=3)
    reading = told.state.ilcs[83]
    assert reading.is_fresh
    assert reading.value is not None
    assert reading.value.mode is InnerLoopControlMode.Enabled
    told.power(2, 2)
    assert told.state.ilcs[83].validity == Validity.UNPOWERED
    told.power(2, 5)
    assert validity_of(told.state.ilcs[83]) is Validity.OLD
    told.event("innerLoopControlMode", address=83, mode=1)
    assert told.state.ilcs[83].is_fresh


@pytest.mark.parametrize("sign", ["fault", "motor power off"])
def test_the_mode_after_the_loop_was_opened(sign: str) -> None:
    """The mode stays at closed loop when a fault or the power opens the loop: it is old then."""
    told = Told()
    told.power(1, 5)
    told.loop(closed=True)
    assert told.state.closed_loop_control_mode.is_fresh
    if sign == "fault":
        told.event("forceBalanceSystemStatus", status=False)
    else:
        told.power(1, 2)
    assert told.state.closed_loop_control_mode.validity == Validity.OLD
    told.event("closedLoopControlMode", mode=3)
    assert told.state.closed_loop_control_mode.is_fresh


def test_an_ilc_that_does_not_exist() -> None:
    """The mode of an address out of range does not overwrite the mode of another ILC."""
    told = Told()
    told.power(2, 5)
    told.event("innerLoopControlMode", address=-1, mode=5)
    assert told.state.ilcs[83].validity == Validity.NEVER
    assert len(told.state.ilcs) == 84


def test_a_short_list() -> None:
    """A list that is shorter than usual, as in error, is taken as it is."""
    told = Told()
    told.power(1, 5)
    told.telemetry("axialActuatorSteps", steps=[1, 2])
    value = told.state.axial_actuator_steps.value
    assert value is not None
    assert value.steps == (1, 2)


def test_what_does_not_fit_changes_nothing() -> None:
    """A message that does not fit its class leaves the last one as it was."""
    told = Told()
    told.event("interlock", state=True)
    told.state.receive(events.parse({"id": "interlock"}), told.now)
    assert told.state.interlock.value == events.Interlock(state=True)


def test_an_unreadable_state_makes_the_last_one_old() -> None:
    """An event that cannot be read makes the one before it old."""
    told = Told()
    told.event("interlock", state=False)
    told.state.receive(events.parse({"id": "interlock", "state": "perhaps"}), told.now)
    assert told.state.interlock.validity == Validity.OLD
    assert told.state.interlock_engaged.value is None
    told.event("interlock", state=False)
    assert told.state.interlock.is_fresh


def test_an_unreadable_topic_is_old_at_once() -> None:
    """A topic that cannot be read makes its last values old at once."""
    told = Told()
    told.power(1, 5)
    told.position()
    told.state.receive(telemetry.parse({"id": "position", "x": 1.0}), told.now)
    assert told.state.position.validity == Validity.OLD


def test_an_unknown_power_state_is_no_power_off() -> None:
    """A state of a newer controller leaves that power unknown, and the other as it was."""
    told = Told()
    told.power(1, 2)
    told.power(2, 2)
    message = {"id": "powerSystemState", "powerType": 1, "status": True, "state": 99}
    told.state.receive(events.parse(message), told.now)
    assert told.state.motor_power.value is None
    assert told.state.power[PowerType.Motor].validity == Validity.OLD
    assert told.state.communication_power.value is False


def test_an_unknown_power_leaves_all_of_them_unknown() -> None:
    """If a message does not say which power has changed, both are unknown."""
    told = Told()
    told.power(1, 2)
    told.power(2, 2)
    message = {"id": "powerSystemState", "status": True, "state": 5}
    told.state.receive(events.parse(message), told.now)
    assert told.state.motor_power.value is None
    assert told.state.communication_power.value is None


def test_an_unknown_ilc_mode_is_no_enabled_one() -> None:
    """A mode of a newer ILC leaves that ILC unknown, and the others as they were."""
    told = Told()
    told.power(2, 5)
    for address in (3, 4):
        told.event("innerLoopControlMode", address=address, mode=3)
    message = {"id": "innerLoopControlMode", "address": 3, "mode": 99}
    told.state.receive(events.parse(message), told.now)
    assert told.state.ilcs[3].validity == Validity.OLD
    assert told.state.ilcs[4].is_fresh


def test_messages_that_nobody_knows() -> None:
    """A message without an id, or of an unknown one, changes nothing."""
    told = Told()
    told.event("interlock", state=True)
    for message in ({}, {"id": "newThing"}, {"id": 5}, {"id": ["interlock"]}):
        told.state.receive(events.parse(message), told.now)
    assert told.state.interlock.is_fresh


@pytest.mark.parametrize(
    ("name", "fields", "attribute"),
    [
        ("m2AssemblyInPosition", {"inPosition": True}, "m2_assembly_in_position"),
        ("cellTemperatureHiWarning", {"hiWarning": True}, "cell_temperature_hi_warning"),
        ("scriptExecutionStatus", {"percentage": 42}, "script_execution_status"),
    ],
)
def test_what_is_repeated_while_it_holds(name: str, fields: Any, attribute: str) -> None:
    """Three events that are repeated while they are true become old without a repetition."""
    told = Told()
    told.event(name, **fields)
    told.now += 0.9
    assert getattr(told.state, attribute).is_fresh
    told.now += 0.2
    assert getattr(told.state, attribute).validity is Validity.OLD


@pytest.mark.parametrize(
    ("name", "fields", "attribute"),
    [
        ("m2AssemblyInPosition", {"inPosition": False}, "m2_assembly_in_position"),
        ("cellTemperatureHiWarning", {"hiWarning": False}, "cell_temperature_hi_warning"),
        ("scriptExecutionStatus", {"percentage": 100}, "script_execution_status"),
    ],
)
def test_what_is_told_once(name: str, fields: Any, attribute: str) -> None:
    """The opposite of the three, and the end of a script, are told once, and hold."""
    told = Told()
    told.event(name, **fields)
    told.now += 3600.0
    assert getattr(told.state, attribute).is_fresh


@pytest.mark.parametrize("state", [1, 2, 3, 6], ids=["Init", "off", "coming on", "going off"])
def test_unpowered_by_the_state(state: int) -> None:
    """The state of the motor power decides, whatever its status says, and both ways there."""
    told = Told()
    told.power(1, 5)
    told.position()
    told.event("powerSystemState", powerType=1, status=True, state=state)
    assert told.state.position.validity == Validity.UNPOWERED


def test_hardpoints_and_bypassed_ilcs() -> None:
    """Hardpoints and bypassed ILCs are unknown until they are told, and count from 1."""
    told = Told()
    assert told.state.hardpoint_list.value is None
    assert told.state.bypassed_ilcs.value is None
    told.event("hardpointList", actuators=[6, 16, 26, 74, 76, 78])
    told.event("bypassedActuatorILCs", ilcs=[6])
    assert told.state.hardpoint_list.value == events.HardpointList((6, 16, 26, 74, 76, 78))
    assert told.state.bypassed_ilcs.value == events.BypassedActuatorILCs((6,))
    told.reconnect_command()
    assert told.state.hardpoint_list.validity == Validity.OLD


@pytest.mark.parametrize("sign", ["motor power off", "output bit"])
def test_the_mode_that_a_new_client_is_told(sign: str) -> None:
    """The welcome repeats the mode of before the fault: it is old where another word denies it."""
    told = Told()
    told.event("digitalOutput", value=0x1F)
    told.event("closedLoopControlMode", mode=4)
    told.power(1, 2 if sign == "motor power off" else 5)
    assert told.state.closed_loop_control_mode.validity == Validity.OLD
    told.event("closedLoopControlMode", mode=3)
    assert told.state.closed_loop_control_mode.is_fresh


def test_the_mode_while_the_loop_is_being_closed() -> None:
    """The output bit follows the mode: the bit of before does not deny it."""
    told = Told()
    told.event("digitalOutput", value=0x1F)
    told.power(1, 5)
    told.event("forceBalanceSystemStatus", status=True)
    told.event("closedLoopControlMode", mode=4)
    assert told.state.closed_loop_control_mode.is_fresh
    told.event("digitalOutput", value=0x1F)
    assert told.state.closed_loop_control_mode.validity == Validity.OLD


def test_a_reading_as_text() -> None:
    """A reading shows value, validity and age in one line."""
    told = Told()
    assert str(told.state.interlock) == "never received"
    told.event("interlock", state=True)
    told.now += 2.0
    assert str(told.state.interlock) == "Interlock(state=True) (fresh, 2.0 s old)"


def test_event_of_a_hub_has_the_time_at_which_its_service_received_it() -> None:
    """An event of an hour ago is an hour old, and one that should be repeated has ended."""
    linked = Linked()
    linked.clock.advance(7200.0)
    linked.link.late_event(3600.0, "interlock", state=True)
    linked.link.late_event(3600.0, "cellTemperatureHiWarning", hiWarning=True)
    linked.clock.advance(5.0)
    state = linked.mirror.state
    assert state.interlock.age == pytest.approx(3605.0)
    assert state.interlock.validity is Validity.FRESH
    assert state.cell_temperature_hi_warning.validity is Validity.OLD
    linked.mirror.stopService()
