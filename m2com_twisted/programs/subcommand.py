"""What the subcommands have in common."""

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
    """Wait until the command is cancelled, for example by Ctrl-C."""
    waiting: Deferred[None] = Deferred()
    try:
        await waiting
    except CancelledError:
        # Such commands end by cancellation, so it is not an error.
        return


async def finish(*stops: Callable[[], object]) -> None:
    """Stop one thing after the other, and wait for the end of each.

    A cancellation does not cut this short: it is meant for the work, which is
    over.  Otherwise the reader of stdout, when it leaves, would leave sockets
    and half written files behind.

    Parameters
    ----------
    *stops
        Functions that stop something; each returns nothing, a Deferred or a coroutine.
        If some fail, the error of the first is raised when all have ended.
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
    """Return a Deferred that fires with another, and can be cancelled without it."""
    waiting: Deferred[None] = Deferred()
    ending.addBoth(lambda _: None if waiting.called else waiting.callback(None))
    return waiting
