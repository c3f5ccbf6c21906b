"""``m2com demo``."""

import logging

from twisted.internet.interfaces import IReactorTime

from ..demo import Demo
from .subcommand import Subcommand

__all__ = ["DemoOptions"]


class DemoOptions(Subcommand):
    """Its options.  The ports are free ones by default, so that it runs on any machine."""

    synopsis = "Usage: m2com demo [options]"
    longdesc = """Start a simulated controller, connect to it, power it up, move the mirror,
    lose the connection and get it back, power it down: ten seconds to watch."""
    example = "m2com demo"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Address to listen at."],
        ["command-port", "c", 0, "Port for commands and events; 0: any free one.", int],
        ["telemetry-port", "t", 0, "Port for telemetry; 0: any free one.", int],
    ]
    optFlags = [["verbose", "v", "Show all of the client's log."]]  # noqa: RUF012

    async def run(self, reactor: IReactorTime) -> int:
        """Override."""
        demo = Demo(
            reactor,
            print,
            ports=(self["command-port"], self["telemetry-port"]),
            host=self["host"],
            log_level=logging.DEBUG if self["verbose"] else logging.INFO,
        )
        await demo.run()
        return 0
