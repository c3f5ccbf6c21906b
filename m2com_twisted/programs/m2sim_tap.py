"""The simulator as a program: ``twistd m2sim`` and ``m2com simulate``.

Both use `Options`, so they have the same options.
"""

from dataclasses import asdict
from typing import TypeVar, get_args

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT
from ..simulator.controller import CellController
from ..simulator.model.model import ServerKind
from ..simulator.model.power import PowerTimes
from ..simulator.model.profiles import DEFAULT, PROFILES
from ..simulator.ports.injection import INJECTIONS, Injection
from ..support.clock import use_monotonic_clock
from .log_carrier import LogCarrier
from .options import ProgramOptions, listening_port_number

__all__ = ["Options", "SimulatorService", "makeService"]


_T = TypeVar("_T")


def _seconds(text: str) -> float:
    """Return a number of seconds."""
    seconds = float(text)
    PowerTimes.lasting(seconds)
    return seconds


class Options(ProgramOptions):
    """Options of the simulator on the command line."""

    program = "m2sim"
    synopsis = "[options]"
    longdesc = "Simulate the cell controller of the secondary mirror (M2)."
    optParameters = [  # noqa: RUF012  # Twisted's hook is a plain list
        ["command-port", "c", COMMAND_PORT, "Port for commands and events.", listening_port_number],
        ["telemetry-port", "t", TELEMETRY_PORT, "Port for telemetry.", listening_port_number],
        ["interface", "i", "127.0.0.1", "Address to listen at."],
        ["profile", "p", DEFAULT.name, f"Rules to go by: {', '.join(PROFILES)}."],
        ["kind", "k", "CSC", f"Client that it serves: {' or '.join(get_args(ServerKind))}."],
        ["power-seconds", None, None, "Seconds that the power takes to switch.", _seconds],
        ["seed", "s", None, "Seed of all noise, for the same bytes each time.", int],
    ]

    def __init__(self) -> None:
        ProgramOptions.__init__(self)
        self["injections"] = []

    def opt_inject(self, text: str) -> None:
        """Inject a fault, as NAME[:at=SECONDS][:port=PORT][:count=N][:seconds=SECONDS].

        May be given several times; --list-injections shows the names.
        """
        try:
            self["injections"].append(Injection.parse(text))
        except ValueError as error:
            raise usage.UsageError(f"--inject {text}: {error}") from error

    def opt_list_injections(self) -> None:
        """Show the names for --inject, and exit."""
        for name, meaning in INJECTIONS.items():
            print(f"{name:20}{meaning}")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Check the options that depend on each other."""
        if self["profile"] not in PROFILES:
            raise usage.UsageError(f"--profile is one of {', '.join(PROFILES)}")
        if self["kind"] not in get_args(ServerKind):
            raise usage.UsageError(f"--kind is {' or '.join(get_args(ServerKind))}")

    def controller(self, reactor: IReactorTime | None = None) -> CellController:
        """Return a controller with these options.  It is not started."""
        return CellController(
            self["command-port"],
            self["telemetry-port"],
            self["interface"],
            profile=PROFILES[self["profile"]],
            kind=self["kind"],
            power_seconds=self["power-seconds"],
            seed=self["seed"],
            reactor=reactor,
        )

    def inject_into(self, controller: CellController) -> None:
        """Inject the faults of the options.  Their times count from now."""
        for injection in self["injections"]:
            controller.inject(**asdict(injection))


class SimulatorService(Service):
    """A simulated controller under twistd.

    Parameters
    ----------
    options
        The options.
    """

    def __init__(self, options: Options) -> None:
        self.name = "m2sim"
        self._options = options
        self.controller = options.controller()
        self._log_carrier = LogCarrier(self.controller.log)

    def listen(self) -> None:
        """Listen before the start.  Raise CannotListenError if a port is taken."""
        self._log_carrier.start()
        self.controller.listen()

    def startService(self) -> None:
        """Override: start the controller.  The errors are those of `listen`."""
        Service.startService(self)
        self.listen()
        self._options.inject_into(self.controller)

    def stopService(self) -> "Deferred[None]":
        """Stop the controller."""
        Service.stopService(self)
        stopping = Deferred.fromCoroutine(self.controller.stop())
        return stopping.addBoth(self._stop_log_carrier)

    def _stop_log_carrier(self, result: _T) -> _T:
        self._log_carrier.stop()
        return result


def makeService(options: Options) -> SimulatorService:
    """Return the service that twistd runs, which is already listening.

    So a port in use is found before twistd becomes a daemon and writes its pid
    file.  The terminal can still show the error, and nothing must be undone.

    Raises
    ------
    SystemExit
        If a port is taken.  The error is one line.
    """
    from twisted.internet import reactor

    use_monotonic_clock(reactor)
    service = SimulatorService(options)
    try:
        service.listen()
    except CannotListenError as error:
        options.refuse(error)
    return service
