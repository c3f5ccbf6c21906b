"""The mirror as an object: its state, its commands with proof of their effect, its procedures."""

from .commander import Verified
from .condition import Condition
from .errors import (
    IlcsNotEnabledError,
    NotVerifiedError,
    PreconditionError,
    PreemptedError,
    ProcedureCancelledError,
    ProcedureError,
    WaitTimeoutError,
)
from .fault_log import FaultLog, FirstOut, LatchedFault
from .link import Link
from .mirror import Mirror
from .readings import Reading, Truth, Validity
from .report import Report, StepRecord, StepState
from .runner import Progress
from .settings import Limits, Settings
from .state import MirrorState
from .waiting import Subscription

__all__ = [
    "Condition",
    "FaultLog",
    "FirstOut",
    "IlcsNotEnabledError",
    "LatchedFault",
    "Limits",
    "Link",
    "Mirror",
    "MirrorState",
    "NotVerifiedError",
    "PreconditionError",
    "PreemptedError",
    "ProcedureCancelledError",
    "ProcedureError",
    "Progress",
    "Reading",
    "Report",
    "Settings",
    "StepRecord",
    "StepState",
    "Subscription",
    "Truth",
    "Validity",
    "Verified",
    "WaitTimeoutError",
]
