"""The base of the subcommands that operate the mirror."""

import enum

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from ..connection.state import ConnectionState
from ..errors import InvalidFieldError
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
from .hub_options import controller, hub_settings
from .subcommand import ControllerSubcommand, finish
from .terminal import Terminal

__all__ = ["MirrorExitCode", "MirrorSubcommand"]


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
        link = controller(self, reactor)
        mirror = Mirror(link=link, reactor=reactor)
        settings = hub_settings(self)
        notices = None
        if settings is not None:
            is_ready = lambda: self._is_ready(link.state)  # noqa: E731
            notices = HubNotices(settings, is_ready, terminal.show_error, reactor)
        mirror.startService()
        link.startService()
        if notices is not None:
            notices.start()
        try:
            return await self._act(mirror, terminal, notices)
        finally:
            stops = [mirror.stopService, link.stopService]
            await finish(*([] if notices is None else [notices.stop]), *stops)

    def _is_ready(self, state: ControllerState) -> bool:
        """Return whether the needed ports are connected."""
        is_up = state.command is ConnectionState.CONNECTED
        return state.both_up if self.needs_telemetry else is_up

    async def _act(self, mirror: Mirror, terminal: Terminal, notices: HubNotices | None) -> int:
        try:
            if self.needs_telemetry:
                await mirror.ready()
            return int(await self.act(mirror, terminal))
        except InvalidFieldError as error:
            terminal.show_error(error)
            return MirrorExitCode.REFUSED
        except WaitTimeoutError as error:
            # The ports are those of the service, so their state alone would mislead.
            terminal.show_error(error if notices is None else notices.obstacle or error)
            return MirrorExitCode.NO_CONNECTION
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
