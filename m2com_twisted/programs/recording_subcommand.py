"""The base of the subcommands that read a recording."""

import time
from collections.abc import AsyncGenerator
from contextlib import closing
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python import usage

from .progress import Progress
from .subcommand import Subcommand

if TYPE_CHECKING:
    from ..recording import Record, RecordingReader

__all__ = ["RecordingSubcommand", "read_in_turns"]

# Seconds of work between two turns of the reactor.  Ctrl-C is handled only in such a turn.
_TURN = 0.05


class RecordingSubcommand(Subcommand):
    """The options of a subcommand that reads a recording."""

    optFlags = [["verbose", "v", "Also report unfinished files."]]  # noqa: RUF012 - Twisted's

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        # A script with an unset variable gives an empty name.  It would mean the current directory.
        if not arguments or not arguments[0]:
            raise usage.UsageError(f"{self._name} takes a recording: a directory or a file")
        self["recording"], *rest = arguments
        self.take(rest)

    def take(self, arguments: list[str]) -> None:
        """Take the arguments after the recording.  Raise UsageError if they are wrong."""
        if arguments:
            raise usage.UsageError(f"{self._name} takes one recording")

    @property
    def _name(self) -> str:
        return str(self.synopsis).split()[2]


async def read_in_turns(
    reader: "RecordingReader", reactor: IReactorTime, progress: Progress
) -> AsyncGenerator["list[Record]", None]:
    """Yield the chunks of a recording, and return to the reactor at regular intervals.

    Parameters
    ----------
    reader
        Reads the recording.
    reactor
        The reactor.
    progress
        Shows the progress.
    """
    turned = time.monotonic()
    with closing(reader.chunks()) as chunks:
        for chunk in chunks:
            yield chunk
            if time.monotonic() - turned > _TURN:
                progress.show(reader.position)
                await deferLater(reactor, 0)
                turned = time.monotonic()
    progress.show(reader.size)
