"""The common options of all programs of this package."""

import getopt
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NoReturn

from twisted.python import reflect, usage

from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT

__all__ = ["ControllerOptions", "ProgramOptions", "listening_port_number", "port_number"]


def port_number(text: str) -> int:
    """Parse the number of a port to connect to.

    Raises
    ------
    ValueError
        If the text is not such a number.
    """
    # isdecimal and int also accept the digits of other alphabets.
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise ValueError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def listening_port_number(text: str) -> int:
    """Parse the number of a port to listen on.  0 means any free port.

    Raises
    ------
    ValueError
        If the text is not such a number.
    """
    return 0 if text == "0" else port_number(text)


class ProgramOptions(usage.Options):
    """Options with the name and the version of their program."""

    #: Beginning of the error line about a wrong option.
    program = "m2com"

    def __init__(self) -> None:
        usage.Options.__init__(self)

    def opt_version(self) -> NoReturn:
        """Show the version and exit."""
        # The method of Twisted would show the version of Twisted.
        print(f"m2com_twisted {version('m2com_twisted')}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: for a wrong option, print one line and exit with code 1.

        Otherwise twistd and twist would print all of their help, and twistd would exit with 0.
        """
        try:
            self.parse(options)
        except usage.UsageError as error:
            self.refuse(error)

    def parse(self, options: Sequence[str] | None) -> None:
        """Parse the options in any order.  Raise UsageError if one is wrong."""
        words = sys.argv[1:] if options is None else options
        self._check_values(words)
        usage.Options.parseOptions(self, words)

    def _check_values(self, words: Sequence[str]) -> None:
        """Refuse an invalid value of an option.  The error of Twisted would not name the option."""
        try:
            found, _ = getopt.getopt(list(words), self.shortOpt, self.longOpt)
        except getopt.error:
            return  # the error of Twisted names the option
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
            # The error of `float` is about the conversion of strings.
            reason = f"takes a number, not {value!r}" if convert is float else f"{error}"
            raise usage.UsageError(f"{name}: {reason}") from error

    def refuse(self, reason: object) -> NoReturn:
        """End the program before its start, with one line on stderr and exit code 1."""
        raise SystemExit(f"{self.program}: {reason}")


class ControllerOptions(ProgramOptions):
    """The address of the controller."""

    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Name or address of the controller."],
        ["command-port", "c", COMMAND_PORT, "Its port for commands and events.", port_number],
        ["telemetry-port", "t", TELEMETRY_PORT, "Its port for telemetry.", port_number],
    ]
    optFlags: list[list[str | None]] = [  # noqa: RUF012
        ["verbose", "v", "Also log details for developers."],
    ]
