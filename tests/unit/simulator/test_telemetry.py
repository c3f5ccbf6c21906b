"""The 19 topics: order, shapes, rate, and that they say what the model does."""

import math
from itertools import pairwise

import pytest

from m2com_twisted.catalogue.enums import PowerSystemState, PowerType
from m2com_twisted.simulator import CellController
from m2com_twisted.simulator.model.model import Model
from m2com_twisted.simulator.model.telemetry import TOPICS, TOPICS_ALWAYS
from tests.support.memory_simulator import ClientEnd, Console, Message
from tests.support.telemetry_cycle import telemetry

#: Fields of each topic, with the length of a list, in wire order (protocol-telemetry).
SHAPES: dict[str, dict[str, int | None]] = {
    "powerStatusRaw": dict.fromkeys(("motorVoltage", "motorCurrent", "commVoltage", "commCurrent")),
    "powerStatus": dict.fromkeys(("motorVoltage", "motorCurrent", "commVoltage", "commCurrent")),
    "displacementSensors": {"thetaZ": 6, "deltaZ": 6},
    "ilcData": {"status": 78},
    "netForcesTotal": dict.fromkeys(("fx", "fy", "fz")),
    "netMomentsTotal": dict.fromkeys(("mx", "my", "mz")),
    "axialForce": dict.fromkeys(
        ("lutGravity", "lutTemperature", "applied", "measured", "hardpointCorrection"), 72
    ),
    "tangentForce": {
        "lutGravity": 6,
        "lutTemperature": 0,
        "applied": 6,
        "measured": 6,
        "hardpointCorrection": 6,
    },
    "forceBalance": dict.fromkeys(("fx", "fy", "fz", "mx", "my", "mz")),
    "position": dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot")),
    "positionIMS": dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot")),
    "temperature": {"ring": 12, "intake": 2, "exhaust": 2},
    "zenithAngle": dict.fromkeys(("measured", "inclinometerRaw", "inclinometerProcessed")),
    "axialEncoderPositions": {"position": 72},
    "tangentEncoderPositions": {"position": 6},
    "axialActuatorSteps": {"steps": 72},
    "tangentActuatorSteps": {"steps": 6},
    "forceErrorTangent": {"force": 6, "weight": None, "sum": None},
    "inclinometerAngleTma": {"inclinometer": None},
}


@pytest.fixture
def console() -> Console:
    """Switch the power of a controller on."""
    console = Console()
    console.power_up()
    return console


@pytest.fixture
def connection(console: Console) -> ClientEnd:
    """Connect to the telemetry of the console."""
    return console.connect_telemetry()


def latest(console: Console, connection: ClientEnd, seconds: float = 0.2) -> dict[str, Message]:
    """Let time pass; return the last message of each topic."""
    console.clock.pump([0.01] * round(seconds * 100))
    return {message["id"]: message for message in connection.take()}


def test_topics_in_order_with_their_fields(console: Console, connection: ClientEnd) -> None:
    """Each topic has its place, its fields and their lengths; every value is a number."""
    console.clock.pump([0.01] * 5)
    messages = connection.take()
    assert [message.pop("id") for message in messages] == list(SHAPES)
    for message, fields in zip(messages, SHAPES.values(), strict=True):
        assert list(message) == list(fields)
        for key, length in fields.items():
            values = message[key] if length is not None else [message[key]]
            assert len(values) == (1 if length is None else length)
            assert all(isinstance(value, int | float) for value in values)


def test_only_three_topics_without_motor_power() -> None:
    """Without motor power three topics come, with or without communication power."""
    console = Console()
    console.do("power", powerType=2, status=True)
    assert list(latest(console, console.connect_telemetry())) == list(TOPICS_ALWAYS)


@pytest.mark.parametrize("step", [0.001, 0.007, 0.05, 0.013])
def test_true_20_hz(step: float) -> None:
    """Telemetry has 20 cycles in each second, however the clock ticks."""
    console = Console()
    connection = console.connect_telemetry()
    connection.take()
    counts = []
    for _ in range(6):
        console.clock.pump([step] * round(10 / step))
        counts.append(len(connection.take()) / len(TOPICS_ALWAYS))
    assert all(abs(count - 200) <= 1 for count in counts)
    assert abs(sum(counts) - 20 * console.clock.seconds()) <= 1


def test_missed_cycles_are_not_made_up_for() -> None:
    """After a standstill one cycle is sent, and then the rate is as before."""
    console = Console()
    connection = console.connect_telemetry()
    console.clock.advance(5)
    assert len(connection.take()) == len(TOPICS_ALWAYS)
    console.clock.pump([0.01] * 100)
    assert len(connection.take()) == 20 * len(TOPICS_ALWAYS)


