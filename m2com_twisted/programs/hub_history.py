"""Reads the stored messages of a hub, for ``m2com cat --hub`` and ``m2com replay --hub``."""

import json
import struct
import tempfile
from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import datetime, timedelta, timezone
from typing import IO, TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.python import usage

from ..errors import BadLineError
from ..support.quantities import duration
from ..wire.codec import decode
from .hub_options import address, hub_settings
from .terminal import Terminal
from .wanted_topics import WantedTopics

if TYPE_CHECKING:
    from ..hub import Kept
    from ..recording import Record

__all__ = ["SINCE_PARAMETER", "Spool", "check_since", "print_history", "read_kept"]

#: A time in ns that no message has.
_FOREVER = 2**63

#: For `optParameters` of the programs that read the stored messages of a hub.
SINCE_PARAMETER: list[object] = [
    "since",
    None,
    None,
    "With --hub: how far back to read, such as 10m or 6h.",
    duration,
]


def check_since(options: Mapping[str, Any]) -> None:
    """Refuse ``--hub`` without ``--since``, ``--since`` without ``--hub``, and a wrong URL.

    Raises
    ------
    UsageError
        If the options are wrong.
    """
    if (hub_settings(options) is None) is not (options["since"] is None):
        raise usage.UsageError("--hub and --since are of no use without each other")


async def read_kept(
    options: Mapping[str, Any],
    reactor: IReactorTime,
    take: Callable[[list["Kept"]], Awaitable[None]],
) -> int:
    """Pass on the messages stored since ``--since``, in batches.  Return their number.

    Raises
    ------
    M2ComError
        If the hub cannot be used.
    """
    check_since(options)
    settings = hub_settings(options)
    if settings is None:
        return 0
    from ..hub import read_history, run_once

    threads = IReactorFromThreads(reactor)
    since = datetime.now(timezone.utc) - timedelta(seconds=options["since"])
    return await run_once(
        settings, read_history(settings.subjects, since, take, threads), reactor=threads
    )


async def print_history(
    options: Mapping[str, Any], reactor: IReactorTime, terminal: Terminal
) -> int:
    """Print the stored messages of the hub, one JSON object per line, as for a recording.

    Parameters
    ----------
    options
        The options of the hub, ``since``, ``from``, ``to``, and ``topics``: channels or message
        ids.  If there are no topics, all are printed.
    reactor, terminal
        Reactor and terminal of the program.

    Returns
    -------
    code
        The exit code: 1 if a topic had no message.
    """
    topics = WantedTopics(options["topics"])
    start, end = _nanoseconds(options["from"], 0), _nanoseconds(options["to"], _FOREVER)

    async def take(batch: list["Kept"]) -> None:
        for kept in batch:
            channel = _channel(kept)
            if start <= kept.time < end and topics.takes(channel):
                terminal.say(_line(kept, channel))
        await terminal.wait_for_space()

    if await read_kept(options, reactor, take) == 0:
        terminal.show_error(f"{address(options)} has no message in this time")
        return 0
    return topics.tell_missing(address(options), terminal)


def _nanoseconds(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else int(moment.timestamp() * 1e9)


def _channel(kept: "Kept") -> str:
    """Return the channel that a recorder would give a message."""
    if kept.kind == "link":
        return f"/link/{kept.connection}"
    try:
        name = decode(kept.line).get("id")
    except BadLineError:
        name = "bad"
    return f"/{kept.connection}/{name}"


def _line(kept: "Kept", channel: str) -> str:
    utc = datetime.fromtimestamp(kept.time // 1000 / 1e6, timezone.utc)
    text = kept.line.decode("utf-8", "replace")
    if not text.isprintable():
        text = json.dumps(text)
    shown = utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f'{{"utc": "{shown}", "channel": {json.dumps(channel)}, "message": {text}}}'


class Spool:
    """Messages of a hub in a temporary file, which can be read repeatedly, like a recording."""

    # For each message: its time, whether it came by the command port, whether the controller sent
    # it, and the length of its line.
    _HEADER = struct.Struct("<q??I")

    def __init__(self) -> None:
        # Closed in `close`.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115

    async def add(self, batch: list["Kept"]) -> None:
        """Append messages."""
        for kept in batch:
            flags = kept.connection == "command", kept.kind == "received"
            self._file.write(self._HEADER.pack(kept.time, *flags, len(kept.line)) + kept.line)

    def records(self) -> Generator["Record", None, None]:
        """Yield all messages, as `read_recording` does."""
        from ..recording import Record

        self._file.flush()
        position = 0
        while True:
            # Several readers may use the file in turn.
            self._file.seek(position)
            header = self._file.read(self._HEADER.size)
            if not header:
                return
            time, is_command, is_received, length = self._HEADER.unpack(header)
            line = self._file.read(length)
            position += len(header) + length
            connection = "command" if is_command else "telemetry"
            kind = "received" if is_received else "link"
            yield Record(time, f"/{connection}", connection, kind, line)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
