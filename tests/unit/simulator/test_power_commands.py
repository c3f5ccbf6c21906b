"""Power, breakers, digital outputs: events in wire order, and what is refused."""

import pytest

from m2com_twisted.catalogue.enums import DigitalOutput, PowerType
from m2com_twisted.simulator import STRICT
from tests.support.memory_simulator import Console, Message


def state(power_type: int, number: int) -> Message:
    """Return a powerSystemState event; status is true in the states 3, 4, 5."""
    return {
        "id": "powerSystemState",
        "powerType": power_type,
        "status": number in (3, 4, 5),
        "state": number,
    }


def word(name: str, value: object) -> Message:
    """Return an event with one field."""
    key = {"interlock": "state", "openLoopMaxLimit": "status"}.get(name, "value")
    return {"id": name, key: value}


def test_power_on_and_off_in_wire_order() -> None:
    """Switching the power goes through two states, then the digital words are told."""
    console = Console()
    assert console.do("power", powerType=2, status=True) == [
        state(2, 3),
        state(2, 5),
        word("digitalInput", 2147516415),
        word("digitalOutput", 30),
        word("interlock", True),
        word("openLoopMaxLimit", False),
    ]
    assert console.do("power", powerType=1, status=True) == [
        state(1, 3),
        state(1, 5),
        word("digitalInput", 63),
        word("digitalOutput", 31),
        word("interlock", False),
        word("openLoopMaxLimit", False),
    ]
    assert console.do("power", powerType=2, status=False) == [
        state(2, 6),
        state(2, 2),
        word("digitalInput", 520126527),
        word("digitalOutput", 29),
        word("interlock", False),
        word("openLoopMaxLimit", False),
    ]
    console.do("power", powerType=1, status=False)
    assert console.model.power.input == 2667642879
    assert console.model.power.output == 28


def test_motor_power_alone() -> None:
    """The motors may be on without communication, as in the original."""
    console = Console()
    events = console.do("power", powerType=1, status=True)
    assert word("digitalInput", 520126527) in events


def test_off_works_from_any_state() -> None:
    """A system that was never on can be switched off."""
    assert Console().do("power", powerType=1, status=False)[:2] == [state(1, 6), state(1, 2)]


@pytest.mark.parametrize("status", [1, "true", None, 0, False])
def test_only_true_means_on(status: object) -> None:
    """Any status except JSON's true switches the power off."""
    assert Console().do("power", powerType=1, status=status)[0] == state(1, 6)


@pytest.mark.parametrize("power_type", [0, 3, "2", 1.0, True, None, [1], {}])
@pytest.mark.parametrize("name", ["power", "resetBreakers"])
def test_bad_power_type_fails_without_event(name: str, power_type: object) -> None:
    """A power type that is none fails before anything happens."""
    assert Console().fail(name, powerType=power_type, status=True) == []


def test_power_without_its_parameters_fails() -> None:
    """A missing parameter is answered, where the original hangs for good."""
    console = Console()
    assert console.fail("power", powerType=1) == []
    assert console.fail("power", status=True) == []


def test_motor_on_warns() -> None:
    """Switching the motor power on raises the warning 6052."""
    console = Console()
    console.wait(0.2)
    console.do("power", powerType=1, status=True)
    assert {"id": "summaryFaultsStatus", "status": 1 << 57 | 1 << 34} in console.wait(0.2)


def test_motor_off_ends_the_closed_loop() -> None:
    """Switching the motors off in closed loop opens the loop, without a report of the mode."""
    console = Console()
    console.close_loop()
    events = console.do("power", powerType=1, status=False)
    assert [event["id"] for event in events] == [
        "powerSystemState",
        "powerSystemState",
        "forceBalanceSystemStatus",
        "digitalInput",
        "digitalOutput",
        "interlock",
        "openLoopMaxLimit",
    ]
    assert events[2]["status"] is False
    assert events[4]["value"] == 30
    assert not console.model.mirror.loop_closed


