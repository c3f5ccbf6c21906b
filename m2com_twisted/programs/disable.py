"""``m2com disable``."""

from ..mirror import Mirror
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["DisableOptions"]


class DisableOptions(MirrorSubcommand):
    """Options of ``m2com disable``."""

    synopsis = "Usage: m2com disable [options]"
    longdesc = """Open the loop and switch the powers off.  Each step is tried, even if another
    failed.  The exit code is 0 if the loop was seen open and the powers off, 1 for a wrong command
    line, 2 for no connection, 3 if an important step failed, 130 for Ctrl-C."""
    example = "m2com disable --keep-communication"
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["keep-communication", None, "Leave the communication power on."],
    ]

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        await mirror.disable(
            communication_off=not self["keep-communication"], progress=self.progress
        )
        terminal.say(f"the mirror: {mirror.condition.value}")
        return MirrorExitCode.DONE
