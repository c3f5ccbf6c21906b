"""The 19 topics of the telemetry port, in wire order.

One function for each topic returns its values, in the order of the fields in the catalogue.

Source: :ref:`protocol-telemetry`, :ref:`protocol-figures`.
"""

import math
from collections.abc import Callable
from functools import lru_cache

from ...catalogue import telemetry as topics
from ...catalogue.enums import PowerType
from ...catalogue.messages import ReceivedMessage
from ...wire.codec import Message
from .forces import net
from .geometry import AXIAL_COUNT, UM_PER_M_ARCSEC, UM_PER_STEP, Pose
from .model import Model
from .sensors import processed_inclination

__all__ = ["NUMBER_TOPICS", "REPEATED_TOPICS", "TOPICS", "TOPICS_ALWAYS", "telemetry"]

#: The values of a message, in the order of its fields.
Values = tuple[object, ...]

#: Readings of the displacement sensors at home, in um.
_THETA_Z_HOME = (14749.0, 14889.0, 14427.0, 14980.0, 15526.0, 14820.0)
_DELTA_Z_HOME = (17688.0, 16521.0, 16702.0, 16886.0, 15687.0, 16990.0)

#: Positions of the displacement sensors: direction, and radius in m.
_SENSOR_ANGLES = tuple(math.radians(60 * sensor) for sensor in range(6))
_SENSOR_RADIUS = 1.78104


def _power_status(model: Model) -> Values:
    noise = model.sensors.noise
    motor_voltage, motor_current = model.power.reading(PowerType.Motor)
    comm_voltage, comm_current = model.power.reading(PowerType.Communication)
    return (
        motor_voltage + noise(),
        motor_current + noise(),
        comm_voltage + noise(),
        comm_current + noise(),
    )


def _displacement_sensors(model: Model) -> Values:
    pose = model.mirror.pose
    # In the original, a new home does not change the readings.
    home = Pose() if model.as_original else model.mirror.home
    return _displacements(
        home.x + pose.x,
        home.y + pose.y,
        home.z + pose.z,
        home.x_rot + pose.x_rot,
        home.y_rot + pose.y_rot,
        home.z_rot + pose.z_rot,
    )


