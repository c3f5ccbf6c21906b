"""The parts of a procedure."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from twisted.internet.interfaces import IReactorTime

from ..catalogue import commands
from ..support.log import NamedLog
from .commander import Commander, Verified
from .memory import Memory
from .report import Report, StepRecord
from .settings import Limits, Settings
from .state import MirrorState
from .waiting import Waiting

__all__ = ["Failure", "NotNeeded", "Parts", "Procedure", "Step"]


class NotNeeded(Exception):  # noqa: N818 - it is no error
    """Raised by a step that has nothing to do.  Its text is the reason."""


class Failure(enum.Enum):
    """The effect that the failure of a step has on the procedure."""

    ENDS = "the procedure ends and fails"
    COUNTS = "the procedure continues, and fails at the end"
    IGNORED = "the procedure continues"


@dataclass(frozen=True)
class Parts:
    """Objects that all procedures of one mirror share.

    Attributes
    ----------
    state, waiting, commander, clock, log, settings, limits
        The objects of the mirror with these names.
    """

    state: MirrorState
    waiting: Waiting
    commander: Commander
    clock: IReactorTime
    log: NamedLog
    settings: Settings
    limits: Limits

    @property
    def memory(self) -> Memory:
        """The last messages of the controller."""
        return self.state.memory


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes
    ----------
    name
        Purpose of the step, in words.
    action
        A method of the procedure that does the step and returns its observation in words.
    timeout
        Name of the field of `Settings` that limits its time, in seconds.
    failure
        The effect of its failure.
    always
        Whether the step is done even if an earlier step failed or was cancelled.
    """

    name: str
    action: Callable[[Any], Awaitable[str]]
    timeout: str = "command_timeout"
    failure: Failure = Failure.ENDS
    always: bool = False


class Procedure:
    """Steps that are done in order.  Subclasses define the steps.

    Attributes
    ----------
    name
        Name of the method of `Mirror`.
    steps
        The steps.
    parts
        Objects that the procedures of the mirror share.
    report
        The report so far.
    """

    name: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.report = Report(self.name, [StepRecord(step.name) for step in self.steps])
        self.record: StepRecord | None = None

    @property
    def memory(self) -> Memory:
        """The last messages of the controller."""
        return self.parts.memory

    async def send(
        self, command: commands.Command, timeout: float | None = None, *, verify: bool = True
    ) -> Verified:
        """Run a command, and wait for its proof.  It belongs to the present step."""
        sent = None if self.record is None else self.record.sent
        return await self.parts.commander.run(command, timeout, verify=verify, sent=sent)

    async def show(self, command: commands.Command, timeout: float | None = None) -> str:
        """Run a command, and return the observation in words."""
        verified = await self.send(command, timeout)
        return f"seen: {verified.proof}" if verified.is_proved else "accepted; effect not visible"
