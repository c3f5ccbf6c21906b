"""The mirror as an object."""

from collections.abc import Collection

from .disabling import Disable
from .enabling import Enable
from .ilcs import EnableIlcs
from .make_safe import MakeSafe, MakeSafeRun
from .operations import Operations
from .report import Report
from .runner import Progress, StepRun

__all__ = ["Mirror"]


class Mirror(Operations):
    """The secondary mirror: its state, its commands, and the procedures that it is run by.

    With a host it makes a `CellControllerService` of its own, and starts and stops it.  With
    a link it uses one that its owner runs.  It is a service itself: an application starts and
    stops it.

    Procedures are coroutines that return a `Report` of their steps, or raise `ProcedureError`,
    which carries it.  Cancelled, one ends at once, starts nothing more and undoes nothing.
    Several may run beside each other; `disable` and `make_safe` cancel the others.

    Parameters
    ----------
    host
        Name or address of the controller; None where there is a link.
    command_port, telemetry_port
        Its ports.
    link
        A running `CellControllerService`, or an object like it.
    settings
        The times and tolerances that it is run by.
    limits
        How far the mirror and its actuators may go.
    reactor
        Timers and time; None: the reactor that is installed when it is first needed.
    log
        As for `TcpClient`.
    elevation
        Feeds the controller the telescope's elevation; only with a host.

    Attributes
    ----------
    state
        What is known of the mirror: a `MirrorState`.
    link
        The link.
    """

    async def enable(
        self,
        *,
        override: Collection[str] = (),
        close_loop: bool = True,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Switch the powers on, enable the ILCs, and close the loop.

        Parameters
        ----------
        override
            Names of preconditions that need not hold.
        close_loop
            False: leave the loop open.
        progress
            Told of each change of a step.
        timeout
            Seconds for all of it; None: only each step has its limit.

        Raises
        ------
        ProcedureError
            If a step failed.  Nothing is undone; the report tells how far it came.
        ProcedureCancelledError
            If it was cancelled, by its caller or by a stop.
        PreemptedError
            If the mirror is being made safe: nothing was sent.
        """
        return await self._run(Enable(self._parts, override, close_loop), progress, timeout)

    async def enable_ilcs(
        self, *, progress: Progress | None = None, timeout: float | None = None
    ) -> Report:
        """Enable the ILCs; errors as `enable`."""
        return await self._run(EnableIlcs(self._parts), progress, timeout)

    async def disable(
        self,
        *,
        communication_off: bool = True,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Open the loop and switch the powers off; cancels all other procedures.

        Each step is tried whatever became of those before it.

        Parameters
        ----------
        communication_off
            False: leave the communication power on.
        progress, timeout
            As for `enable`.

        Raises
        ------
        ProcedureError
            If the loop was not seen open, or a power not seen off.
        ProcedureCancelledError, PreemptedError
            As `enable`.
        """
        self._runner.require_free("disable")
        run = StepRun(Disable(self._parts, communication_off), progress, timeout)
        return await self._bridged(self._runner.run_alone(run))

    async def make_safe(self, *, progress: Progress | None = None) -> Report:
        """Open the loop and switch the motors off, whatever else happens.

        It cancels all procedures, and until it has ended no command is sent but those that stop
        something.  It needs the command port only.  A connection that is lost is waited for, a
        slow command too.

        Parameters
        ----------
        progress
            Told of each change of a step.

        Returns
        -------
        report
            The report; its ``safe`` is True only if the mirror was seen to be safe.

        Raises
        ------
        ProcedureCancelledError
            If it was cancelled.
        """
        run = MakeSafeRun(MakeSafe(self._parts), progress)
        return await self._bridged(self._runner.run_stop(run))
