"""What the subcommands have in common."""

import getopt
import logging
import sys
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from .hub_options import HUB_PARAMETERS, hub_settings
from .options import ControllerOptions, ProgramOptions
from .terminal import PrintableFormatter, Terminal

__all__ = ["ControllerSubcommand", "Subcommand", "until_interrupted"]


class Subcommand(ProgramOptions):
    """The options of a subcommand, which know how to run it."""

    # Set here because `m2com simulate` shares the options of ``twistd m2sim``.
    program = "m2com"
    synopsis = ""
    longdesc = ""
    #: A command line to try, shown by ``--help``.
    example = ""
    #: The least level of log lines to show without ``--verbose``.
    log_level = logging.WARNING

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Run it and return the exit code.

        Cancelled when it is to end, as by Ctrl-C.  What it raises of the
        errors one can expect (`M2ComError`, OSError, CannotListenError) is
        shown in one line.

        Parameters
        ----------
        reactor
            The reactor.
        terminal
            Takes all that it has to say.
        """
        raise NotImplementedError

    def parse(self, options: Sequence[str] | None) -> None:
        """Override: options may also stand behind the arguments, as people type them."""
        found, arguments = self.split(options)
        in_front = [word for name, value in found for word in self._words(name, value)]
        super().parse([*in_front, "--", *arguments])

    def split(self, options: Sequence[str] | None) -> tuple[list[tuple[str, str]], list[str]]:
        """Return the options, each with its value, and the arguments.

        Raises
        ------
        UsageError
            If there is no such option.
        """
        words = sys.argv[1:] if options is None else options
        try:
            return getopt.gnu_getopt(list(words), self.shortOpt, self.longOpt)
        except getopt.error as error:
            raise usage.UsageError(str(error)) from error

    def _words(self, name: str, value: str) -> list[str]:
        """Return an option as it stands on the command line."""
        takes_value = f"{name[2:]}=" in self.longOpt or f"{name[1:]}:" in self.shortOpt
        return [name, value] if takes_value else [name]

    def getSynopsis(self) -> str:
        """Override: leave out the synopsis of ``m2com`` itself."""
        return str(self.synopsis)

    def getUsage(self, width: int | None = None) -> str:
        """Override: show the example."""
        self.longdesc = " ".join(self.longdesc.split())
        text: str = usage.Options.getUsage(self, width)
        return f"{text}\nExample: {self.example}\n"

    def log_to(self, terminal: Terminal) -> None:
        """Show log lines, all of them with ``--verbose``."""
        handler = logging.StreamHandler(terminal.errors)
        handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(message)s"))
        level = logging.DEBUG if self["verbose"] else self.log_level
        logging.basicConfig(level=level, handlers=[handler])


class ControllerSubcommand(Subcommand, ControllerOptions):
    """The options of a subcommand that talks to a controller, directly or through the hub."""

    optParameters = HUB_PARAMETERS

    def parse(self, options: Sequence[str] | None) -> None:
        """Override: the options of the hub are checked before anything is begun."""
        super().parse(options)
        hub_settings(self)


async def until_interrupted() -> None:
    """Wait until the command is to end, as by Ctrl-C."""
    waiting: Deferred[None] = Deferred()
    try:
        await waiting
    except CancelledError:
        # The way such commands end: not an error.
        return
