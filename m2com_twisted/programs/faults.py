"""``m2com faults``."""

from ..mirror import LatchedFault, Mirror
from ..support.printable import printable
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["FaultsOptions"]


class FaultsOptions(MirrorSubcommand):
    """Options of ``m2com faults``."""

    synopsis = "Usage: m2com faults [options]"
    longdesc = """Show the faults and warnings that the controller reports now, each with the
    advised action.  With --clear, clear them first and check that they do not come back.  The exit
    code is 0 if there is none, 1 for a wrong command line, 2 for no connection, 3 if there are
    some, 130 for Ctrl-C."""
    example = "m2com faults --clear"
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["clear", None, "Clear them first."],
    ]

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        if self["clear"]:
            await mirror.clear_faults(progress=self.progress)
        faults = mirror.state.faults
        if not faults.is_known:
            terminal.say("the controller has not reported its faults")
            return MirrorExitCode.DONE
        for fault in faults.current:
            for line in _lines(faults.latched[fault.bit]):
                terminal.say(printable(line))
        if not faults.current:
            terminal.say("no faults")
        return MirrorExitCode.FAILED if faults.current else MirrorExitCode.DONE


def _lines(seen: LatchedFault) -> list[str]:
    fault = seen.fault
    return [f"{fault.code} {fault.severity.value}: {fault.name}", f"     {fault.advice}"]
