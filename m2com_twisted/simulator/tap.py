"""The simulator as a program: ``twistd m2sim`` and ``m2com simulate``.

Both take `Options`, so that they cannot differ.
"""

from twisted.internet.interfaces import IReactorTCP
from twisted.python import usage

from .controller import CellController
from .injection import INJECTIONS, Injection
from .profiles import DEFAULT, PROFILES

__all__ = ["Options", "SimulatorService", "controller_from_options", "makeService", "simulate"]


def _port(text: str) -> int:
    """Read the number of a port; 0 is any free one."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError("a port is a number from 0 to 65535")
    return number


class Options(usage.Options):
    """What the simulator can be told on the command line."""

    synopsis = "[options]"
    longdesc = "Simulate the cell controller of the secondary mirror (M2)."
    optParameters = [  # noqa: RUF012  # Twisted's hook is a plain list
        ["command-port", "c", 50000, "Port for commands and events.", _port],
        ["telemetry-port", "t", 50001, "Port for telemetry.", _port],
        ["interface", "i", "127.0.0.1", "Address to listen at."],
        ["profile", "p", DEFAULT.name, f"Rules to go by: {', '.join(PROFILES)}."],
        ["seed", "s", None, "Seed of all noise, for the same bytes each time.", int],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["injections"] = []

    def opt_inject(self, text: str) -> None:
        """Let something go wrong, as NAME[:at=SECONDS][:port=PORT][:count=N][:seconds=SECONDS].

        May be given repeatedly; --list-injections tells the names.
        """
        try:
            self["injections"].append(Injection.parse(text))
        except ValueError as error:
            raise usage.UsageError(f"--inject {text}: {error}") from error

    def opt_list_injections(self) -> None:
        """List what --inject can be told, and exit."""
        for name, meaning in INJECTIONS.items():
            print(f"{name:20}{meaning}")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Check what depends on more than one word."""
        if self["profile"] not in PROFILES:
            raise usage.UsageError(f"--profile is one of {', '.join(PROFILES)}")


def controller_from_options(options: Options, reactor: IReactorTCP | None = None) -> CellController:
    """Return the controller that options describe, not started.

    What is to be injected is only announced: its times count from here.
    """
    controller = CellController(
        options["command-port"],
        options["telemetry-port"],
        options["interface"],
        profile=PROFILES[options["profile"]],
        seed=options["seed"],
        reactor=reactor,
    )
    return controller
