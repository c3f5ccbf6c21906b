"""What a procedure is made of."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from twisted.internet.interfaces import IReactorTime

from ..catalogue import commands
from ..support.log import NamedLog
from .commander import Commander, Verified, described
from .memory import Memory
from .report import Report, StepRecord
from .settings import Limits, Settings
from .state import MirrorState
from .waiting import Waiting

__all__ = ["Failure", "NotNeeded", "Parts", "Procedure", "Step"]


class NotNeeded(Exception):  # noqa: N818 - it is no error
    """Raised by a step that has nothing to do; its text says why."""


class Failure(enum.Enum):
    """What the failure of a step means for the procedure."""

    ENDS = "ends it"
    COUNTS = "it goes on, and fails at the end"
    IGNORED = "it goes on"


@dataclass(frozen=True)
class Parts:
    """Objects that all procedures of one mirror share.

    Attributes
    ----------
    state, waiting, commander, clock, log, settings, limits
        Those of the mirror.
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
        """What the controller has told."""
        return self.state.memory


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes
    ----------
    name
        Purpose of the step, in words.
    action
        Does it; a method of the procedure that returns what was seen, in words.
    timeout
        Name of the field of the settings that limits its time, in seconds.
    failure
        What its failure means.
    always
        Whether it is done even when one before it has failed or was cancelled.
    """

    name: str
    action: Callable[[Any], Awaitable[str]]
    timeout: str = "command_timeout"
    failure: Failure = Failure.ENDS
    always: bool = False


class Procedure:
    """Steps that are done one after the other; subclasses have the steps.

    Attributes
    ----------
    name
        Name of the method of `Mirror`.
    steps
        The steps.
    parts
        What it works with.
    report
        What it has done so far.
    """

    name: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.report = Report(self.name, [StepRecord(step.name) for step in self.steps])
        self.record: StepRecord | None = None

    @property
    def memory(self) -> Memory:
        """What the controller has told."""
        return self.parts.memory

    async def send(
        self, command: commands.Command, timeout: float | None = None, *, verify: bool = True
    ) -> Verified:
        """Run a command with its proof, as part of the present step."""
        if self.record is not None:
            self.record.sent.append(described(command))
        return await self.parts.commander.run(command, timeout, verify=verify)

    async def show(self, command: commands.Command, timeout: float | None = None) -> str:
        """Run a command, and return in words what was seen."""
        verified = await self.send(command, timeout)
        return f"seen: {verified.proof}" if verified.is_proved else "accepted; effect not visible"
