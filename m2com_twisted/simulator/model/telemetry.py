"""The 19 topics of the telemetry port, in wire order.

One function for each topic returns its values, in the order of the fields in the catalogue.

Source: :ref:`protocol-telemetry`, :ref:`protocol-figures`.
"""

import math
from collections.abc import Callable
from operator import add

from ...catalogue import telemetry as topics
from ...catalogue.enums import PowerType
from ...catalogue.messages import ReceivedMessage
from .forces import net
from .geometry import AXIAL_COUNT, UM_PER_M_ARCSEC, UM_PER_STEP, Pose
from .model import Model
from .sensors import processed_inclination

__all__ = ["SOURCES", "TOPICS", "TOPICS_ALWAYS", "Sources", "fields_of"]

# To take a member from its class takes as long as to read the power.
_MOTOR, _COMMUNICATION = PowerType.Motor, PowerType.Communication

#: The values of a message, in the order of its fields.
Values = tuple[object, ...]

#: Readings of the displacement sensors at home, in um.
_THETA_Z_HOME = (14749.0, 14889.0, 14427.0, 14980.0, 15526.0, 14820.0)
_DELTA_Z_HOME = (17688.0, 16521.0, 16702.0, 16886.0, 15687.0, 16990.0)

#: Positions of the displacement sensors: direction, and radius in m.
_SENSOR_ANGLES = tuple(math.radians(60 * sensor) for sensor in range(6))
_SENSOR_RADIUS = 1.78104


def _power_status(model: Model) -> Values:
    reading = model.power.reading
    readings = *reading(_MOTOR), *reading(_COMMUNICATION)
    return tuple(map(add, readings, model.sensors.noises(4)))


def _displacement_sensors(model: Model) -> Values:
    pose = model.mirror.pose
    # In the original, a new home does not change the readings.
    home = Pose() if model.as_original else model.mirror.home
    at = home + pose
    turn = UM_PER_M_ARCSEC * _SENSOR_RADIUS
    theta_z = [
        start - at.x * math.cos(angle) + at.y * math.sin(angle) + turn * at.z_rot
        for start, angle in zip(_THETA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    delta_z = [
        start + at.z + turn * (at.x_rot * math.cos(angle) - at.y_rot * math.sin(angle))
        for start, angle in zip(_DELTA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    return theta_z, delta_z


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
    pose = model.mirror.pose
    values = pose.x, pose.y, pose.z, pose.x_rot, pose.y_rot, pose.z_rot
    return tuple(map(add, values, model.sensors.noises(6)))


def _temperature(model: Model) -> Values:
    sensors = model.sensors
    mean, half = sensors.mean_temperature, sensors.airflow_rise / 2
    return (
        list(sensors.ring),
        [mean - half + noise for noise in sensors.noises(2)],
        [mean + half + noise for noise in sensors.noises(2)],
    )


def _zenith_angle(model: Model) -> Values:
    (noise,) = model.sensors.noises(1)
    raw = model.sensors.inclinometer_raw + noise
    processed = processed_inclination(raw)
    return 90 - processed, raw, processed


def _axial_encoder_positions(model: Model) -> Values:
    return (_encoder_positions(model.mirror.steps[:AXIAL_COUNT]),)


def _tangent_encoder_positions(model: Model) -> Values:
    return (_encoder_positions(model.mirror.steps[AXIAL_COUNT:]),)


def _encoder_positions(steps: list[int]) -> list[float]:
    return [count * UM_PER_STEP for count in steps]


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

#: The objects from which a topic follows.
Sources = Callable[[Model], tuple[object, ...]]


def _pose(model: Model) -> tuple[object, ...]:
    return model.mirror.pose, model.mirror.home


def _forces(model: Model) -> tuple[object, ...]:
    mirror = model.mirror
    tables = mirror.lut_gravity, mirror.lut_temperature
    return mirror.measured, mirror.correction, mirror.applied, *tables


def _steps(model: Model) -> tuple[object, ...]:
    return (model.mirror.steps,)


def _tangent_weight(model: Model) -> tuple[object, ...]:
    elevation = (
        model.sensors.inclinometer_raw,
        model.inclination_source,
        model.external_elevation,
    )
    return model.mirror.measured, *elevation


#: The sources of the topics without noise.  If they are the same as in the last cycle, so is the
#: topic.
SOURCES: dict[str, Sources] = {
    "displacementSensors": _pose,
    "netForcesTotal": _forces,
    "netMomentsTotal": _forces,
    "axialForce": _forces,
    "tangentForce": _forces,
    "forceBalance": _forces,
    "position": _pose,
    "axialEncoderPositions": _steps,
    "tangentEncoderPositions": _steps,
    "axialActuatorSteps": _steps,
    "tangentActuatorSteps": _steps,
    "forceErrorTangent": _tangent_weight,
    "inclinometerAngleTma": _tangent_weight,
}


def fields_of(name: str) -> tuple[str, ...]:
    """Return the names of the fields of a topic without its id, from the catalogue."""
    return topics.BY_NAME[name].__struct_encode_fields__
