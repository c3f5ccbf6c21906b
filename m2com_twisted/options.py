"""Options that all programs of this package have: where the controller is."""

from importlib.metadata import version
from typing import NoReturn

from twisted.python import usage

from .service import COMMAND_PORT, TELEMETRY_PORT

__all__ = ["ControllerOptions", "VersionedOptions", "port_number"]


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


class VersionedOptions(usage.Options):
    """Options that know the version of this package; Twisted's own tell Twisted's."""

    def __init__(self) -> None:
        usage.Options.__init__(self)

    def opt_version(self) -> NoReturn:
        """Show the version and exit."""
        print(f"m2com_twisted {version('m2com_twisted')}")
        raise SystemExit(0)


class ControllerOptions(VersionedOptions):
    """Where the controller is."""

    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Name or address of the controller."],
        ["command-port", "c", COMMAND_PORT, "Its port for commands and events.", port_number],
        ["telemetry-port", "t", TELEMETRY_PORT, "Its port for telemetry.", port_number],
    ]
    optFlags = [  # noqa: RUF012
        ["verbose", "v", "Log what is for developers, too."],
    ]
