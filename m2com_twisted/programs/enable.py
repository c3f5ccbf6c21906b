"""``m2com enable``."""

from twisted.python import usage

from ..mirror import Mirror
from ..mirror.preconditions import PRECONDITIONS
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["EnableOptions"]


class EnableOptions(MirrorSubcommand):
    """Options of ``m2com enable``."""

    synopsis = "Usage: m2com enable [options]"
    longdesc = """Switch the powers on, enable the ILCs, close the loop, and check that it stays
    closed.  Each step is shown when it begins and when it ends.  The exit code is 0 if the loop is
    closed, 1 for a wrong command line, 2 for no connection, 3 if a step failed, 130 for Ctrl-C."""
    example = "m2com enable --override elevation"
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["open-loop", None, "Leave the loop open."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["override"] = []

    def opt_override(self, name: str) -> None:
        """Name of a precondition that need not hold; may be given several times."""
        if name not in PRECONDITIONS:
            known = ", ".join(PRECONDITIONS)
            raise usage.UsageError(f"there is no precondition {name!r}; there are {known}")
        self["override"].append(name)

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        await mirror.enable(
            override=self["override"],
            close_loop=not self["open-loop"],
            progress=self.progress,
        )
        terminal.say(f"the mirror: {mirror.condition.value}")
        return MirrorExitCode.DONE
