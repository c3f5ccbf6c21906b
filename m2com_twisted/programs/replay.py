"""``m2com replay``."""

import math
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT
from ..support.quantities import moment
from .extras import extra
from .hub_history import SINCE_PARAMETER, Spool, check_since, read_kept
from .hub_options import HUB_PARAMETERS, address
from .options import listening_port_number
from .subcommand import Subcommand, finish
from .terminal import Terminal

if TYPE_CHECKING:
    from ..simulator.replay import Replay

__all__ = ["ReplayOptions"]


def _speed(text: str) -> float:
    """Parse a speed: a number, which may end in x, or max."""
    speed = math.inf if text == "max" else float(text.removesuffix("x"))
    if not speed > 0:
        raise ValueError(f"a speed is a number greater than 0, or max, not {text!r}")
    return speed


class ReplayOptions(Subcommand):
    """Options of ``m2com replay``."""

    synopsis = "Usage: m2com replay RECORDING [options]"
    longdesc = """Play a recording as a controller.  A client that connects to a port gets the
    messages recorded there, from the start.  Ends when both ports have played to the end.
    Commands are answered with noack.  With --hub and --since instead of a recording, it plays the
    stored messages of the hub."""
    example = "m2com replay night-1 --speed 10 --from 2026-01-31T04:00"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Address to listen at."],
        ["command-port", "c", COMMAND_PORT, "Port for commands and events.", listening_port_number],
        ["telemetry-port", "t", TELEMETRY_PORT, "Port for telemetry.", listening_port_number],
        ["from", None, None, "Time of the first message, UTC: 2026-01-31T04:00:00.", moment],
        ["to", None, None, "Read only messages recorded before this time.", moment],
        *HUB_PARAMETERS,
        SINCE_PARAMETER,
        ["speed", "s", 1.0, "Speed as a multiple of the original; max: no waiting.", _speed],
    ]
    optFlags = [["verbose", "v", "Log clients."]]  # noqa: RUF012

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if not arguments and self["hub"] is not None:
            self["recording"] = None
            return
        # A script with an unset variable gives an empty name.  It would mean the current directory.
        if len(arguments) != 1 or not arguments[0]:
            raise usage.UsageError("replay takes one recording: a directory or a file")
        self["recording"] = arguments[0]

    def postOptions(self) -> None:
        """Override."""
        check_since(self)
        if self["hub"] is not None and self["recording"] is not None:
            raise usage.UsageError("replay takes a recording or --hub, not both")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        with extra("recording", "m2com replay"):
            from ..simulator.replay import Replay
        play = partial(
            Replay,
            command_port=self["command-port"],
            telemetry_port=self["telemetry-port"],
            interface=self["host"],
            speed=self["speed"],
            start=self["from"],
            end=self["to"],
            reactor=reactor,
        )
        if self["hub"] is None:
            await self._play(play(Path(self["recording"])), self["recording"], terminal)
            return 0
        with closing(Spool()) as spool:
            await read_kept(self, reactor, spool.add)
            what = f"What was kept of {address(self)}"
            await self._play(play(what, read=spool.records), what, terminal)
        return 0

    async def _play(self, replay: "Replay", what: str, terminal: Terminal) -> None:
        replay.start()
        try:
            terminal.say(
                f"{what} is played on {self['host']}:{replay.command_port} "
                f"and :{replay.telemetry_port}."
            )
            await replay.finished()
        finally:
            await finish(replay.stop)
        terminal.say(f"{replay.played} messages played.")
