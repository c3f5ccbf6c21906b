"""Options of all programs of this package, and the refusal of wrong ones."""

import getopt
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NoReturn

from twisted.python import reflect, usage

from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT

__all__ = ["ControllerOptions", "ProgramOptions", "listening_port_number", "port_number"]


def port_number(text: str) -> int:
    """Read the number of a port that can be connected to.

    Raises
    ------
    ValueError
        If it is none.
    """
    # isdecimal alone lets other alphabets' digits pass, which int reads as well.
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise ValueError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def listening_port_number(text: str) -> int:
    """Read the number of a port to listen on; 0 is any free one.

    Raises
    ------
    ValueError
        If it is none.
    """
    return 0 if text == "0" else port_number(text)


class ProgramOptions(usage.Options):
    """Options that know the name and the version of their program."""

    #: Beginning of the line about a wrong option.
    program = "m2com"

    def __init__(self) -> None:
        usage.Options.__init__(self)

    def opt_version(self) -> NoReturn:
        """Show the version and exit."""
        # Twisted's own method would show the version of Twisted.
        print(f"m2com_twisted {version('m2com_twisted')}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: a wrong option is one line, and exit code 1.

        twistd and twist print all of their help, and twistd exits with 0.
        """
        try:
            self.parse(options)
        except usage.UsageError as error:
            self.refuse(error)

    def parse(self, options: Sequence[str] | None) -> None:
        """Parse the options in any order; raise UsageError if one is wrong."""
        words = sys.argv[1:] if options is None else options
        self._check_values(words)
        usage.Options.parseOptions(self, words)

    def _check_values(self, words: Sequence[str]) -> None:
        """Refuse a value that does not fit its option; Twisted would not name the option."""
        try:
            found, _ = getopt.getopt(list(words), self.shortOpt, self.longOpt)
        except getopt.error:
            return  # Twisted says which one.
        parameters: list[Sequence[Any]] = []
        reflect.accumulateClassList(type(self), "optParameters", parameters)
        for long, short, _, _, *convert in parameters:
            for name, value in found:
                if convert and name in (f"--{long}", f"-{short}"):
                    self._convert(f"--{long}", convert[0], value)

    def _convert(self, name: str, convert: Callable[[str], object], value: str) -> None:
        try:
            convert(value)
        except ValueError as error:
            # The message of `float` itself is about converting strings.
            reason = f"takes a number, not {value!r}" if convert is float else f"{error}"
            raise usage.UsageError(f"{name}: {reason}") from error

    def refuse(self, reason: object) -> NoReturn:
        """End the program with one line on stderr, and exit code 1; nothing has been started."""
        raise SystemExit(f"{self.program}: {reason}")


class ControllerOptions(ProgramOptions):
    """The address of the controller."""

    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Name or address of the controller."],
        ["command-port", "c", COMMAND_PORT, "Its port for commands and events.", port_number],
        ["telemetry-port", "t", TELEMETRY_PORT, "Its port for telemetry.", port_number],
    ]
    optFlags: list[list[str | None]] = [  # noqa: RUF012
        ["verbose", "v", "Log what is for developers, too."],
    ]
