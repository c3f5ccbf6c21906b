"""The 19 topics of the telemetry port: a function each, in wire order.

Source: :ref:`protocol-telemetry`, :ref:`protocol-figures`.
"""

import math
from collections.abc import Callable
from functools import lru_cache

from ...catalogue.enums import PowerType
from ...wire.codec import Message
from .forces import net
from .geometry import AXIAL_COUNT, UM_PER_M_ARCSEC, UM_PER_STEP, Pose
from .model import Model
from .sensors import processed_inclination

__all__ = ["REPEATED_TOPICS", "TOPICS", "TOPICS_ALWAYS", "telemetry"]

#: Readings of the displacement sensors at home, in um.
_THETA_Z_HOME = (14749.0, 14889.0, 14427.0, 14980.0, 15526.0, 14820.0)
_DELTA_Z_HOME = (17688.0, 16521.0, 16702.0, 16886.0, 15687.0, 16990.0)

#: Where the displacement sensors stand: direction, and radius in m.
_SENSOR_ANGLES = tuple(math.radians(60 * sensor) for sensor in range(6))
_SENSOR_RADIUS = 1.78104


def _power_status(model: Model) -> Message:
    noise = model.sensors.noise
    motor_voltage, motor_current = model.power.reading(PowerType.Motor)
    comm_voltage, comm_current = model.power.reading(PowerType.Communication)
    return {
        "motorVoltage": motor_voltage + noise(),
        "motorCurrent": motor_current + noise(),
        "commVoltage": comm_voltage + noise(),
        "commCurrent": comm_current + noise(),
    }


def _displacement_sensors(model: Model) -> Message:
    pose = model.mirror.pose
    # The original's sensors take a new home for the old one.
    theta_z, delta_z = _displacements(pose if model.as_original else model.mirror.home + pose)
    return {"thetaZ": theta_z, "deltaZ": delta_z}


