"""The subcommands of m2com, run in this process."""

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python import usage

from m2com_twisted.programs import cli
from m2com_twisted.programs.subcommand import Subcommand
from m2com_twisted.programs.terminal import Terminal
from tests.support.waiting import the_reactor

__all__ = ["at", "parsed", "start"]


def parsed(*words: str) -> Subcommand:
    """Return the options of a subcommand."""
    options = cli.Options()
    usage.Options.parseOptions(options, list(words))
    assert isinstance(options.subOptions, Subcommand)
    return options.subOptions


def at(controller: Any) -> list[str]:
    """Return the options that lead to a controller."""
    return ["-c", str(controller.command_port), "-t", str(controller.telemetry_port)]


def start(*words: str) -> Deferred[int]:
    """Start a subcommand."""
    terminal = Terminal(the_reactor(), sys.stdout, sys.stderr)
    return Deferred.fromCoroutine(parsed(*words).run(the_reactor(), terminal))
