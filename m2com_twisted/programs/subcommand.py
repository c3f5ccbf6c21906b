"""The base of all subcommands."""

import getopt
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python import usage
from twisted.python.failure import Failure

from .hub_options import HUB_PARAMETERS, hub_settings
from .options import ControllerOptions, ProgramOptions
from .terminal import PrintableFormatter, Terminal

__all__ = ["ControllerSubcommand", "Subcommand", "finish", "until_interrupted"]


class Subcommand(ProgramOptions):
    """The options of a subcommand, and the method that runs it."""

    # Set here, because `m2com simulate` shares the options of ``twistd m2sim``.
    program = "m2com"
    synopsis = ""
    longdesc = ""
    #: A command line to try, shown by ``--help``.
    example = ""
    #: The lowest level of log lines that are shown without ``--verbose``.
    log_level = logging.WARNING

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Run the subcommand and return the exit code.

        This is cancelled when the program must end, for example by Ctrl-C.  Expected errors
        (`M2ComError`, OSError, CannotListenError) are shown in one line.

        Parameters
        ----------
        reactor
            The reactor.
        terminal
            Takes the output of the subcommand.
        """
        raise NotImplementedError

    def parse(self, options: Sequence[str] | None) -> None:
        """Override: options may also come after the arguments."""
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
        """Return an option as words of a command line."""
        takes_value = f"{name[2:]}=" in self.longOpt or f"{name[1:]}:" in self.shortOpt
        return [name, value] if takes_value else [name]

    def getSynopsis(self) -> str:
        """Override: omit the synopsis of ``m2com`` itself."""
        return str(self.synopsis)

    def getUsage(self, width: int | None = None) -> str:
        """Override: show the example."""
        self.longdesc = " ".join(self.longdesc.split())
        text: str = usage.Options.getUsage(self, width)
        return f"{text}\nExample: {self.example}\n"

    def log_to(self, terminal: Terminal) -> None:
        """Show log lines.  ``--verbose`` shows all of them."""
        handler = logging.StreamHandler(terminal.errors)
        handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(message)s"))
        level = logging.DEBUG if self["verbose"] else self.log_level
        logging.basicConfig(level=level, handlers=[handler])


class ControllerSubcommand(Subcommand, ControllerOptions):
    """The options of a subcommand that connects to a controller, directly or through the hub."""

    optParameters = HUB_PARAMETERS

    def parse(self, options: Sequence[str] | None) -> None:
        """Override: also check the options of the hub before the start."""
        super().parse(options)
        hub_settings(self)


async def until_interrupted() -> None:
    """Wait until the command is cancelled, for example by Ctrl-C."""
    waiting: Deferred[None] = Deferred()
    try:
        await waiting
    except CancelledError:
        # Such commands end by cancellation, so it is not an error.
        return


async def finish(*stops: Callable[[], object]) -> None:
    """Call the stop functions one after the other, and wait for the end of each.

    A cancellation does not interrupt this, because the work is already over.  Otherwise
    a closed stdout would leave open sockets and half-written files.

    Parameters
    ----------
    *stops
        Functions that stop something.  Each returns nothing, a Deferred or a coroutine.
        If some fail, the error of the first is raised after all have ended.
    """
    failures: list[Failure] = []
    for stop in stops:
        ended: list[object] = []
        ending: Deferred[object] = maybeDeferred(stop)
        ending.addErrback(failures.append)
        ending.addCallback(ended.append)
        while not ended:
            with suppress(CancelledError):
                await _next_result(ending)
    if failures:
        failures[0].raiseException()


def _next_result(ending: Deferred[object]) -> Deferred[None]:
    """Return a Deferred that fires with another one.  Cancelling it does not cancel that one."""
    waiting: Deferred[None] = Deferred()
    ending.addBoth(lambda _: None if waiting.called else waiting.callback(None))
    return waiting
