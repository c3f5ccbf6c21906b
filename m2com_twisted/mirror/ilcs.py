"""Enabling the ILCs.  An ILC that fails does not delay the others."""

from collections.abc import Callable

from ..catalogue import commands
from ..catalogue.actuators import ILCS
from ..catalogue.enums import InnerLoopControlMode
from ..catalogue.events import BypassedActuatorILCs
from ..errors import CommandFailed, CommandRejected, CommandTimeout
from .errors import IlcsNotEnabledError, NotVerifiedError
from .preconditions import require
from .readings import Validity
from .steps import NotNeeded, Procedure, Step

__all__ = ["EnableIlcs", "enable_ilcs"]

_Mode = InnerLoopControlMode

#: The transitions that lead to Enabled.  Each row contains the present mode, the kind of ILC
#: (True: of an actuator; False: of sensors; None: any) and the next mode.  The ILC of an actuator
#: must pass through Disabled.  The ILC of sensors need not.
_WAY_UP: tuple[tuple[_Mode, bool | None, _Mode], ...] = (
    (_Mode.Fault, None, _Mode.ClearFaults),
    (_Mode.FirmwareUpdate, None, _Mode.Standby),
    (_Mode.Standby, True, _Mode.Disabled),
    (_Mode.Standby, False, _Mode.Enabled),
    (_Mode.Disabled, False, _Mode.Enabled),
    (_Mode.Disabled, True, _Mode.Enabled),
)


async def enable_ilcs(procedure: Procedure) -> str:
    """Enable all ILCs except the bypassed ones.  Return the observation in words.

    Each command contains only the ILCs that need the change, and only these are awaited.  An
    ILC that does not change is tried again, and does not stop the others.

    Raises
    ------
    IlcsNotEnabledError
        If some ILCs are not enabled after all tries.  The error names them.
    PreconditionError
        If the communication power is not on.
    """
    require(procedure.parts, ["communication_power"])
    wanted = _wanted(procedure)
    mode_of = _modes(procedure)
    if all(mode_of(address) is _Mode.Enabled for address in wanted):
        raise NotNeeded("all are enabled already")
    for _ in range(procedure.parts.settings.ilc_tries):
        await _try_once(procedure, wanted, mode_of)
        if all(mode_of(address) is _Mode.Enabled for address in wanted):
            return f"all {len(wanted)} enabled"
    culprits = {
        address: getattr(mode_of(address), "name", "no answer")
        for address in wanted
        if mode_of(address) is not _Mode.Enabled
    }
    raise IlcsNotEnabledError(culprits)


def _wanted(procedure: Procedure) -> list[int]:
    """Return the addresses of the ILCs to be enabled."""
    event = procedure.memory.last_event(BypassedActuatorILCs)
    bypassed = set() if event is None else {number - 1 for number in event.ilcs}
    if procedure.parts.settings.bypassed_ilcs_must_be_enabled:
        bypassed = set()
    return [ilc.address for ilc in ILCS if ilc.address not in bypassed]


def _modes(procedure: Procedure) -> Callable[[int], _Mode | None]:
    """Return a function that returns the mode of an ILC, or None if it is not reliable.

    The welcome messages contain the modes that were last set or requested.  The ILCs may have
    changed since.  So a mode counts only if it came after the first acknowledgement on this
    connection.
    """
    memory = procedure.memory

    def mode_of(address: int) -> _Mode | None:
        entry = memory.ilcs.get(address)
        if entry is None or memory.ilc_validity(entry) is not Validity.FRESH:
            return None
        if memory.commanded_since is None or entry.serial < memory.commanded_since:
            return None
        mode = getattr(entry.message, "mode", None)
        return None if mode is _Mode.Unknown else mode

    return mode_of


async def _try_once(
    procedure: Procedure, wanted: list[int], mode_of: Callable[[int], _Mode | None]
) -> None:
    unknown = [address for address in wanted if mode_of(address) is None]
    if unknown:
        await _tolerant(procedure, commands.GetInnerLoopControlMode(addresses=unknown))
    for present, is_actuator, next_mode in _WAY_UP:
        addresses = [
            address
            for address in wanted
            if mode_of(address) is present and is_actuator in (None, ILCS[address].is_actuator)
        ]
        if addresses:
            command = commands.SetInnerLoopControlMode(addresses=addresses, mode=next_mode)
            await _tolerant(procedure, command)


async def _tolerant(procedure: Procedure, command: commands.Command) -> None:
    """Run a command and log its failure.  The modes show which ILCs did not change."""
    try:
        await procedure.send(command)
    except (CommandFailed, CommandRejected, CommandTimeout, NotVerifiedError) as error:
        procedure.parts.log.info("While enabling the ILCs: %s", error)


class EnableIlcs(Procedure):
    """Enable the ILCs."""

    name = "enable_ilcs"

    async def enable(self) -> str:
        """Enable all ILCs that are not bypassed."""
        return await enable_ilcs(self)

    steps = (Step("ILCs enabled", enable, "ilcs_timeout"),)