def test_time_in_the_model_is_made_up_for() -> None:
    """After a standstill the model catches up, by at most 10 s."""
    console = Console()
    console.do("moveActuators", actuatorCommand=1, actuators=[0], displacement=5000, unit=2)
    console.clock.advance(1.04)
    assert console.model.mirror.steps[0] == 1000
    console.do("moveActuators", actuatorCommand=2)
    console.do("moveActuators", actuatorCommand=1, actuators=[1], displacement=10**6, unit=2)
    console.clock.advance(3600)
    assert console.model.mirror.steps[1] == 9700


def test_power_readings(console: Console, connection: ClientEnd) -> None:
    """Power reads 23 V, 8.5 and 6.5 A with a little noise, and 0 when off."""
    readings = latest(console, connection)["powerStatus"]
    for key, value in [("motorVoltage", 23), ("motorCurrent", 8.5), ("commCurrent", 6.5)]:
        assert readings[key] == pytest.approx(value, abs=0.3)
        assert readings[key] != value
    console.do("power", powerType=1, status=False)
    assert latest(console, connection)["powerStatus"]["motorCurrent"] == pytest.approx(0, abs=0.3)


def test_broadcast_counter(console: Console, connection: ClientEnd) -> None:
    """The counter of the broadcast goes 0, 16, ... 240 for all ILCs, again and again."""
    console.clock.pump([0.01] * 100)
    statuses = [message["status"] for message in connection.take() if message["id"] == "ilcData"]
    assert [status[0] for status in statuses] == [16 * (n % 16) for n in range(20)]
    assert all(len(set(status)) == 1 for status in statuses)


def test_forces_at_start(console: Console, connection: ClientEnd) -> None:
    """At the start all axial actuators bear the same; four tangent ones bear the rest."""
    told = latest(console, connection)
    assert told["axialForce"]["measured"] == pytest.approx([216.2038] * 72, abs=1e-3)
    assert told["tangentForce"]["measured"] == pytest.approx(
        [0, -63.8528, -63.8528, 0, 63.8528, 63.8528], abs=1e-3
    )
    assert told["netForcesTotal"]["fz"] == pytest.approx(15566.675, abs=1e-2)
    assert told["netForcesTotal"]["fy"] == pytest.approx(-221.1926, abs=1e-3)
    assert told["netMomentsTotal"] == pytest.approx(
        {"id": "netMomentsTotal", "mx": 0, "my": 0, "mz": 0}, abs=1e-9
    )
    assert told["forceErrorTangent"]["weight"] == pytest.approx(-34.2186, abs=1e-3)
    assert told["forceErrorTangent"]["force"] == pytest.approx(
        [0, 8.5547, 8.5547, 0, -8.5547, -8.5547], abs=1e-3
    )


def test_net_moment_is_of_the_tangent_forces() -> None:
    """The moment about z is the sum of the tangent forces times 1.78 m."""
    model = Model(seed=1)
    model.mirror.measured[72:] = [10.0, 0, 0, 0, 0, 0]
    model.power.states = dict.fromkeys(PowerType, PowerSystemState.PoweredOn)
    told = {message["id"]: message for message in telemetry(model)}
    assert told["netMomentsTotal"]["mz"] == pytest.approx(17.80189734)
    assert told["netForcesTotal"]["fx"] == pytest.approx(10)


def test_position_and_sensors_follow_the_mirror(console: Console, connection: ClientEnd) -> None:
    """Position, encoders, steps and displacement sensors agree."""
    console.do("switchForceBalanceSystem", status=True)
    told = latest(console, connection)
    assert (told["position"]["xRot"], type(told["position"]["xRot"])) == (0, int)
    assert told["displacementSensors"]["thetaZ"][0] == 14749.0
    console.do("positionMirror", x=10, y=0, z=5, xRot=0.5, yRot=0, zRot=0)
    told = latest(console, connection, 5)
    position = told["position"]
    assert position["x"] == pytest.approx(10, abs=0.02)
    assert position["z"] == pytest.approx(5, abs=0.02)
    assert isinstance(position["xRot"], float)
    assert told["positionIMS"]["x"] == pytest.approx(10, abs=0.3)
    assert told["displacementSensors"]["thetaZ"][0] == pytest.approx(14749 - 10, abs=0.05)
    delta_z = told["displacementSensors"]["deltaZ"]
    assert delta_z[0] == pytest.approx(17688 + 5 + 4.3, abs=0.1)
    assert delta_z[3] == pytest.approx(16886 + 5 - 4.3, abs=0.1)
    steps = told["tangentActuatorSteps"]["steps"]
    encoders = told["tangentEncoderPositions"]["position"]
    assert encoders == pytest.approx([step * 0.019967536601 for step in steps])
    assert steps[1] == 250
    assert all(isinstance(step, int) for step in told["axialActuatorSteps"]["steps"])


