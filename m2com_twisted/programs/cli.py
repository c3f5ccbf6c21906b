"""The ``m2com`` command: the list of its subcommands, and the function that runs one.

The options use the classes of Twisted, as those of twistd do.  So one class can be a subcommand
of both programs.
"""

import os
import sys
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import react
from twisted.python import usage

from ..errors import M2ComError
from ..support.clock import use_monotonic_clock
from ..support.switch_interval import shorten_switch_interval
from .cat import CatOptions
from .demo import DemoOptions
from .disable import DisableOptions
from .enable import EnableOptions
from .export import ExportOptions
from .faults import FaultsOptions
from .hub import HubOptions
from .monitor import MonitorOptions
from .move import MoveOptions
from .options import ProgramOptions
from .plot import PlotOptions
from .record import RecordOptions
from .replay import ReplayOptions
from .safe import SafeOptions
from .schema import SchemaOptions
from .send import SendOptions
from .signals import die_of_signals, stop_on_signals
from .simulate import SimulateOptions
from .status import StatusOptions
from .subcommand import Subcommand
from .terminal import Terminal
from .watch import WatchOptions

__all__ = ["Options", "main"]

# The exit code of a command that Ctrl-C ended, as in shells: 128 + SIGINT.
_INTERRUPTED = 130
# The exit code if stdout was closed, as in shells: 128 + SIGPIPE.
_NO_STDOUT = 141


_SUBCOMMANDS: list[tuple[str, type[Subcommand], str]] = [
    ("monitor", MonitorOptions, "Watch connections, faults, telemetry and events."),
    ("watch", WatchOptions, "Show single values as they change."),
    ("status", StatusOptions, "Show what is known of the mirror."),
    ("enable", EnableOptions, "Bring the mirror up and close its loop."),
    ("move", MoveOptions, "Move the mirror and see it arrive."),
    ("disable", DisableOptions, "Open the loop and switch the powers off."),
    ("safe", SafeOptions, "Make the mirror safe, whatever else happens."),
    ("faults", FaultsOptions, "Show the faults and what to do about them."),
    ("send", SendOptions, "Send a command and see what becomes of it."),
    ("schema", SchemaOptions, "Print the JSON Schema of a message."),
    ("record", RecordOptions, "Record what the controller sends."),
    ("replay", ReplayOptions, "Play a recording as a controller."),
    ("cat", CatOptions, "Print the messages of a recording."),
    ("export", ExportOptions, "Write a channel of a recording as a table."),
    ("plot", PlotOptions, "Draw fields of a recording over time."),
    ("hub", HubOptions, "Make or check the streams of the hub."),
    ("simulate", SimulateOptions, "Simulate a controller."),
    ("demo", DemoOptions, "Watch the client and a simulated controller talk."),
]


class Options(ProgramOptions):
    """The options of ``m2com``."""

    synopsis = "Usage: m2com COMMAND [options]"
    subCommands = [(name, None, options, what) for name, options, what in _SUBCOMMANDS]  # noqa: RUF012 - Twisted's

    def postOptions(self) -> None:
        """Override."""
        if self.subCommand is None:
            raise usage.UsageError("a command is missing; see m2com --help")

    def getUsage(self, width: int | None = None) -> str:
        """Override: show an example of each subcommand."""
        text: str = usage.Options.getUsage(self, width)
        examples = "\n".join(f"  {options.example}" for _, options, _ in _SUBCOMMANDS)
        return f"{text}\nExamples:\n{examples}\n"


def main(arguments: list[str] | None = None) -> None:
    """Run the ``m2com`` command, and exit with its code.

    Parameters
    ----------
    arguments
        The words after ``m2com``.  None: those of the command line.
    """
    options = Options()
    try:
        _parse(options, arguments)
        react(_run, (options.subOptions,))
    except KeyboardInterrupt:
        # Ctrl-C came before the reactor could handle it.
        sys.exit(_INTERRUPTED)


def _parse(options: Options, arguments: list[str] | None) -> None:
    """Parse the command line.  The reader of the help may close the pipe early, as head does."""
    try:
        try:
            options.parseOptions(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout again at exit, and would then print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_NO_STDOUT)


async def _run(reactor: Any, subcommand: Subcommand) -> None:
    """Run a subcommand.  If the reactor stops, for example by Ctrl-C, the subcommand cleans up.

    A second Ctrl-C ends it at once.
    """
    use_monotonic_clock(reactor)
    shorten_switch_interval()
    # The subcommand ends when the reader of stdout has closed the pipe.
    terminal = Terminal(reactor, sys.stdout, sys.stderr, lambda: running.cancel())
    outcome: Deferred[int] = Deferred()

    def leave() -> None:
        terminal.give_up()
        if not outcome.called:
            outcome.errback(CancelledError())

    stop_on_signals(reactor, leave)
    running = Deferred.fromCoroutine(subcommand.run(reactor, terminal))
    running.addBoth(lambda result: None if outcome.called else outcome.callback(result))
    # The reactor waits for this Deferred.  The failure of `running` is handled below.
    ended: Deferred[None] = Deferred()

    def end() -> Deferred[None]:
        running.cancel()
        terminal.hurry()
        return ended

    reactor.addSystemEventTrigger("before", "shutdown", end)
    try:
        code = await _exit_code(outcome, terminal)
        await terminal.close()
    finally:
        die_of_signals()
        ended.callback(None)
    code = _NO_STDOUT if terminal.is_lost else code
    if code:
        sys.exit(code)


async def _exit_code(outcome: Deferred[int], terminal: Terminal) -> int:
    """Wait for the end of a subcommand, and show its error."""
    try:
        return await outcome
    except CancelledError:
        return _INTERRUPTED
    except (M2ComError, CannotListenError, OSError) as error:
        terminal.show_error(error)
        return 1
