"""``m2com record``."""

import logging
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from .hub_notices import HubNotices
from .hub_options import controller, obstacle_of
from .record_options import KEEP_HELP, SEGMENT_HELP, new_recorder, size_or_duration
from .subcommand import ControllerSubcommand, finish, until_interrupted
from .terminal import Terminal

__all__ = ["RecordOptions"]


class RecordOptions(ControllerSubcommand):
    """Options of ``m2com record``."""

    synopsis = "Usage: m2com record DIRECTORY [options]"
    longdesc = """Record all messages of both ports until Ctrl-C, in the MCAP format.  Each start
    begins a new file in the directory.  An existing file is never changed."""
    example = "m2com record night-1"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["record-keep", None, None, KEEP_HELP, size_or_duration],
        ["record-segment", None, None, SEGMENT_HELP, size_or_duration],
    ]

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        # A script with an unset variable gives an empty name.  It would mean the current directory.
        if len(arguments) != 1 or not arguments[0]:
            raise usage.UsageError("record takes one directory")
        self["directory"] = arguments[0]

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        log = logging.getLogger("m2com")
        recorder = new_recorder(Path(self["directory"]), self, log, reactor)
        recorder.startService()
        notices = HubNotices(terminal.show_error, reactor)
        service = controller(
            self,
            reactor,
            on_refused=notices.refused,
            command_observers=[recorder.observer("command")],
            telemetry_observers=[recorder.observer("telemetry")],
        )
        terminal.say(f"Recording to {self['directory']} until Ctrl-C.")
        service.startService()
        try:
            await notices.run(service, until_interrupted())
            missing = obstacle_of(service)
        finally:
            await finish(service.stopService, recorder.stopService)
        stats = recorder.stats
        lost = f", {stats.lost} lost" if stats.lost else ""
        terminal.say(f"{stats.recorded} messages recorded{lost}.")
        received = service.stats.command.messages + service.stats.telemetry.messages
        if missing and not received:
            terminal.show_error(f"no message of the controller came: {missing}")
            return 1
        return 0 if stats.lost == 0 else 1