def test_zenith_angle(console: Console, connection: ClientEnd) -> None:
    """The zenith angle follows from the processed angle, and that from the raw reading."""
    console.model.sensors.inclinometer_raw = 120.0
    told = latest(console, connection)["zenithAngle"]
    assert told["inclinometerRaw"] == pytest.approx(120, abs=0.3)
    assert told["inclinometerProcessed"] == pytest.approx(
        180 - told["inclinometerRaw"] - 0.94, abs=1e-9
    )
    assert told["measured"] == pytest.approx(90 - told["inclinometerProcessed"])


def test_temperatures_wander_within_bounds(console: Console, connection: ClientEnd) -> None:
    """Temperatures change a little in each cycle, and stay between 0 and 28 degC."""
    console.model.sensors.ring[:2] = [0.01, 27.99]
    console.clock.pump([0.05] * 800)
    cycles = [message for message in connection.take() if message["id"] == "temperature"]
    rings = [cycle["ring"] for cycle in cycles]
    assert all(0 <= value <= 28 for ring in rings for value in ring)
    assert rings[0] != rings[-1]
    assert all(
        abs(after - before) < 0.4
        for one, other in pairwise(rings)
        for before, after in zip(one, other, strict=True)
    )
    rise = [sum(cycle["exhaust"]) - sum(cycle["intake"]) for cycle in cycles]
    assert sum(rise) / len(rise) / 2 == pytest.approx(1, abs=0.05)


def test_hot_exhaust_warns_every_cycle(console: Console) -> None:
    """A rise of the air above 2 degC is a warning in every cycle."""
    console.model.sensors.airflow_rise = 2.0
    assert "cellTemperatureHiWarning" not in [m["id"] for m in console.wait(0.5)]
    console.model.sensors.airflow_rise = 2.1
    told = [m for m in console.wait(1.03) if m["id"] == "cellTemperatureHiWarning"]
    assert told == [{"id": "cellTemperatureHiWarning", "hiWarning": True}] * 10


def test_forces_react_to_the_elevation(console: Console, connection: ClientEnd) -> None:
    """Forces follow the elevation of the telescope mount once that is the source."""
    console.do(
        "setControlParameters",
        useExternalElevationAngle=True,
        enableAngleComparison=False,
        maxAngleDifference=2.0,
        enableLutTemperature=False,
    )
    connection.feed(b'{"id": "tel_elevation", "compName": "MTMount", "actualPosition": 45.0}\r\n')
    told = latest(console, connection)
    each = 1588.65 * 9.8 * math.sin(math.radians(45)) / 72
    assert told["axialForce"]["measured"] == pytest.approx([each] * 72)
    assert sum(told["axialForce"]["lutGravity"]) == pytest.approx(72 * each, rel=0.04)
    assert told["axialForce"]["lutTemperature"] == [0.0] * 72
    assert told["inclinometerAngleTma"]["inclinometer"] == 45.0
    assert told["netForcesTotal"]["fy"] == pytest.approx(-(0.75**0.5) * 72 * each)


def transcript(seed: int) -> bytes:
    """Return all bytes of a session on both ports."""
    console = Console(seed=seed)
    connection = console.connect_telemetry()
    console.post("power", powerType=2, status=True)
    console.post("power", powerType=1, status=True)
    console.post("switchForceBalanceSystem", status=True)
    console.post("positionMirror", x=3, y=1, z=5, xRot=1, yRot=0, zRot=0)
    console.clock.pump([0.011] * 300)
    sent = console.commands.transport.value() + connection.transport.value()
    assert isinstance(sent, bytes)
    return sent


def test_same_seed_and_clock_same_bytes() -> None:
    """The same seed gives the same bytes, and another seed another noise."""
    assert transcript(7) == transcript(7)
    assert transcript(7) != transcript(8)


def test_without_a_seed_no_two_are_alike() -> None:
    """Without a seed no two simulators have the same noise."""
    one, other = (telemetry(CellController().model) for _ in range(2))
    assert one != other


def test_table_names_every_topic() -> None:
    """The simulator has a builder for each topic."""
    assert list(TOPICS) == list(SHAPES)
