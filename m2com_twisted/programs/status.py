"""``m2com status``."""

from ..mirror import Mirror, MirrorState
from ..support.printable import printable
from .mirror_subcommand import MirrorExitCode, MirrorSubcommand
from .terminal import Terminal

__all__ = ["StatusOptions", "status_lines"]


def status_lines(mirror: Mirror) -> list[str]:
    """Return the state of a mirror, in lines for people."""
    state = mirror.state
    rows = [
        ("mirror", mirror.condition.value),
        ("loop closed", state.loop_closed),
        ("motor power", state.motor_power),
        ("communication power", state.communication_power),
        ("interlock engaged", state.interlock_engaged),
        ("control system commands", state.commander),
        ("in position", state.in_position),
        ("ILCs enabled", state.ilcs_enabled),
        ("position", state.position),
        ("elevation", "not known" if state.elevation is None else f"{state.elevation:.2f} deg"),
        ("faults", _faults(state)),
        ("limit switches", ", ".join(f"{n} {e}" for n, e in state.limit_switches.items()) or "-"),
    ]
    return [f"{name:24} {value}" for name, value in rows]


def _faults(state: MirrorState) -> str:
    if not state.faults.is_known:
        return "not told"
    return ", ".join(f"{fault.code} {fault.name}" for fault in state.faults.current) or "none"


class StatusOptions(MirrorSubcommand):
    """Options of ``m2com status``."""

    synopsis = "Usage: m2com status [options]"
    longdesc = """Show the state of the mirror with its reasons: loop, powers, interlock,
    commander, ILCs, position, elevation, faults.  The exit code is 0, 1 for a wrong command
    line, 2 for no connection."""
    example = "m2com status --host 192.0.2.7"

    async def act(self, mirror: Mirror, terminal: Terminal) -> int:
        """Override."""
        for line in status_lines(mirror):
            terminal.say(printable(line))
        return MirrorExitCode.DONE
