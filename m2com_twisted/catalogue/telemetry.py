"""The 19 topics of the telemetry port, in the order in which they come.

The original simulator always sends the first three, and the others only while the motor power
is on.  It is not known whether the real controller does so, too.  All are sent in every cycle:
20 times a second according to the code, 10 times in the original simulator, 5 to 7 times
according to the manual of the console.  No message contains a time or a sequence number.

`parse` and `decode` work like those of the events.  Lists may be shorter than
given here.  The controller sends short lists when it is in error.  It always sends an
empty ``lutTemperature`` for the tangent actuators.  An angle of exactly 0 may come as
an integer; here it is a float.

Source: :ref:`protocol-telemetry`, :ref:`protocol-figures`.
"""

from typing import Annotated, TypeAlias

from .describe import about
from .messages import ReceivedMessage
from .received import Reader, Unknown

__all__ = [
    "BY_NAME",
    "AxialActuatorSteps",
    "AxialEncoderPositions",
    "AxialForce",
    "DisplacementSensors",
    "ForceBalance",
    "ForceErrorTangent",
    "IlcData",
    "InclinometerAngleTma",
    "NetForcesTotal",
    "NetMomentsTotal",
    "Position",
    "PositionIMS",
    "PowerStatus",
    "PowerStatusRaw",
    "TangentActuatorSteps",
    "TangentEncoderPositions",
    "TangentForce",
    "Telemetry",
    "Temperature",
    "Unknown",
    "ZenithAngle",
    "decode",
    "parse",
]


class PowerStatusRaw(ReceivedMessage, frozen=True):
    """Voltages and currents of the two power systems, as measured."""

    motor_voltage: Annotated[float, about("Voltage of the motor power.", "V")]
    motor_current: Annotated[float, about("Current of the motor power.", "A")]
    comm_voltage: Annotated[float, about("Voltage of the communication power.", "V")]
    comm_current: Annotated[float, about("Current of the communication power.", "A")]


class PowerStatus(ReceivedMessage, frozen=True):
    """Voltages and currents of the two power systems, filtered."""

    motor_voltage: Annotated[float, about("Voltage of the motor power.", "V")]
    motor_current: Annotated[float, about("Current of the motor power.", "A")]
    comm_voltage: Annotated[float, about("Voltage of the communication power.", "V")]
    comm_current: Annotated[float, about("Current of the communication power.", "A")]


class DisplacementSensors(ReceivedMessage, frozen=True):
    """Readings of the displacement sensors A1 to A6.

    At home they are 14 to 18 mm.  The console labels the same numbers with mm.
    """

    theta_z: Annotated[tuple[float, ...], about("Along the edge of the mirror.", "um", length=6)]
    delta_z: Annotated[tuple[float, ...], about("Along the axis of the mirror.", "um", length=6)]


class IlcData(ReceivedMessage, frozen=True):
    """State of the ILCs of the actuators."""

    status: Annotated[
        tuple[int, ...],
        about(
            "High nibble: counter of the broadcast, 0 to 15; an ILC that alone shows 0 missed it.",
            length=78,
        ),
    ]


class NetForcesTotal(ReceivedMessage, frozen=True):
    """Sum of the measured forces."""

    fx: Annotated[float, about("Force along x.", "N")]
    fy: Annotated[float, about("Force along y.", "N")]
    fz: Annotated[float, about("Force along z.", "N")]


class NetMomentsTotal(ReceivedMessage, frozen=True):
    """Sum of the moments of the measured forces."""

    mx: Annotated[float, about("Moment about x.", "N m")]
    my: Annotated[float, about("Moment about y.", "N m")]
    mz: Annotated[float, about("Moment about z.", "N m")]


class AxialForce(ReceivedMessage, frozen=True):
    """Forces of the axial actuators; tension is positive."""

    lut_gravity: Annotated[tuple[float, ...], about("Against the weight.", "N", length=72)]
    lut_temperature: Annotated[tuple[float, ...], about("For the temperature.", "N", length=72)]
    applied: Annotated[tuple[float, ...], about("Offsets of ``applyForces``.", "N", length=72)]
    measured: Annotated[tuple[float, ...], about("As measured.", "N", length=72)]
    hardpoint_correction: Annotated[
        tuple[float, ...], about("In place of the hardpoints.", "N", length=72)
    ]


class TangentForce(ReceivedMessage, frozen=True):
    """Forces of the tangent actuators; tension is positive."""

    lut_gravity: Annotated[tuple[float, ...], about("Against the weight.", "N", length=6)]
    lut_temperature: Annotated[
        tuple[float, ...], about("Always empty; the observatory's interface has 6.", "N")
    ]
    applied: Annotated[tuple[float, ...], about("Offsets of ``applyForces``.", "N", length=6)]
    measured: Annotated[tuple[float, ...], about("As measured.", "N", length=6)]
    hardpoint_correction: Annotated[
        tuple[float, ...], about("In place of the hardpoints.", "N", length=6)
    ]


