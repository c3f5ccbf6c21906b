"""``m2com safe``."""

from ..mirror import Mirror
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["SafeOptions"]


class SafeOptions(MirrorSubcommand):
    """Options of ``m2com safe``."""

    synopsis = "Usage: m2com safe [options]"
    longdesc = """Open the loop and switch the motors off, even if some steps fail.  It needs only
    the command port, waits for a slow earlier command, and tries again after a lost connection.
    The exit code is 0 only if the mirror was seen to be safe, 1 for a wrong command line, 4 if it
    was not seen to be safe, 130 for Ctrl-C."""
    example = "m2com safe --host 192.0.2.7"
    needs_telemetry = False

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        report = await mirror.make_safe(progress=self.progress)
        self.show(report)
        return MirrorExitCode.DONE if report.safe else MirrorExitCode.NOT_SAFE
