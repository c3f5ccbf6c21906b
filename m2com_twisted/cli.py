"""The ``m2com`` command.

Options are Twisted's, as those of twistd, so that a subcommand that exists in
both places is one class.
"""

import sys
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react
from twisted.python import usage

__all__ = ["Options", "main"]

# The exit code of a command that Ctrl-C ended, as shells have it: 128 + SIGINT.
_INTERRUPTED = 130


class Subcommand(Protocol):
    """The options of a subcommand, which know how to run it."""

    async def run(self, reactor: Any) -> int:
        """Run it and return the exit code."""


class DemoOptions(usage.Options):
    """``m2com demo``."""

    synopsis = "Usage: m2com demo"
    longdesc = """Start a simulated controller on free ports of this machine, connect to it,
    power it up, move the mirror, lose the connection and get it back, power it down:
    ten seconds to watch."""

    async def run(self, reactor: Any) -> int:
        """Run the demo."""
        from .demo import Demo

        await Demo(reactor, print).run()
        return 0


class Options(usage.Options):
    """The options of ``m2com``."""

    synopsis = "Usage: m2com COMMAND [options]"
    subCommands = [  # noqa: RUF012 - Twisted's own name and type
        ["demo", None, DemoOptions, "Watch the client and a simulated controller talk."],
    ]


def main(arguments: list[str] | None = None) -> None:
    """Run the ``m2com`` command; exits with its code.

    Parameters
    ----------
    arguments
        What follows ``m2com``; None: what stands on the command line.
    """
    options = Options()
    try:
        options.parseOptions(arguments)
        if options.subCommand is None:
            raise usage.UsageError("a command is missing; see m2com --help")
    except usage.UsageError as error:
        sys.exit(f"m2com: {error}")
    react(_run, (options.subOptions,))


async def _run(reactor: Any, subcommand: Subcommand) -> None:
    """Run a subcommand; when the reactor is stopped, as by Ctrl-C, let it clean up first."""
    running = Deferred.fromCoroutine(subcommand.run(reactor))

    def end() -> Deferred[int]:
        running.cancel()
        return running

    reactor.addSystemEventTrigger("before", "shutdown", end)
    try:
        code = await running
    except CancelledError:
        code = _INTERRUPTED
    if code:
        sys.exit(code)
