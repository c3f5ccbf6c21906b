"""The table of the 37 faults and warnings.

Source: :ref:`protocol-faults`.
"""

from .fault import Fault, Severity

__all__ = ["FAULTS"]

_F = Severity.FAULT
_W = Severity.WARNING

_CABLES = "Compare with the voltages in powerStatus; check supply and cables."
_BREAKERS = (
    "Find the breakers in digitalInput and the cause; reset them after an inspection only,"
    " never automatically."
)
_CURRENT = (
    "Check the threshold in the event config, which may be wrong.  A bump test finds the actuator;"
    " a failing cable looks like a failing actuator."
)
_INCLINOMETER = "Check the cable of the inclinometer and its ILC, address 83, ModBUS id 84."
_CYCLE = "Find out what loads the controller."

#: All faults, by bit.  The bits that are not listed are reserved.  `BITS` also contains them.
FAULTS = (
    Fault(
        3,
        6051,
        _F,
        "actuator ILC read",
        "An ILC of an actuator is silent, or reports an exception.",
        "Find the ILC whose counter in ilcData stands still; compare the elevation with that of"
        " the last closed loop; switch the power off and on.",
    ),
    Fault(
        4,
        6055,
        _F,
        "excessive force",
        "The force of an actuator is beyond its limit.",
        "Find the actuator in axialForce and tangentForce; switch the wider limits of the open"
        " loop on and step it back.  It often follows a motion of the mirror.",
    ),
    Fault(
        5,
        6057,
        _W,
        "limit switch in open loop",
        "The force of an actuator has reached the limit of the open loop.",
        "Find the actuator in limitSwitchStatus and drive it back in open loop.  Listed as a"
        " warning; the original simulator and the console treat it as a fault.",
    ),
    Fault(
        6,
        6056,
        _F,
        "limit switch in closed loop",
        "The force of an actuator has reached the limit of the closed loop.",
        "Find the actuator in limitSwitchStatus and drive it back in open loop.  Both ends at"
        " once mean bad communication with its ILC.",
    ),
    Fault(7, 6058, _F, "inclinometer", "The inclinometer reports an error.", _INCLINOMETER),
    Fault(8, 6059, _W, "inclinometer", "The inclinometer reports a warning.", _INCLINOMETER),
    Fault(
        9,
        6061,
        _F,
        "motor voltage",
        "The motor voltage is off 24 V by more than powerFaultMotor.",
        _CABLES,
    ),
    Fault(
        10,
        6062,
        _W,
        "motor voltage",
        "The motor voltage is off 24 V by more than powerWarningMotor.",
        _CABLES,
    ),
    Fault(
        11,
        6063,
        _F,
        "communication voltage",
        "The communication voltage is off 24 V by more than powerFaultComm.",
        _CABLES,
    ),
    Fault(
        12,
        6064,
        _W,
        "communication voltage",
        "The communication voltage is off 24 V by more than powerWarningComm.",
        _CABLES,
    ),
    Fault(
        13, 6065, _F, "motor current", "The motor current is above powerThresholdMotor.", _CURRENT
    ),
    Fault(
        14,
        6066,
        _F,
        "communication current",
        "The communication current is above powerThresholdComm.",
        _CURRENT,
    ),
    Fault(
        15,
        6067,
        _F,
        "power relay",
        "A power relay does not open: there is power after it was switched off.",
        "Check the relay before anybody works on the cell.",
    ),
    Fault(
        16,
        6068,
        _F,
        "power supply health",
        "A power supply reports that it is not healthy.",
        "Find it in digitalInput and replace it.",
    ),
    Fault(
        17,
        6069,
        _F,
        "several communication breakers",
        "More than one breaker of the communication power is open.",
        _BREAKERS,
    ),
    Fault(
        18,
        6070,
        _F,
        "several motor breakers",
        "More than one breaker of the motor power is open.",
        _BREAKERS,
    ),
    Fault(19, 6071, _W, "one breaker", "One breaker is open.", _BREAKERS),
    Fault(
        20,
        6072,
        _F,
        "load sharing of the power supplies",
        "The power supplies do not share the load.",
        "Check the redundancy module.  The sources disagree on whether it opens the loop.",
    ),
    Fault(
        21,
        6078,
        _W,
        "displacement sensor range",
        "A displacement sensor is out of its range.",
        "Find the sensor in displacementSensors.",
    ),
    Fault(
        22,
        6079,
        _F,
        "inclinometer range",
        "The inclinometer has an implausible value.",
        _INCLINOMETER,
    ),
    Fault(
        23,
        6080,
        _F,
        "mirror temperature range",
        "A temperature of the mirror is far out of its range.",
        "Find the sensor in temperature.",
    ),
    Fault(
        24,
        6081,
        _W,
        "mirror temperature range",
        "A temperature of the mirror is out of its range.",
        "Find the sensor in temperature.  The loop must not be closed with the temperature"
        " look-up table on: switch that off with setControlParameters.",
    ),
    Fault(
        25,
        6082,
        _W,
        "airflow temperature",
        "A temperature of the air is out of its range.",
        "Find the sensor in temperature.",
    ),
    Fault(
        26,
        6083,
        _F,
        "axial actuator encoder range",
        "The encoder of an axial actuator is out of its range.",
        "Find the actuator in axialEncoderPositions.",
    ),
    Fault(
        27,
        6084,
        _F,
        "tangent actuator encoder range",
        "The encoder of a tangent actuator is out of its range.",
        "Find the actuator in tangentEncoderPositions.",
    ),
    Fault(
        32,
        6088,
        _F,
        "tangent load cell",
        "The tangent forces do not fit the weight: see forceErrorTangent.",
        "Check that the elevation fits the attitude of the mirror.  Mask it only together with"
        " the maintainers.",
    ),
    Fault(
        33,
        6060,
        _F,
        "inclinometer difference",
        "The elevation from the telescope differs too much from the inclinometer.",
        "Compare inclinometerAngleTma with zenithAngle, and stop a wrong elevation feed.",
    ),
    Fault(
        34,
        6052,
        _W,
        "monitoring ILC read",
        "A monitoring ILC (addresses 78 to 83) was not read.",
        "Do nothing: it happens with old firmware, and all clients mask it.",
    ),
    Fault(
        55,
        6077,
        _F,
        "configuration file",
        "The configuration file cannot be read.",
        "It is corrupt on the controller: choose another one, or restore it there.",
    ),
    Fault(
        56,
        6054,
        _F,
        "ILC state transition",
        "An ILC did not reach the mode that it was told.",
        "Try again; find the first one that failed in innerLoopControlMode.",
    ),
    Fault(
        57,
        6053,
        _F,
        "controller communication",
        "The real-time part of the controller did not answer.",
        "It is present when a controller has started: clear it once.",
    ),
    Fault(
        58,
        6086,
        _W,
        "telescope mount communication",
        "The elevation of the telescope is missing.",
        "Check the elevation feed.",
    ),
    Fault(
        59,
        6085,
        _F,
        "telescope mount communication",
        "The elevation of the telescope is missing while it is needed.",
        "Check the elevation feed.",
    ),
    Fault(
        60,
        6075,
        _W,
        "cell temperature",
        "The air leaves the cell much warmer than it enters.",
        "Check the airflow, and cellTemperatureDelta in the event config.",
    ),
    Fault(
        61,
        6073,
        _F,
        "50 ms cycle overrun",
        "The controller missed its cycle three times in a row.",
        _CYCLE,
    ),
    Fault(62, 6074, _W, "50 ms cycle overrun", "The controller missed its cycle.", _CYCLE),
    Fault(
        63,
        6087,
        _F,
        "user emergency stop",
        "Somebody pressed the emergency stop.",
        "Ask that person before anything else.",
    ),
)
