"""The Twisted client of the cell controller of the Rubin Observatory's M2."""

from .connection_state import ConnectionState
from .enums import (
    ActuatorDisplacementUnit,
    ClosedLoopControlMode,
    CommandActuator,
    CommandScript,
    CommandStatus,
    DigitalInput,
    DigitalOutput,
    DigitalOutputStatus,
    InclinationTelemetrySource,
    InnerLoopControlMode,
    MsgType,
    PowerSystemState,
    PowerType,
)
from .errors import (
    BadLineError,
    ClientClosedError,
    ConnectFailedError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostNotFoundError,
    InvalidMessageError,
    M2ComError,
    NotConnectedError,
    SilentPeerError,
    UnserializableMessageError,
    WriteBufferFullError,
)
from .retry import RetryPolicy, default_retry_policy
from .stats import Stats
from .tcp_client import TcpClient

__all__ = [
    "ActuatorDisplacementUnit",
    "BadLineError",
    "ClientClosedError",
    "ClosedLoopControlMode",
    "CommandActuator",
    "CommandScript",
    "CommandStatus",
    "ConnectFailedError",
    "ConnectRefusedError",
    "ConnectTimeoutError",
    "ConnectionState",
    "DigitalInput",
    "DigitalOutput",
    "DigitalOutputStatus",
    "HostNotFoundError",
    "InclinationTelemetrySource",
    "InnerLoopControlMode",
    "InvalidMessageError",
    "M2ComError",
    "MsgType",
    "NotConnectedError",
    "PowerSystemState",
    "PowerType",
    "RetryPolicy",
    "SilentPeerError",
    "Stats",
    "TcpClient",
    "UnserializableMessageError",
    "WriteBufferFullError",
    "default_retry_policy",
]
