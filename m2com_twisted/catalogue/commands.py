"""The 25 commands of the controller, each a class with its parameters.

A command checks its parameters when it is made.  If one is invalid, it raises
`InvalidFieldError`, which is a ValueError, and nothing is sent.  `Command.details` returns
the parameters as they go over the wire::

    command = commands.PositionMirror(x=10.0, z=-2.5)
    command.name  # "positionMirror"
    command.details()  # {"x": 10.0, "y": 0.0, "z": -2.5, "xRot": 0.0, ...}

The success of a command means that the controller has accepted it.  If another message
shows its effect, the docstring of its class says so.

Source: :ref:`protocol-commands`.
"""

from .messages import Command
from .motion_commands import (
    ApplyForces,
    EnableOpenLoopMaxLimit,
    MoveActuators,
    PositionMirror,
    ResetActuatorSteps,
    ResetForceOffsets,
    RunScript,
    SaveMirrorPosition,
    SetHardpointList,
    SetMirrorHome,
    SwitchForceBalanceSystem,
)
from .setup_commands import (
    ClearErrors,
    GetInnerLoopControlMode,
    LoadConfiguration,
    Power,
    RebootController,
    ResetBreakers,
    SetClosedLoopControlMode,
    SetConfigurationFile,
    SetControlParameters,
    SetEnabledFaultsMask,
    SetInnerLoopControlMode,
    SetTemperatureOffset,
    SwitchCommandSource,
    SwitchDigitalOutput,
)

__all__ = [
    "BY_NAME",
    "ApplyForces",
    "ClearErrors",
    "Command",
    "EnableOpenLoopMaxLimit",
    "GetInnerLoopControlMode",
    "LoadConfiguration",
    "MoveActuators",
    "PositionMirror",
    "Power",
    "RebootController",
    "ResetActuatorSteps",
    "ResetBreakers",
    "ResetForceOffsets",
    "RunScript",
    "SaveMirrorPosition",
    "SetClosedLoopControlMode",
    "SetConfigurationFile",
    "SetControlParameters",
    "SetEnabledFaultsMask",
    "SetHardpointList",
    "SetInnerLoopControlMode",
    "SetMirrorHome",
    "SetTemperatureOffset",
    "SwitchCommandSource",
    "SwitchDigitalOutput",
    "SwitchForceBalanceSystem",
]

_CLASSES: tuple[type[Command], ...] = (
    ApplyForces,
    PositionMirror,
    ResetForceOffsets,
    ClearErrors,
    SwitchForceBalanceSystem,
    SetTemperatureOffset,
    SwitchCommandSource,
    RunScript,
    MoveActuators,
    ResetBreakers,
    RebootController,
    EnableOpenLoopMaxLimit,
    SaveMirrorPosition,
    SetMirrorHome,
    SwitchDigitalOutput,
    Power,
    ResetActuatorSteps,
    SetClosedLoopControlMode,
    SetInnerLoopControlMode,
    GetInnerLoopControlMode,
    LoadConfiguration,
    SetControlParameters,
    SetEnabledFaultsMask,
    SetConfigurationFile,
    SetHardpointList,
)

#: The classes by the name on the wire, without ``cmd_``.
BY_NAME: dict[str, type[Command]] = {command.name: command for command in _CLASSES}
