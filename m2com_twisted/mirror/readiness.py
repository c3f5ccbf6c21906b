"""When a mirror is ready: both ports up, and the welcome heard or found missing."""

import contextlib

from ..catalogue import commands, events
from ..catalogue.actuators import ILCS
from ..catalogue.enums import PowerType
from ..errors import CommandError, NotConnectedError
from .errors import NotVerifiedError, WaitTimeoutError
from .readings import Validity
from .state import MirrorState
from .steps import Parts

__all__ = ["make_ready"]

#: Seconds for what comes in the first cycle after the welcome: five cycles.  A controller
#: without faults may have nothing more to say.
_FIRST_CYCLE = 0.5


def _is_welcomed(parts: Parts) -> bool:
    """Whether the powers, the mode and the ILCs were told on this connection."""
    memory = parts.memory
    told_ilcs = [entry for entry in memory.ilcs.values() if entry.serial > memory.command_since]
    return (
        all(memory.told_power(power_type) is not None for power_type in PowerType)
        and memory.told(events.ClosedLoopControlMode) is not None
        and len(told_ilcs) == len(ILCS)
    )


async def make_ready(parts: Parts, timeout: float) -> None:
    """Wait until both ports are up and the welcome was heard; ask the ILCs if there is none.

    Raises
    ------
    WaitTimeoutError
        If a port is not up in time.
    """
    memory = parts.memory
    end = parts.clock.seconds() + timeout
    await parts.waiting.until(
        lambda: memory.command_up and memory.telemetry_up,
        "connection to both ports",
        lambda: _ports(parts),
        timeout,
    )
    left = max(0.0, end - parts.clock.seconds())
    if await _is_welcomed_in_time(parts, left):
        await _first_cycle(parts)
        return
    parts.log.warning("The controller did not say how things are; asking for what can be asked")
    await _ask(parts)


async def _first_cycle(parts: Parts) -> None:
    """Wait for what comes after the welcome, if it comes at all: loop, faults, telemetry."""
    state = parts.state
    with contextlib.suppress(WaitTimeoutError):
        await parts.waiting.until(
            lambda: (
                state.loop_closed.value is not None
                and state.faults.is_known
                and _has_telemetry(state)
            ),
            "first cycle",
            lambda: "a part of it at most",
            _FIRST_CYCLE,
        )


def _has_telemetry(state: MirrorState) -> bool:
    """Whether a cycle of telemetry has come on this connection; most needs the motor power."""
    validities = [state.power_status.validity]
    if state.motor_power.value:
        topics = state.axial_force, state.position, state.zenith_angle
        validities += [topic.validity for topic in topics]
    return all(validity is Validity.FRESH for validity in validities)


async def _is_welcomed_in_time(parts: Parts, left: float) -> bool:
    try:
        await parts.waiting.until(
            lambda: _is_welcomed(parts),
            "welcome",
            lambda: "a part of it at most",
            min(parts.settings.welcome_timeout, left),
        )
    except WaitTimeoutError:
        return False
    return True


def _ports(parts: Parts) -> str:
    up = {True: "up", False: "down"}
    memory = parts.memory
    return f"command port {up[memory.command_up]}, telemetry port {up[memory.telemetry_up]}"


async def _ask(parts: Parts) -> None:
    """Ask for the modes of the ILCs: the only thing that there is a command for."""
    addresses = [ilc.address for ilc in ILCS]
    try:
        await parts.commander.run(commands.GetInnerLoopControlMode(addresses=addresses))
    except (CommandError, NotConnectedError, NotVerifiedError) as error:
        # Without communication power they do not answer, which is no reason to fail.
        parts.log.info("The ILCs could not be asked: %s", error)
