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
    """The secondary mirror: its state, its commands and its procedures.

    With a host, the mirror makes its own `CellControllerService`, and starts and stops it.  With
    a link, it uses a service that its owner starts and stops.  The mirror is a Twisted service:
    an application starts and stops it.

    Procedures are coroutines.  Each returns a `Report` of its steps, or raises `ProcedureError`
    with the report.  A cancelled procedure ends at once, starts nothing more and undoes nothing.
    Only a cancelled bump test restores the former offsets.  Several procedures may run at the
    same time.  `disable` and `make_safe` cancel all other procedures.

    Parameters
    ----------
    host
        Name or address of the controller.  None if there is a link.
    command_port, telemetry_port
        Ports of the controller.
    link
        A running `CellControllerService`, or an object like it.
    settings
        Times and tolerances.
    limits
        Limits of motions and forces.
    reactor
        Provides timers and the time.  None: the installed reactor, imported at the first use.
    log
        As for `TcpClient`.
    elevation
        Sends the elevation of the telescope to the controller.  Only allowed with a host.

    Attributes
    ----------
    state
        The state of the mirror: a `MirrorState`.
    link
        The link to the controller.
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
            False leaves the loop open.
        progress
            Called at each change of a step.
        timeout
            Seconds for the whole procedure.  None: the steps have limits, the procedure has none.

        Raises
        ------
        ProcedureError
            If a step failed.  Nothing is undone.  The report contains the steps that were done.
        ProcedureCancelledError
            If the procedure was cancelled by its caller, by `disable` or by `make_safe`.
        PreemptedError
            If the mirror is being made safe.  Nothing was sent.
        """
        return await self._run(Enable(self._parts, override, close_loop), progress, timeout)

    async def enable_ilcs(
        self, *, progress: Progress | None = None, timeout: float | None = None
    ) -> Report:
        """Enable the ILCs.  The errors are those of `enable`."""
        return await self._run(EnableIlcs(self._parts), progress, timeout)

    async def disable(
        self,
        *,
        communication_off: bool = True,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Report:
        """Cancel all other procedures, open the loop and switch the powers off.

        Each step is tried, even if an earlier step failed.

        Parameters
        ----------
        communication_off
            False leaves the communication power on.
        progress, timeout
            As for `enable`.

        Raises
        ------
        ProcedureError
            If no message proves that the loop is open and each power is off.
        ProcedureCancelledError, PreemptedError
            As `enable`.
        """
        self._runner.require_free("disable")
        run = StepRun(Disable(self._parts, communication_off), progress, timeout)
        return await self._bridged(self._runner.run_alone(run))

    async def make_safe(self, *, progress: Progress | None = None) -> Report:
        """Open the loop and switch the motors off, even if some steps fail.

        It cancels all procedures.  Until it has ended, only commands that stop something are sent.
        It needs only the command port.  If the connection is lost, it waits for the next one.  If
        a slow command is running, it waits for the end of the command.

        Parameters
        ----------
        progress
            Called at each change of a step.

        Returns
        -------
        report
            The report.  Its ``safe`` is True only if messages prove that the mirror is safe.

        Raises
        ------
        ProcedureCancelledError
            If it was cancelled.
        """
        run = MakeSafeRun(MakeSafe(self._parts), progress)
        return await self._bridged(self._runner.run_exclusively(run))
