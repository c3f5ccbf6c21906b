"""``m2com demo``."""

import logging

from twisted.internet.interfaces import IReactorTime

from ..demo import Demo
from ..options import listening_port_number
from ..service import COMMAND_PORT, TELEMETRY_PORT
from .subcommand import Subcommand
from .terminal import Terminal

__all__ = ["DemoOptions"]


_COMMAND_HELP, _TELEMETRY_HELP = (
    f"Port for {what}; by default {port}, or a free one where that is taken."
    for what, port in (("commands and events", COMMAND_PORT), ("telemetry", TELEMETRY_PORT))
)


class DemoOptions(Subcommand):
    """Its options."""

    synopsis = "Usage: m2com demo [options]"
    longdesc = """Start a simulated controller, connect to it, power it up, move the mirror,
    lose the connection and get it back, power it down: ten seconds to watch."""
    example = "m2com demo"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Address to listen at."],
        # None, not the number: a demo is to run on any machine, so a port that
        # was not asked for by name may be another one.
        ["command-port", "c", None, _COMMAND_HELP, listening_port_number],
        ["telemetry-port", "t", None, _TELEMETRY_HELP, listening_port_number],
    ]
    optFlags = [["verbose", "v", "Show all of the client's log."]]  # noqa: RUF012

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        demo = Demo(
            reactor,
            terminal.say,
            ports=(self["command-port"], self["telemetry-port"]),
            host=self["host"],
            log_level=logging.DEBUG if self["verbose"] else logging.INFO,
        )
        await demo.run()
        return 0
