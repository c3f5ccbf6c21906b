"""``m2com move``."""

from twisted.python import usage

from ..mirror import Mirror
from ..mirror.moving import AXES
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["MoveOptions"]


class MoveOptions(MirrorSubcommand):
    """Options of ``m2com move``."""

    synopsis = "Usage: m2com move AXIS=VALUE ... [options]"
    longdesc = """Move the mirror in closed loop, and wait until it has arrived and stays there.
    The axes are x, y and z in um from home, and x_rot, y_rot and z_rot in arcsec.  Axes that are
    not given do not move.  Ctrl-C does not stop the motion.  The exit code is 0 if the mirror has
    arrived, 1 for a wrong command line, 2 for no connection, 3 if it did not arrive, 130 for
    Ctrl-C."""
    example = "m2com move z=50 x_rot=-2"

    def parseArgs(self, *assignments: str) -> None:
        """Override."""
        if not assignments:
            raise usage.UsageError("move takes a position, for example z=50")
        axes: dict[str, float] = {}
        for assignment in assignments:
            axis, equals, value = assignment.partition("=")
            if not equals or axis not in AXES or axis in axes:
                known = ", ".join(AXES)
                raise usage.UsageError(f"{assignment!r} is not one of {known}, = and a number")
            try:
                axes[axis] = float(value)
            except ValueError:
                raise usage.UsageError(f"{axis}: {value!r} is not a number") from None
        self["axes"] = axes

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        report = await mirror.move(**self["axes"], progress=self.progress)
        self.show(report)
        return MirrorExitCode.DONE
