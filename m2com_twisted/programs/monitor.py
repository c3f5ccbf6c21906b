"""``m2com monitor``."""

import logging
from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python import usage

from ..service import CellControllerService
from ..support.printable import printable
from ..support.reactor_access import ReactorAccess
from .board import Board
from .hub_notices import HubNotices
from .hub_options import address, controller, obstacle_of
from .subcommand import ControllerSubcommand, finish
from .terminal import Terminal

if TYPE_CHECKING:
    from ..hub import RemoteController

__all__ = ["MonitorOptions"]

# Terminal control: go to the upper left; clear to the end of the line; clear
# everything below.  Clearing the whole screen would flicker.
_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"


class MonitorOptions(ControllerSubcommand):
    """Options of ``m2com monitor``."""

    synopsis = "Usage: m2com monitor [options]"
    longdesc = """Show the state of both connections, powers, ILCs, faults, the rate and age of each
    telemetry topic, and the last events, until Ctrl-C.  A value is marked STALE if the connection
    was lost or its messages stopped.  Without --hub, it connects to ports that serve only one
    client.  With --hub, any number of readers can connect."""
    example = "m2com monitor --host 192.0.2.7"
    # Log lines would break the table, and the table shows the last error.
    log_level = logging.CRITICAL
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["interval", "n", 0.5, "Seconds between two tables.", float],
    ]

    def postOptions(self) -> None:
        """Override."""
        if not 0.1 <= self["interval"] <= 3600:
            raise usage.UsageError("--interval must be from 0.1 to 3600 seconds")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        # The counters of the service use the same clock.
        board = Board(ReactorAccess(reactor))
        # The table itself shows what is missing on the hub.
        notices = HubNotices(lambda _: None, reactor)
        service = controller(
            self,
            reactor,
            on_refused=notices.refused,
            command_observers=[board.command_observer],
            telemetry_observers=[board.telemetry_observer],
        )
        drawing = LoopingCall(
            lambda: self._draw(
                terminal, [*_missing(service), *board.lines(service.state, service.stats)]
            )
        )
        drawing.clock = reactor
        service.startService()
        try:
            await notices.run(service, drawing.start(self["interval"]))
        except CancelledError:
            pass  # Ctrl-C, the usual end
        finally:
            if drawing.running:
                drawing.stop()
            await finish(service.stopService)
        return 0

    def _draw(self, terminal: Terminal, lines: list[str]) -> None:
        """Replace the last table.  If stdout is not a terminal, write the table below it."""
        title = f"M2 cell controller, {address(self)}"
        lines = [printable(line) for line in (title, *lines)]
        size = terminal.size
        if size is None:
            terminal.draw("\n".join(lines) + "\n\n")
        else:
            shown = [f"{line[: size.columns]}{_CLEAR_LINE}\n" for line in lines[: size.lines - 1]]
            terminal.draw(_HOME + "".join(shown) + _CLEAR_REST)


def _missing(link: "CellControllerService | RemoteController") -> list[str]:
    """Return what is missing on the hub, as lines of the table."""
    obstacle = obstacle_of(link)
    return [f"waiting: {obstacle}"] if obstacle else []
