"""Waiting until a mirror is ready: both ports are connected and its state is known."""

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

#: Seconds to wait for the first cycle after the welcome messages.  This is the time of five cycles.
#: A controller without faults may send nothing more.
_FIRST_CYCLE = 0.5


def _is_welcomed(parts: Parts) -> bool:
    """Whether the powers, the mode and the ILCs were received on this connection."""
    memory = parts.memory
    told_ilcs = [entry for entry in memory.ilcs.values() if entry.serial > memory.command_since]
    return (
        all(memory.last_power_state(power_type) is not None for power_type in PowerType)
        and memory.last_event(events.ClosedLoopControlMode) is not None
        and len(told_ilcs) == len(ILCS)
    )


async def make_ready(parts: Parts, timeout: float) -> None:
    """Wait until both ports are connected and the welcome messages have arrived.

    If they do not arrive in time, the modes of the ILCs are requested.

    Raises
    ------
    WaitTimeoutError
        If a port is not connected in time.
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
    parts.log.warning("The controller sent no welcome messages; requesting the modes of the ILCs")
    await _request_ilc_modes(parts)


async def _first_cycle(parts: Parts) -> None:
    """Wait a short time for the loop, the faults and the telemetry, which follow the welcome."""
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
    """Whether a cycle of telemetry has come on this connection."""
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


async def _request_ilc_modes(parts: Parts) -> None:
    """Request the modes of the ILCs.  There is no command to request other states."""
    addresses = [ilc.address for ilc in ILCS]
    try:
        await parts.commander.run(commands.GetInnerLoopControlMode(addresses=addresses))
    except (CommandError, NotConnectedError, NotVerifiedError) as error:
        # Without communication power the ILCs do not answer.  This is not a failure.
        parts.log.info("The modes of the ILCs could not be requested: %s", error)