class ForceBalance(ReceivedMessage, frozen=True):
    """Sum of the hardpoint corrections; should be small."""

    fx: Annotated[float, about("Force along x.", "N")]
    fy: Annotated[float, about("Force along y.", "N")]
    fz: Annotated[float, about("Force along z.", "N")]
    mx: Annotated[float, about("Moment about x.", "N m")]
    my: Annotated[float, about("Moment about y.", "N m")]
    mz: Annotated[float, about("Moment about z.", "N m")]


class Position(ReceivedMessage, frozen=True):
    """Position of the mirror relative to its home, by the hardpoints."""

    x: Annotated[float, about("Position along x.", "um")]
    y: Annotated[float, about("Position along y.", "um")]
    z: Annotated[float, about("Position along z.", "um")]
    x_rot: Annotated[float, about("Rotation about x.", "arcsec")]
    y_rot: Annotated[float, about("Rotation about y.", "arcsec")]
    z_rot: Annotated[float, about("Rotation about z.", "arcsec")]


class PositionIMS(ReceivedMessage, frozen=True):
    """Position of the mirror relative to its home, by the displacement sensors."""

    x: Annotated[float, about("Position along x.", "um")]
    y: Annotated[float, about("Position along y.", "um")]
    z: Annotated[float, about("Position along z.", "um")]
    x_rot: Annotated[float, about("Rotation about x.", "arcsec")]
    y_rot: Annotated[float, about("Rotation about y.", "arcsec")]
    z_rot: Annotated[float, about("Rotation about z.", "arcsec")]


class Temperature(ReceivedMessage, frozen=True):
    """Temperatures of the mirror and of the air.

    In the simulator and the console they are absolute.  The observatory's interface
    says that they are relative to the reference.
    """

    ring: Annotated[tuple[float, ...], about("Ring sensors LG2-1 to LG4-4.", "degC", length=12)]
    intake: Annotated[tuple[float, ...], about("Air that enters.", "degC", length=2)]
    exhaust: Annotated[tuple[float, ...], about("Air that leaves.", "degC", length=2)]


class ZenithAngle(ReceivedMessage, frozen=True):
    """Attitude of the mirror, by the inclinometer."""

    measured: Annotated[float, about("Zenith angle: 90 minus the processed angle.", "deg")]
    inclinometer_raw: Annotated[float, about("Raw reading; 1e6 or more is an outlier.", "deg")]
    inclinometer_processed: Annotated[
        float,
        about("Elevation, -270 to 90; the observatory's interface says 0 to 360.", "deg"),
    ]


class AxialEncoderPositions(ReceivedMessage, frozen=True):
    """Positions of the axial actuators, by their encoders."""

    position: Annotated[tuple[float, ...], about("Positions.", "um", length=72)]


class TangentEncoderPositions(ReceivedMessage, frozen=True):
    """Positions of the tangent actuators, by their encoders."""

    position: Annotated[tuple[float, ...], about("Positions.", "um", length=6)]


class AxialActuatorSteps(ReceivedMessage, frozen=True):
    """Steps that the motors of the axial actuators have made; 0.0199675 um each."""

    steps: Annotated[tuple[int, ...], about("Steps; retracting is negative.", "steps", length=72)]


class TangentActuatorSteps(ReceivedMessage, frozen=True):
    """Steps that the motors of the tangent actuators have made; 0.0199675 um each."""

    steps: Annotated[tuple[int, ...], about("Steps; retracting is negative.", "steps", length=6)]


class ForceErrorTangent(ReceivedMessage, frozen=True):
    """Errors of the tangent forces; an error that reaches its limit causes the fault 6088."""

    force: Annotated[
        tuple[float, ...], about("Error of each actuator; the limit is 2000 N.", "N", length=6)
    ]
    weight: Annotated[float, about("Error of the carried weight; the limit is 5000 N.", "N")]
    sum: Annotated[float, about("Error of their sum; the limit is 1000 N.", "N")]


class InclinometerAngleTma(ReceivedMessage, frozen=True):
    """The elevation that the controller received last from the telescope."""

    inclinometer: Annotated[float, about("Elevation.", "deg")]


#: Any message of the telemetry port that fits its class.
Telemetry: TypeAlias = (
    PowerStatusRaw
    | PowerStatus
    | DisplacementSensors
    | IlcData
    | NetForcesTotal
    | NetMomentsTotal
    | AxialForce
    | TangentForce
    | ForceBalance
    | Position
    | PositionIMS
    | Temperature
    | ZenithAngle
    | AxialEncoderPositions
    | TangentEncoderPositions
    | AxialActuatorSteps
    | TangentActuatorSteps
    | ForceErrorTangent
    | InclinometerAngleTma
)

_reader: Reader[Telemetry] = Reader(Telemetry)

#: The classes by their id on the wire, in the order of a cycle.
BY_NAME: dict[str, type[ReceivedMessage]] = _reader.by_name

#: Return the typed message for a decoded message, or `Unknown`; see `Reader.parse`.
parse = _reader.parse

#: Return the typed message on a line, or `Unknown`; see `Reader`.
decode = _reader.decode
