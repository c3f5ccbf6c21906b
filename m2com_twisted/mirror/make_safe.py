"""Makes the mirror safe: opens the loop, switches the motors off, and checks both.

It needs only the command port.  No precondition is checked before it.  All stops are sent at
once.  The controller takes them in order, and continues when one has failed.  If a slow command
still runs, the stops wait until it ends.  If the connection is lost, the stops are sent again
after the next connection.

The report says "safe" only if the controller has acknowledged the command that switches the
motors off, and has reported after that that they are off.  The controller takes one command at a
time, so no command that was sent earlier can switch them on again.
"""

from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from ..catalogue import commands
from ..catalogue.enums import CommandActuator, CommandScript, PowerType
from ..errors import (
    ClientClosedError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    M2ComError,
    NotConnectedError,
)
from .commander import described
from .errors import ProcedureCancelledError, WaitTimeoutError
from .report import Report, StepRecord, StepState
from .runner import StepRun
from .steps import Failure, Parts, Procedure, Step

__all__ = ["MakeSafe", "MakeSafeRun"]

#: Seconds to wait before the stops are sent again.
_PAUSE = 1.0

#: Positions of the steps.
_SCRIPT, _ACTUATORS, _LOOP, _MOTOR = range(4)


class MakeSafe(Procedure):
    """Open the loop and switch the motors off, even if some steps fail."""

    name = "make_safe"

    async def stop_script(self) -> str:
        """Stop a script of motions."""
        return await self._run(_SCRIPT, commands.RunScript(script_command=CommandScript.Stop))

    async def stop_actuators(self) -> str:
        """Stop a motion of single actuators."""
        return await self._run(
            _ACTUATORS, commands.MoveActuators(actuator_command=CommandActuator.Stop)
        )

    async def open_loop(self) -> str:
        """Open the loop."""
        return await self._run(_LOOP, commands.SwitchForceBalanceSystem(status=False))

    async def motor_off(self) -> str:
        """Switch the motors off."""
        return await self._run(_MOTOR, commands.Power(power_type=PowerType.Motor, status=False))

    # `MakeSafeRun` starts all steps at once, in this order.
    steps = (
        Step("Stop a script", stop_script, "safe_timeout", Failure.IGNORED),
        Step("Stop single actuators", stop_actuators, "safe_timeout", Failure.IGNORED),
        Step("Open the loop", open_loop, "safe_timeout", Failure.COUNTS),
        Step("Motor power off", motor_off, "safe_timeout", Failure.COUNTS),
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.end = parts.clock.seconds() + parts.settings.safe_timeout

    @property
    def seconds_left(self) -> float:
        """Seconds until the procedure gives up."""
        return max(0.0, self.end - self.parts.clock.seconds())

    async def _run(self, index: int, command: commands.Command) -> str:
        sent = self.report.steps[index].sent
        verified = await self.parts.commander.run(command, self.seconds_left, sent=sent)
        return f"seen: {verified.proof}" if verified.is_proved else "accepted; effect not visible"


@dataclass
class _Round:
    """One round of the stops.

    Attributes
    ----------
    lost
        Whether the connection was lost during the round.
    refused
        Whether the controller refused to open the loop or to switch the motors off.
    motor_off
        Whether it was seen that the motors are off.
    """

    lost: bool = False
    refused: bool = False
    motor_off: bool = False


class MakeSafeRun(StepRun):
    """One run of `MakeSafe`.  All steps run at once, and again after a lost connection."""

    procedure: MakeSafe

    async def run(self) -> Report:
        """Override: return the report.  ``safe`` is True only if messages prove it.

        Raises
        ------
        ProcedureCancelledError
            If it was cancelled.
        """
        report = self.procedure.report
        report.state = StepState.RUNNING
        self._action = Deferred.fromCoroutine(self._until_safe())
        try:
            await self._action
            if self._is_cancelled and not report.safe:
                # Its own progress callback cancelled it during a step.
                raise CancelledError
        except CancelledError as error:
            self._conclude(StepState.CANCELLED)
            raise ProcedureCancelledError(report) from error
        self._conclude(StepState.DONE if report.safe else StepState.FAILED)
        return report

    async def _until_safe(self) -> None:
        """Send the stops until messages prove that the mirror is safe, or the time is over."""
        while not self._is_cancelled and await self._connected():
            stops = await self._send_all()
            if self._is_safe(stops):
                self.procedure.report.safe = True
                return
            if not await self._should_send_again(stops):
                return

    async def _connected(self) -> bool:
        """Wait for the command port until the time of the procedure is over."""
        memory = self.procedure.memory
        try:
            await self.procedure.parts.waiting.until(
                lambda: memory.command_up,
                "connection to the command port",
                lambda: "no connection",
                self.procedure.seconds_left,
            )
        except (WaitTimeoutError, ClientClosedError) as error:
            self.procedure.report.reason = str(error)
            return False
        return True

    async def _should_send_again(self, stops: _Round) -> bool:
        """Whether the stops should be sent again; if so, wait a little first.

        If the link has lost the connection, the mirror may not know it yet.  Without the wait,
        this would then loop for ever and block the reactor.
        """
        if not (stops.refused or stops.lost) or self.procedure.seconds_left <= _PAUSE:
            return False
        await deferLater(self._clock, _PAUSE)
        return True

    async def _send_all(self) -> _Round:
        """Send all stops, and wait until each has ended."""
        stops = _Round()
        pairs = list(zip(self.procedure.steps, self.procedure.report.steps, strict=True))
        running = [
            Deferred.fromCoroutine(self._stop(step, record, stops)) for step, record in pairs
        ]
        try:
            for step, stop in zip(self.procedure.steps, running, strict=True):
                if step.failure is Failure.COUNTS:
                    await stop
        finally:
            # The controller takes one command at a time.  So the earlier stops have ended as
            # well, even without a reply.
            for stop in running:
                stop.addErrback(lambda failure: failure.trap(CancelledError))
                stop.cancel()
        return stops

    async def _stop(self, step: Step, record: StepRecord, stops: _Round) -> None:
        """Do one step, and write its result into its record."""
        self._begin_step(record)
        try:
            record.seen = await step.action(self.procedure)
            record.state = StepState.DONE
            # The command of this step has a proof, so the success of the step proves the effect.
            stops.motor_off |= step is self.procedure.steps[_MOTOR]
        except CancelledError:
            record.state = StepState.CANCELLED
            record.seen = "not answered"
            raise
        except (M2ComError, RuntimeError, OSError) as error:
            record.state, record.seen = StepState.FAILED, str(error)
            stops.lost |= isinstance(error, CommandLost | NotConnectedError)
            refused = isinstance(error, CommandFailed | CommandRejected)
            stops.refused |= refused and step.failure is Failure.COUNTS
        self._end_step(record)

    def _is_safe(self, stops: _Round) -> bool:
        """Whether messages prove that the mirror is safe, and no running command can change it."""
        state = self.procedure.parts.state
        return (
            stops.motor_off
            and state.motor_power.value is False
            and state.loop_closed.value is False
            and not self.procedure.parts.commander.unsettled.endangering
        )

    def _conclude(self, outcome: StepState) -> None:
        """Write the result of the run and the last observations into the report."""
        report, state = self.procedure.report, self.procedure.parts.state
        report.state = outcome
        if not report.safe:
            report.reason = report.reason or "the mirror was not seen to be safe"
        report.notes.append(f"loop closed: {state.loop_closed}")
        report.notes.append(f"motor power: {state.motor_power}")
        if not report.safe and state.commander.value is False:
            report.notes.append(f"commander: {'; '.join(state.commander.evidence)}")
        for command in self.procedure.parts.commander.unsettled.changing:
            report.notes.append(f"may still take effect: {described(command)}")