# Kept, as the encoders' positions below, because most of the time the mirror
# stands still; and so they are the same objects, which `LineCache` looks at.
# A few, for as many simulators in one process.
@lru_cache(maxsize=8)
def _displacements(pose: Pose) -> tuple[tuple[float, ...], tuple[float, ...]]:
    turn = UM_PER_M_ARCSEC * _SENSOR_RADIUS
    theta_z = [
        home - pose.x * math.cos(angle) + pose.y * math.sin(angle) + turn * pose.z_rot
        for home, angle in zip(_THETA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    delta_z = [
        home + pose.z + turn * (pose.x_rot * math.cos(angle) - pose.y_rot * math.sin(angle))
        for home, angle in zip(_DELTA_Z_HOME, _SENSOR_ANGLES, strict=True)
    ]
    return tuple(theta_z), tuple(delta_z)


def _ilc_data(model: Model) -> Message:
    # The high nibble is the counter of the broadcast; no ILC has a status to add.
    return {"status": [model.sensors.count_broadcast() << 4] * len(model.mirror.steps)}


def _net_forces_total(model: Model) -> Message:
    fx, fy, fz, *_ = net(model.mirror.measured)
    return {"fx": fx, "fy": fy, "fz": fz}


def _net_moments_total(model: Model) -> Message:
    *_, mx, my, mz = net(model.mirror.measured)
    return {"mx": mx, "my": my, "mz": mz}


def _axial_force(model: Model) -> Message:
    mirror = model.mirror
    return {
        "lutGravity": mirror.lut_gravity[:AXIAL_COUNT],
        "lutTemperature": mirror.lut_temperature,
        "applied": mirror.applied[:AXIAL_COUNT],
        "measured": mirror.measured[:AXIAL_COUNT],
        "hardpointCorrection": mirror.correction[:AXIAL_COUNT],
    }


def _tangent_force(model: Model) -> Message:
    mirror = model.mirror
    return {
        "lutGravity": mirror.lut_gravity[AXIAL_COUNT:],
        "lutTemperature": [],  # as the controller has it
        "applied": mirror.applied[AXIAL_COUNT:],
        "measured": mirror.measured[AXIAL_COUNT:],
        "hardpointCorrection": mirror.correction[AXIAL_COUNT:],
    }


def _force_balance(model: Model) -> Message:
    fx, fy, fz, mx, my, mz = net(model.mirror.correction)
    return {"fx": fx, "fy": fy, "fz": fz, "mx": mx, "my": my, "mz": mz}


def _position(model: Model) -> Message:
    # The original writes a tilt of exactly 0 as an int: clients have to bear it.
    return {
        key: value or 0 if key in ("xRot", "yRot") else value
        for key, value in _pose_fields(model.mirror.pose).items()
    }


def _pose_fields(pose: Pose) -> dict[str, float]:
    return {
        "x": pose.x,
        "y": pose.y,
        "z": pose.z,
        "xRot": pose.x_rot,
        "yRot": pose.y_rot,
        "zRot": pose.z_rot,
    }


def _position_ims(model: Model) -> Message:
    fields = _pose_fields(model.mirror.pose)
    return {key: value + model.sensors.noise() for key, value in fields.items()}


def _temperature(model: Model) -> Message:
    sensors = model.sensors
    mean, half = sensors.mean_temperature, sensors.airflow_rise / 2
    return {
        "ring": list(sensors.ring),
        "intake": [mean - half + sensors.noise() for _ in range(2)],
        "exhaust": [mean + half + sensors.noise() for _ in range(2)],
    }


def _zenith_angle(model: Model) -> Message:
    raw = model.sensors.inclinometer_raw + model.sensors.noise()
    processed = processed_inclination(raw)
    return {
        "measured": 90 - processed,
        "inclinometerRaw": raw,
        "inclinometerProcessed": processed,
    }


def _axial_encoder_positions(model: Model) -> Message:
    return {"position": _encoder_positions(tuple(model.mirror.steps[:AXIAL_COUNT]))}


def _tangent_encoder_positions(model: Model) -> Message:
    return {"position": _encoder_positions(tuple(model.mirror.steps[AXIAL_COUNT:]))}


# Twice as many, for axial and tangent actuators.
@lru_cache(maxsize=16)
def _encoder_positions(steps: tuple[int, ...]) -> tuple[float, ...]:
    return tuple([count * UM_PER_STEP for count in steps])


def _axial_actuator_steps(model: Model) -> Message:
    return {"steps": model.mirror.steps[:AXIAL_COUNT]}


def _tangent_actuator_steps(model: Model) -> Message:
    return {"steps": model.mirror.steps[AXIAL_COUNT:]}


def _force_error_tangent(model: Model) -> Message:
    force, weight, total = model.tangent_force_error()
    return {"force": force, "weight": weight, "sum": total}


def _inclinometer_angle_tma(model: Model) -> Message:
    return {"inclinometer": model.external_elevation}


Builder = Callable[[Model], Message]

#: Sent in every cycle, before the others.
TOPICS_ALWAYS: dict[str, Builder] = {
    "powerStatusRaw": _power_status,
    "powerStatus": _power_status,
    "displacementSensors": _displacement_sensors,
}

#: All topics in the order of sending.  Those not listed above are sent only while the motors
#: have power.
TOPICS: dict[str, Builder] = TOPICS_ALWAYS | {
    "ilcData": _ilc_data,
    "netForcesTotal": _net_forces_total,
    "netMomentsTotal": _net_moments_total,
    "axialForce": _axial_force,
    "tangentForce": _tangent_force,
    "forceBalance": _force_balance,
    "position": _position,
    "positionIMS": _position_ims,
    "temperature": _temperature,
    "zenithAngle": _zenith_angle,
    "axialEncoderPositions": _axial_encoder_positions,
    "tangentEncoderPositions": _tangent_encoder_positions,
    "axialActuatorSteps": _axial_actuator_steps,
    "tangentActuatorSteps": _tangent_actuator_steps,
    "forceErrorTangent": _force_error_tangent,
    "inclinometerAngleTma": _inclinometer_angle_tma,
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
}


def telemetry(model: Model) -> list[Message]:
    """Return the messages of one telemetry cycle, in order."""
    model.sensors.drift()
    topics = TOPICS if model.motor_on else TOPICS_ALWAYS
    return [{"id": name, **build(model)} for name, build in topics.items()]
