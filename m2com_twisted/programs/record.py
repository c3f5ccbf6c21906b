"""``m2com record``."""

import logging

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..recording import Recorder
from ..service import CellControllerService
from .subcommand import ControllerSubcommand, until_interrupted
from .terminal import Terminal

__all__ = ["RecordOptions"]


class RecordOptions(ControllerSubcommand):
    """Its options."""

    synopsis = "Usage: m2com record DIRECTORY [options]"
    longdesc = """Record what arrives on both ports until Ctrl-C: one JSON object per line, with the
    time of its arrival.  Appends to what is there, and deletes nothing."""
    example = "m2com record night-1"

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        # An empty one would be this directory: what an unset variable of a script makes of it.
        if len(arguments) != 1 or not arguments[0]:
            raise usage.UsageError("record takes one directory")
        self["directory"] = arguments[0]

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        log = logging.getLogger("m2com")
        recorder = Recorder(self["directory"], log=log, reactor=reactor)
        recorder.startService()
        service = CellControllerService(
            self["host"],
            self["command-port"],
            self["telemetry-port"],
            command_observers=[recorder.observer("command")],
            telemetry_observers=[recorder.observer("telemetry")],
            log=log,
            reactor=reactor,
        )
        terminal.say(f"Recording to {self['directory']} until Ctrl-C.")
        service.startService()
        try:
            await until_interrupted()
        finally:
            await service.stopService()
            recorder.stopService()
        terminal.say(f"{recorder.recorded} messages recorded.")
        return 0 if recorder.lost == 0 else 1
