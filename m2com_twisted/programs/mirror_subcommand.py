"""The base of the subcommands that operate the mirror."""

import enum

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..errors import InvalidFieldError, NotConnectedError
from ..mirror import (
    Mirror,
    ProcedureCancelledError,
    ProcedureError,
    Report,
    StepRecord,
    StepState,
    WaitTimeoutError,
)
from ..service import ControllerState
from ..support.printable import printable
from .hub_notices import HubNotices
from .hub_options import controller
from .subcommand import ControllerSubcommand, finish
from .terminal import Terminal

__all__ = ["MirrorExitCode", "MirrorSubcommand"]


# Seconds after which it is told again what is missing on the hub.
_NOTICE_INTERVAL = 10.0


class MirrorExitCode(enum.IntEnum):
    """The exit codes of the subcommands that operate the mirror."""

    DONE = 0
    #: The command line is wrong, or a value exceeds the limits.
    REFUSED = 1
    NO_CONNECTION = 2
    #: A step failed.  The report shows which, and what was sent.
    FAILED = 3
    #: Only from ``m2com safe``: no message proved that the mirror is safe.
    NOT_SAFE = 4
    #: Ctrl-C, as in shells: 128 + SIGINT.
    INTERRUPTED = 130


class MirrorSubcommand(ControllerSubcommand):
    """A subcommand that connects to a mirror, does one action, and disconnects.

    Ctrl-C ends it at once.  It then sends nothing more and undoes nothing, so a motion
    continues.  The report shows what was sent and what was seen.
    """

    #: Whether the telemetry port is also needed.
    needs_telemetry = True

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Do the action with a ready mirror, and return the exit code."""
        raise NotImplementedError

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        self._terminal = terminal
        notices = HubNotices(
            terminal.show_error, reactor, is_ready=self._is_ready, again_after=_NOTICE_INTERVAL
        )
        link = controller(self, reactor, on_refused=notices.refused)
        mirror = Mirror(link=link, reactor=reactor)
        mirror.startService()
        link.startService()
        try:
            return await notices.run(link, self._act(mirror, terminal))
        except WaitTimeoutError as error:
            # The ports are those of the service, so their state alone would mislead.
            terminal.show_error(notices.obstacle(link) or error)
            return MirrorExitCode.NO_CONNECTION
        except NotConnectedError as error:
            terminal.show_error(error)
            return MirrorExitCode.NO_CONNECTION
        finally:
            await finish(mirror.stopService, link.stopService)

    def _is_ready(self, state: ControllerState) -> bool:
        """Return whether the needed ports are connected."""
        is_up = state.command is ConnectionState.CONNECTED
        return state.both_up if self.needs_telemetry else is_up

    async def _act(self, mirror: Mirror, terminal: Terminal) -> int:
        try:
            if self.needs_telemetry:
                await mirror.ready()
            return int(await self.act(mirror, terminal))
        except InvalidFieldError as error:
            terminal.show_error(error)
            return MirrorExitCode.REFUSED
        except ProcedureCancelledError as error:
            self.show(error.report)
            return MirrorExitCode.INTERRUPTED
        except CancelledError:
            return MirrorExitCode.INTERRUPTED
        except ProcedureError as error:
            self.show(error.report)
            return MirrorExitCode.FAILED

    def progress(self, report: Report, step: StepRecord) -> None:
        """Show a change of a step in one line."""
        if step.state is StepState.RUNNING:
            self._terminal.say(printable(f"{report.procedure}: {step.name} ..."))
        else:
            seconds = "" if step.seconds is None else f" after {step.seconds:.1f} s"
            line = f"{report.procedure}: {step.name}: {step.state.value}{seconds}; {step.seen}"
            self._terminal.say(printable(line))

    def show(self, report: Report) -> None:
        """Show a report as a table."""
        for line in str(report).splitlines():
            self._terminal.say(printable(line))
