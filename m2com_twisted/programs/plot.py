"""``m2com plot``."""

from contextlib import aclosing
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..support.quantities import moment
from .extras import extra
from .plot_data import MARK_TOPICS, PlotData
from .plot_field import wanted
from .progress import Progress
from .recording_subcommand import RecordingSubcommand, read_in_turns
from .terminal import Terminal

__all__ = ["PlotOptions"]

_SUFFIXES = (".png", ".svg")


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _SUFFIXES:
        raise ValueError(f"a picture is a .png or .svg, not {text!r}")
    return path


class PlotOptions(RecordingSubcommand):
    """Options of ``m2com plot``."""

    synopsis = "Usage: m2com plot RECORDING FIELD... [options]"
    longdesc = """Draw fields of the messages over time, with their units; faults, changes of the
    mode and lost connections are marked.  A field is written as position.x or
    axialForce.measured[3]; a list without an index draws all of its values."""
    example = "m2com plot night-1 position.x axialForce.measured[3] --output night-1.png"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["output", "o", Path("plot.png"), "Picture to write, .png or .svg.", _picture],
        ["from", None, None, "Time of the first message, UTC: 2026-01-31T04:00:00.", moment],
        ["to", None, None, "Read only messages recorded before this time.", moment],
    ]

    def take(self, arguments: list[str]) -> None:
        """Override."""
        if not arguments:
            raise usage.UsageError("plot takes at least one field, such as position.x")
        try:
            self["fields"] = [wanted(text) for text in arguments]
        except ValueError as error:
            raise usage.UsageError(str(error)) from error

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        with extra("plot", "m2com plot"):
            from ..recording import RecordingReader, selected
            from .plot_picture import draw
        topics = {*(one.topic for one in self["fields"]), *MARK_TOPICS}
        selection = selected(self["from"], self["to"], topics)
        reader = RecordingReader(self["recording"], selection)
        data = PlotData(self["fields"])
        with Progress("Reading", reader.size) as progress:
            async with aclosing(read_in_turns(reader, reactor, progress)) as chunks:
                async for chunk in chunks:
                    for record in chunk:
                        data.add(record)
        title = Path(self["recording"]).absolute().name
        draw(data.series(), data.marks, data.end, title, self["output"])
        terminal.say(f"The picture is {self['output']}.")
        return 0