@pytest.mark.parametrize(
    ("power_type", "low", "tripped"), [(1, 23, 2147516415), (2, 15, 0x1F00803F)]
)
def test_reset_breakers(power_type: int, low: int, tripped: int) -> None:
    """The reset line goes low, the breakers open, the motors' relay falls, and all comes back."""
    console = Console()
    console.power_up()
    assert console.do("resetBreakers", powerType=power_type) == [
        word("digitalOutput", low),
        word("interlock", False),
        word("digitalInput", tripped),
        state(power_type, 4),
        word("digitalOutput", 31),
        word("interlock", False),
        state(power_type, 5),
        word("digitalInput", 63),
    ]


def test_reset_breakers_needs_power() -> None:
    """Without power resetBreakers tells the digital inputs, and fails."""
    assert Console().fail("resetBreakers", powerType=1) == [word("digitalInput", 2667642879)]


@pytest.mark.parametrize(("status", "after"), [(1, 28), (2, 92), (3, 92)])
def test_switch_a_spare_output(status: int, after: int) -> None:
    """A spare output goes low, high and toggles; the power states are reported each time."""
    console = Console()
    assert console.do("switchDigitalOutput", bit=64, status=status) == [
        word("digitalOutput", after),
        word("interlock", True),
        state(2, 6),
        state(2, 2),
        state(1, 6),
        state(1, 2),
    ]


def test_switching_a_power_bit_switches_the_power() -> None:
    """The motor power bit high is the motor power on."""
    console = Console()
    events = console.do("switchDigitalOutput", bit=1, status=2)
    assert events[-2:] == [state(1, 3), state(1, 5)]
    assert console.model.motor_on
    console.do("switchDigitalOutput", bit=1, status=3)
    assert not console.model.motor_on


def test_interlock_follows_its_enable_bit() -> None:
    """With the enable bit low the interlock is engaged, powered or not."""
    console = Console()
    console.power_up()
    assert console.do("switchDigitalOutput", bit=4, status=1)[1] == word("interlock", True)
    assert console.do("switchDigitalOutput", bit=4, status=3)[1] == word("interlock", False)


@pytest.mark.parametrize(
    ("bit", "status"), [(0, 1), (3, 1), (256, 1), (-1, 1), (1, 0), (1, 4), ("1", 1), (1, True)]
)
def test_unknown_bit_or_status_fails(bit: object, status: object) -> None:
    """An unknown bit or status of an output fails."""
    assert Console().fail("switchDigitalOutput", bit=bit, status=status) == []


@pytest.mark.parametrize("bit", list(DigitalOutput))
def test_every_single_bit_is_known(bit: DigitalOutput) -> None:
    """Each of the eight bits of the output can be switched."""
    assert len(Console().do("switchDigitalOutput", bit=int(bit), status=3)) == 6


def test_realistic_power_times() -> None:
    """With the strict profile power takes its time, and later commands wait."""
    console = Console(STRICT)
    first = console.post("power", powerType=int(PowerType.Communication), status=True)
    second = console.post("loadConfiguration")
    assert console.commands.take() == [{"id": "ack", "sequence_id": first}]
    assert state(2, 3) in console.wait(0.51)
    assert console.commands.take() == []
    assert [m for m in console.wait(2.9) if "sequence_id" in m] == []
    late = console.wait(0.2)
    assert state(2, 5) in late
    answers = [m for m in late if "sequence_id" in m]
    assert answers == [
        {"id": "success", "sequence_id": first},
        {"id": "ack", "sequence_id": second},
        {"id": "success", "sequence_id": second},
    ]


def test_realistic_times_of_power_off_and_reset() -> None:
    """In the strict profile, off takes 1 s and resetting the breakers 5 s."""
    console = Console(STRICT)
    console.post("power", powerType=1, status=True)
    console.wait(4)
    console.post("resetBreakers", powerType=1)
    assert state(1, 4) in console.wait(4.9)
    assert state(1, 5) in console.wait(0.3)
    console.post("power", powerType=1, status=False)
    assert state(1, 6) in console.wait(0.9)
    assert state(1, 2) in console.wait(0.2)
