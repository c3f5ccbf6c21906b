"""Runs procedures.  Each runs its steps in order.  Several procedures may run at the same time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from .errors import PreemptedError, ProcedureCancelledError, ProcedureError, WaitTimeoutError
from .report import Report, StepRecord, StepState
from .steps import Failure, NotNeeded, Procedure, Step

__all__ = ["Progress", "Runner", "StepRun"]

#: Called at each change of a step, with the report so far and the step.
Progress = Callable[[Report, StepRecord], object]

#: Seconds that a step may exceed its limit.  Its commands have the same limit, and the error of a
#: command is more useful than the error that the step took too long.
_GRACE = 1.0

#: Time limit, in seconds, of a step that is done even after a cancellation.  It is below 1, so that
#: a cancelled procedure ends within a second.
_AFTER_CANCELLING = 0.8


class StepRun:
    """One run of a procedure.

    Parameters
    ----------
    procedure
        The procedure.
    progress
        Called at each change of a step.
    timeout
        Seconds for the whole procedure.  None: only its steps have limits.
    """

    def __init__(
        self, procedure: Procedure, progress: Progress | None, timeout: float | None = None
    ) -> None:
        self.procedure = procedure
        self._progress = progress
        self._clock = procedure.parts.clock
        self._end = None if timeout is None else self._clock.seconds() + timeout
        self._error: BaseException | None = None
        # The running step.  None between steps.
        self._action: Deferred[Any] | None = None
        self._is_cancelled = False

    def cancel(self, reason: str) -> None:
        """Cancel the procedure at once.  Its own progress callback may call this as well."""
        self.procedure.report.notes.append(reason)
        self._is_cancelled = True
        if self._action is not None:
            self._action.cancel()

    async def run(self) -> Report:
        """Run all steps and return the report.

        Raises
        ------
        ProcedureError
            If a step failed.
        ProcedureCancelledError
            If it was cancelled.
        """
        report = self.procedure.report
        report.state = StepState.RUNNING
        failed: list[str] = []
        for step, record in zip(self.procedure.steps, report.steps, strict=True):
            if self._error is not None and not step.always:
                continue
            await self._do(step, record)
            if record.state is StepState.FAILED and step.failure is Failure.COUNTS:
                failed.append(f"{record.name}: {record.seen}")
        if self._error is None and not failed:
            report.state = StepState.DONE
            return report
        cancelled = isinstance(self._error, CancelledError)
        report.state = StepState.CANCELLED if cancelled else StepState.FAILED
        report.reason = report.reason or "; ".join(failed)
        raise (ProcedureCancelledError if cancelled else ProcedureError)(report) from self._error

    async def _do(self, step: Step, record: StepRecord) -> None:
        """Run a step, and write its result into its record."""
        self.procedure.record = record
        self._begin_step(record)
        try:
            if self._is_cancelled and self._error is None:
                raise CancelledError
            record.seen = await self._limited(step)
            record.state = StepState.DONE
        except NotNeeded as reason:
            record.state, record.seen = StepState.SKIPPED, str(reason)
        except CancelledError as error:
            record.state = StepState.CANCELLED
            sent = "what was sent may still take effect" if record.sent else "nothing was sent"
            record.seen = f"cancelled; {sent}"
            self._fail(error, f"during: {step.name}")
        except Exception as error:
            # Any error is caught: it must be in the report, and the steps with ``always`` follow.
            record.state, record.seen = StepState.FAILED, str(error)
            if step.failure is Failure.ENDS:
                self._fail(error, f"{step.name}: {error}")
        self._end_step(record)

    def _begin_step(self, record: StepRecord) -> None:
        """Write down that a step runs.  A step that is done again began at its first time."""
        record.state, record.seen = StepState.RUNNING, ""
        if record.began_at is None:
            record.began_at = self._clock.seconds()
        self._report_progress(record)

    def _end_step(self, record: StepRecord) -> None:
        """Write down that a step has ended, after its state was set."""
        record.ended_at = self._clock.seconds()
        self._report_progress(record)

    def _fail(self, error: BaseException, reason: str) -> None:
        if self._error is None:
            self._error = error
            self.procedure.report.reason = reason

    def _seconds_for(self, step: Step) -> float:
        seconds = float(getattr(self.procedure.parts.settings, step.timeout)) + _GRACE
        if isinstance(self._error, CancelledError):
            return min(seconds, _AFTER_CANCELLING)
        if self._end is not None and not step.always:
            return max(0.0, min(seconds, self._end - self._clock.seconds()))
        return seconds

    async def _limited(self, step: Step) -> str:
        """Run a step, and cancel it when its time is over."""
        seconds = self._seconds_for(step)
        action: Deferred[str] = Deferred.fromCoroutine(_started(step, self.procedure))
        self._action = action
        is_late = False

        def expire() -> None:
            nonlocal is_late
            is_late = True
            action.cancel()

        timer = self._clock.callLater(seconds, expire)
        try:
            return await action
        except CancelledError:
            if not is_late:
                raise
            raise WaitTimeoutError(f"end of the step {step.name!r}", seconds, "nothing") from None
        finally:
            self._action = None
            if timer.active():
                timer.cancel()

    def _report_progress(self, record: StepRecord) -> None:
        if self._progress is None:
            return
        try:
            self._progress(self.procedure.report, replace(record, sent=list(record.sent)))
        except Exception:
            self.procedure.parts.log.exception("The progress callback failed")


async def _started(step: Step, procedure: Procedure) -> str:
    return await step.action(procedure)


class Runner:
    """Runs the procedures of one mirror, and keeps a list of those that are running."""

    def __init__(self) -> None:
        self._running: list[StepRun] = []
        self._stops = 0
        self._last: Report | None = None

    @property
    def last(self) -> Report | None:
        """The report of the last procedure that was started."""
        return self._last

    @property
    def running(self) -> tuple[Report, ...]:
        """The reports of the running procedures, in the order of their start."""
        return tuple(run.procedure.report for run in self._running)

    def require_free(self, what: str) -> None:
        """Raise an error while the mirror is being made safe.

        Raises
        ------
        PreemptedError
            If the mirror is being made safe.
        """
        if self._stops:
            raise PreemptedError(f"{what}: the mirror is being made safe.")

    async def run(self, run: StepRun) -> Report:
        """Run a procedure.  Others may run at the same time.

        Raises
        ------
        PreemptedError
            If the mirror is being made safe.
        """
        self.require_free(run.procedure.name)
        return await self._keep(run)

    async def run_alone(self, run: StepRun) -> Report:
        """Cancel the other procedures, then run this one."""
        self.cancel_all(f"cancelled by {run.procedure.name}")
        return await self._keep(run)

    async def run_exclusively(self, run: StepRun) -> Report:
        """Cancel the other procedures, run this one, and refuse new procedures until it ends."""
        self._stops += 1
        try:
            return await self.run_alone(run)
        finally:
            self._stops -= 1

    def cancel_all(self, reason: str, *, stops: bool = False) -> None:
        """Cancel all procedures.  ``make_safe`` is cancelled only if ``stops`` is true."""
        for run in list(self._running):
            is_meant = stops or run.procedure.name != "make_safe"
            if is_meant and run in self._running:
                run.cancel(reason)

    async def _keep(self, run: StepRun) -> Report:
        self._running.append(run)
        self._last = run.procedure.report
        try:
            return await run.run()
        finally:
            self._running.remove(run)
