"""The report of a procedure, for people and for programs."""

import enum
from dataclasses import dataclass, field

__all__ = ["Report", "StepRecord", "StepState"]

#: Width of the last column of a printed report.
_WIDTH = 60


class StepState(enum.Enum):
    """State of a step, or its result."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "not needed"


@dataclass
class StepRecord:
    """One step of a procedure.

    Attributes
    ----------
    name
        Purpose of the step, in words.
    state
        Its state, or its result.
    sent
        Commands of the step that were sent or may have been sent, in order.
    seen
        The observation in words.  If the step failed, the reason.
    began_at, ended_at
        Times on the mirror's clock.  None if the step did not begin or did not end.
    """

    name: str
    state: StepState = StepState.WAITING
    sent: list[str] = field(default_factory=list)
    seen: str = ""
    began_at: float | None = None
    ended_at: float | None = None

    @property
    def seconds(self) -> float | None:
        """Duration of the step.  None if the step has not ended."""
        if self.began_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.began_at


@dataclass
class Report:
    """The report of one procedure.  It grows while the procedure runs.

    Attributes
    ----------
    procedure
        Its name.
    steps
        Its steps, in order.
    state
        State or result of the whole procedure.
    reason
        Why the procedure failed.  Empty if it succeeded.
    notes
        More information for a person.
    safe
        Whether `make_safe` has proved that the mirror is safe after all commands.  False for any
        other procedure.
    """

    procedure: str
    steps: list[StepRecord]
    state: StepState = StepState.WAITING
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    safe: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the procedure was completed and its effects were seen."""
        return self.state is StepState.DONE

    @property
    def sent(self) -> list[str]:
        """All commands that were sent or may have been sent, in order."""
        return [command for step in self.steps for command in step.sent]

    @property
    def summary(self) -> str:
        """The outcome in one sentence."""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.procedure} {self.state.value}{reason}"

    def __str__(self) -> str:
        """Return a table with a line for each step, its commands and its observation."""
        width = max([len(step.name) for step in self.steps], default=0)
        lines = [self.summary]
        for step in self.steps:
            seconds = "" if step.seconds is None else f"{step.seconds:.1f} s"
            lines_of_step = _folded(step)
            begin = f"  {step.name:{width}}  {step.state.value:10}  {seconds:>8}  "
            lines.append((begin + lines_of_step[0]).rstrip())
            lines += [" " * len(begin) + line for line in lines_of_step[1:]]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


def _folded(step: StepRecord) -> list[str]:
    """Return the commands and the observation of a step, in lines that fit a terminal."""
    words = [f"sent {', '.join(step.sent)};"] if step.sent else []
    words = " ".join([*words, step.seen]).split()
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines
