"""``m2com cat``."""

import json
from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python import usage

from ..errors import BadLineError
from ..support.quantities import moment
from .extras import extra
from .hub_history import SINCE_PARAMETER, check_since, print_history
from .hub_options import HUB_PARAMETERS
from .progress import Progress
from .recording_subcommand import RecordingSubcommand, read_in_turns
from .terminal import Terminal
from .wanted_topics import WantedTopics

if TYPE_CHECKING:
    from ..recording import Record, Selection

__all__ = ["CatOptions"]

# Seconds between two checks whether a recording has grown.  It is written every 2 s.
_CHECK_INTERVAL = 0.5


class CatOptions(RecordingSubcommand):
    """Options of ``m2com cat``."""

    synopsis = "Usage: m2com cat RECORDING [options]"
    longdesc = """Print the messages of a recording, one JSON object per line, with the time, the
    channel and the message.  With --follow it continues as the recording grows, until Ctrl-C.
    With --hub and --since instead of a recording, it prints the stored messages of the hub.  The
    exit code is 1 if there is no message of one of the topics."""
    example = "m2com cat night-1 --topic position --from 2026-01-31T04:00"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["from", None, None, "Time of the first message, UTC: 2026-01-31T04:00:00.", moment],
        ["to", None, None, "Read only messages recorded before this time.", moment],
        *HUB_PARAMETERS,
        SINCE_PARAMETER,
    ]
    optFlags = [["follow", "f", "Continue as the recording grows."]]  # noqa: RUF012

    def __init__(self) -> None:
        RecordingSubcommand.__init__(self)
        self["topics"] = []

    def opt_topic(self, topic: str) -> None:
        """Print this channel or message id only; may be given several times."""
        if not topic:
            raise usage.UsageError("--topic is empty")
        self["topics"].append(topic)

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if arguments or self["hub"] is None:
            super().parseArgs(*arguments)

    def postOptions(self) -> None:
        """Override."""
        check_since(self)
        if self["hub"] is not None and "recording" in self:
            raise usage.UsageError("cat takes a recording or --hub, not both")
        if self["hub"] is not None and self["follow"]:
            raise usage.UsageError(
                "--follow is for a recording; m2com watch and monitor follow a hub"
            )

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        if self["hub"] is not None:
            return await print_history(self, reactor, terminal)
        with extra("recording", "m2com cat"):
            from ..recording import selected
        selection = selected(self["from"], self["to"], self["topics"] or None)
        if self["follow"]:
            await self._follow(selection, reactor, terminal)
            return 0
        return await self._print(selection, reactor, terminal)

    async def _print(
        self, selection: "Selection", reactor: IReactorTime, terminal: Terminal
    ) -> int:
        from ..recording import RecordingReader

        reader = RecordingReader(self["recording"], selection)
        topics = WantedTopics(self["topics"])
        # No progress bar: the lines themselves show the progress.
        async with aclosing(read_in_turns(reader, reactor, Progress("", 0))) as chunks:
            async for chunk in chunks:
                for record in chunk:
                    topics.takes(record.topic)
                await _say(chunk, terminal)
        return topics.tell_missing(self["recording"], terminal)

    async def _follow(
        self, selection: "Selection", reactor: IReactorTime, terminal: Terminal
    ) -> None:
        from ..recording import FollowedRecording

        followed = FollowedRecording(self["recording"], selection)
        try:
            while True:
                for chunk in followed.new_chunks():
                    await _say(chunk, terminal)
                    await deferLater(reactor, 0)
                await deferLater(reactor, _CHECK_INTERVAL)
        except CancelledError:
            return  # Ctrl-C, the usual end
        finally:
            followed.close()


async def _say(records: "Iterable[Record]", terminal: Terminal) -> None:
    for record in records:
        terminal.say(_line(record))
    await terminal.wait_for_space()


def _line(record: "Record") -> str:
    """Return a record as JSON, with the bytes of the controller if they are valid."""
    message = record.line.decode("utf-8", "replace")
    if not message.isprintable():
        message = _as_ascii(record)
    utc = record.utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f'{{"utc": "{utc}", "channel": {json.dumps(record.topic)}, "message": {message}}}'


def _as_ascii(record: "Record") -> str:
    try:
        return json.dumps(record.message)
    except BadLineError:
        return json.dumps(record.line.decode("utf-8", "replace"))
