"""``m2com simulate``."""

from twisted.internet.interfaces import IReactorTime

from . import m2sim_tap as tap
from .subcommand import Subcommand, finish, until_interrupted
from .terminal import Terminal

__all__ = ["SimulateOptions"]


class SimulateOptions(Subcommand, tap.Options):
    """Options of ``m2com simulate``: the same as those of ``twistd m2sim``."""

    synopsis = "Usage: m2com simulate [options]"
    longdesc = "Simulate the cell controller until Ctrl-C."
    example = "m2com simulate --profile strict --inject drop:at=10"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, None, "The same as --interface."],
    ]
    optFlags = [["verbose", "v", "Log clients and commands."]]  # noqa: RUF012

    def __init__(self) -> None:
        tap.Options.__init__(self)

    def postOptions(self) -> None:
        """Override."""
        tap.Options.postOptions(self)
        if self["host"] is not None:
            self["interface"] = self["host"]

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        controller = self.controller(reactor)
        await controller.start()
        try:
            terminal.say(
                f"A cell controller listens on {controller.interface}:"
                f"{controller.command_port} and :{controller.telemetry_port}."
            )
            self.inject_into(controller)
            await until_interrupted()
        finally:
            await finish(controller.stop)
        return 0
