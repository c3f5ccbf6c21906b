"""``m2com export``."""

import contextlib
import csv
import io
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..errors import BadLineError, RecordingError
from ..support.quantities import moment
from ..wire.codec import Message
from .extras import extra
from .flatten import flatten
from .progress import Progress
from .recording_subcommand import RecordingSubcommand, read_in_turns
from .terminal import Terminal

if TYPE_CHECKING:
    from ..recording import Record

__all__ = ["ExportOptions"]

_FORMATS = ("csv",)


def _format(text: str) -> str:
    if text not in _FORMATS:
        raise ValueError(f"the format must be {' or '.join(_FORMATS)}, not {text!r}")
    return text


class ExportOptions(RecordingSubcommand):
    """Options of ``m2com export``."""

    synopsis = "Usage: m2com export RECORDING --topic TOPIC [options]"
    longdesc = """Write the messages of one channel as a table.  Each message has a row.  The
    first column has its time (UTC).  Each value, such as measured[3], has a column."""
    example = "m2com export night-1 --topic axialForce --output forces.csv"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["topic", None, None, "Channel or message id."],
        ["to", None, "csv", "Format of the table: csv.", _format],
        ["output", "o", None, "File to write; it must not exist.  Default: standard output."],
        ["from", None, None, "Time of the first message, UTC: 2026-01-31T04:00:00.", moment],
        ["until", None, None, "Read only messages recorded before this time.", moment],
    ]

    def postOptions(self) -> None:
        """Override."""
        if not self["topic"]:
            raise usage.UsageError("export takes a --topic: a channel or a message id")
        if self["output"] == "":
            raise usage.UsageError("--output is empty")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        columns: dict[str, None] = {}
        found = False
        async with aclosing(self._messages(reactor, "Looking")) as messages:
            async for _, message in messages:
                found = True
                columns.update(dict.fromkeys(name for name, _ in flatten(message)))
        if not found:
            raise RecordingError(
                f"{self['recording']} has no message {self['topic']} between --from and --until"
            )
        if self["output"] is None:
            await self._write(list(columns), reactor, _StandardOutput(terminal))
        else:
            with _new_file(Path(self["output"])) as file:
                await self._write(list(columns), reactor, _File(file))
        return 0

    async def _write(
        self, columns: list[str], reactor: IReactorTime, output: "_StandardOutput | _File"
    ) -> None:
        await output.write([["utc", *columns]])
        async with aclosing(self._messages(reactor, "Writing")) as messages:
            async for utc, message in messages:
                values = dict(flatten(message))
                await output.write([[utc, *(values.get(name) for name in columns)]])

    async def _messages(
        self, reactor: IReactorTime, title: str
    ) -> AsyncGenerator[tuple[str, Message], None]:
        """Yield the time and the message of each record that contains a message."""
        with extra("recording", "m2com export"):
            from ..recording import RecordingReader, selected
        selection = selected(self["from"], self["until"], [self["topic"]])
        reader = RecordingReader(self["recording"], selection)
        with Progress(title, reader.size) as progress:
            async with aclosing(read_in_turns(reader, reactor, progress)) as chunks:
                async for chunk in chunks:
                    for record in chunk:
                        message = _message(record)
                        if message is not None:
                            yield f"{record.utc:%Y-%m-%dT%H:%M:%S.%fZ}", message


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """Create a file, which must not exist yet.  Remove it if it is not written to its end."""
    file = path.open("x", newline="", encoding="utf-8")
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _message(record: "Record") -> Message | None:
    """Return the message of a record.  None if the line is not a message."""
    try:
        return record.message
    except BadLineError:
        return None


class _File:
    """A table in a file."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")

    async def write(self, rows: list[list[object]]) -> None:
        self._writer.writerows(rows)


class _StandardOutput:
    """A table on standard output.  It is not written faster than it is read."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def write(self, rows: list[list[object]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._terminal.say(text.getvalue().removesuffix("\n"))
        await self._terminal.wait_for_space()