# Cached, like the positions of the encoders below, because the mirror stands still most of
# the time.  `LineCache` also relies on getting the same objects again.  There are several
# entries for several simulators in one process.
@lru_cache(maxsize=8)
def _displacements(
    x: float, y: float, z: float, x_rot: float, y_rot: float, z_rot: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    turn = UM_PER_M_ARCSEC * _SENSOR_RADIUS
    theta_z = [
        home - x * math.cos(angle) + y * math.sin(angle) + turn * z_rot
        for home, angle in zip(_THETA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    delta_z = [
        home + z + turn * (x_rot * math.cos(angle) - y_rot * math.sin(angle))
        for home, angle in zip(_DELTA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    return tuple(theta_z), tuple(delta_z)


def _ilc_data(model: Model) -> Values:
    # The high nibble is the counter of the broadcasts.  The status in the low nibble is 0.
    return ([model.sensors.count_broadcast() << 4] * len(model.mirror.steps),)


def _net_forces_total(model: Model) -> Values:
    return net(model.mirror.measured)[:3]


def _net_moments_total(model: Model) -> Values:
    return net(model.mirror.measured)[3:]


def _axial_force(model: Model) -> Values:
    mirror = model.mirror
    return (
        mirror.lut_gravity[:AXIAL_COUNT],
        mirror.lut_temperature,
        mirror.applied[:AXIAL_COUNT],
        mirror.measured[:AXIAL_COUNT],
        mirror.correction[:AXIAL_COUNT],
    )


def _tangent_force(model: Model) -> Values:
    mirror = model.mirror
    return (
        mirror.lut_gravity[AXIAL_COUNT:],
        [],  # the controller has no temperatures here
        mirror.applied[AXIAL_COUNT:],
        mirror.measured[AXIAL_COUNT:],
        mirror.correction[AXIAL_COUNT:],
    )


def _force_balance(model: Model) -> Values:
    return net(model.mirror.correction)


def _position(model: Model) -> Values:
    # The original writes a tilt of exactly 0 as an int.  Clients must accept this.
    pose = model.mirror.pose
    return pose.x, pose.y, pose.z, pose.x_rot or 0, pose.y_rot or 0, pose.z_rot


def _position_ims(model: Model) -> Values:
    pose, noise = model.mirror.pose, model.sensors.noise
    values = pose.x, pose.y, pose.z, pose.x_rot, pose.y_rot, pose.z_rot
    return tuple([value + noise() for value in values])


def _temperature(model: Model) -> Values:
    sensors = model.sensors
    mean, half = sensors.mean_temperature, sensors.airflow_rise / 2
    return (
        list(sensors.ring),
        [mean - half + sensors.noise() for _ in range(2)],
        [mean + half + sensors.noise() for _ in range(2)],
    )


def _zenith_angle(model: Model) -> Values:
    raw = model.sensors.inclinometer_raw + model.sensors.noise()
    processed = processed_inclination(raw)
    return 90 - processed, raw, processed


def _axial_encoder_positions(model: Model) -> Values:
    return (_encoder_positions(tuple(model.mirror.steps[:AXIAL_COUNT])),)


def _tangent_encoder_positions(model: Model) -> Values:
    return (_encoder_positions(tuple(model.mirror.steps[AXIAL_COUNT:])),)


# Twice as many entries, because axial and tangent actuators need one each.
@lru_cache(maxsize=16)
def _encoder_positions(steps: tuple[int, ...]) -> tuple[float, ...]:
    return tuple([count * UM_PER_STEP for count in steps])


def _axial_actuator_steps(model: Model) -> Values:
    return (model.mirror.steps[:AXIAL_COUNT],)


def _tangent_actuator_steps(model: Model) -> Values:
    return (model.mirror.steps[AXIAL_COUNT:],)


def _force_error_tangent(model: Model) -> Values:
    return model.tangent_force_error()


def _inclinometer_angle_tma(model: Model) -> Values:
    return (model.external_elevation,)


Builder = Callable[[Model], Values]

_ALWAYS: dict[type[ReceivedMessage], Builder] = {
    topics.PowerStatusRaw: _power_status,
    topics.PowerStatus: _power_status,
    topics.DisplacementSensors: _displacement_sensors,
}

_POWERED: dict[type[ReceivedMessage], Builder] = {
    topics.IlcData: _ilc_data,
    topics.NetForcesTotal: _net_forces_total,
    topics.NetMomentsTotal: _net_moments_total,
    topics.AxialForce: _axial_force,
    topics.TangentForce: _tangent_force,
    topics.ForceBalance: _force_balance,
    topics.Position: _position,
    topics.PositionIMS: _position_ims,
    topics.Temperature: _temperature,
    topics.ZenithAngle: _zenith_angle,
    topics.AxialEncoderPositions: _axial_encoder_positions,
    topics.TangentEncoderPositions: _tangent_encoder_positions,
    topics.AxialActuatorSteps: _axial_actuator_steps,
    topics.TangentActuatorSteps: _tangent_actuator_steps,
    topics.ForceErrorTangent: _force_error_tangent,
    topics.InclinometerAngleTma: _inclinometer_angle_tma,
}

#: Topics that are sent in every cycle, before the others.
TOPICS_ALWAYS: dict[str, Builder] = {topic.name: build for topic, build in _ALWAYS.items()}

#: All topics in the order of sending.  Those not listed above are sent only while the motors
#: have power.
TOPICS: dict[str, Builder] = TOPICS_ALWAYS | {
    topic.name: build for topic, build in _POWERED.items()
}

# The keys of each message, from the catalogue.
_KEYS = {name: ("id", *topics.BY_NAME[name].__struct_encode_fields__) for name in TOPICS}


#: Topics in which all fields are single numbers.
NUMBER_TOPICS = {
    "powerStatusRaw",
    "powerStatus",
    "netForcesTotal",
    "netMomentsTotal",
    "forceBalance",
    "position",
    "positionIMS",
    "zenithAngle",
    "inclinometerAngleTma",
}

#: Topics whose numbers are the same objects while the mirror stands still.
REPEATED_TOPICS = {
    "displacementSensors",
    "axialForce",
    "tangentForce",
    "axialEncoderPositions",
    "tangentEncoderPositions",
    "axialActuatorSteps",
    "tangentActuatorSteps",
    "forceErrorTangent",
}


def telemetry(model: Model) -> list[Message]:
    """Return the messages of one telemetry cycle, in order."""
    model.sensors.drift()
    sent = TOPICS if model.motor_on else TOPICS_ALWAYS
    return [
        dict(zip(_KEYS[name], (name, *build(model)), strict=True)) for name, build in sent.items()
    ]
