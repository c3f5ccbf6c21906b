"""The mirror for asyncio code, where there is no asyncio: it says so, and sends nothing."""

import inspect
from collections.abc import Coroutine
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from m2com_twisted import aio
from m2com_twisted.catalogue import commands, enums, events
from m2com_twisted.testing import VirtualClock
from tests.support.fake_link import FakeLink

#: Arguments of the methods that need some.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "apply_forces": ({"B1": 1.0},),
    "bump_test": ("B1", 10.0),
    "change_configuration": ("other.csv",),
    "change_hardpoints": (["B5", "B15", "B25", "A1", "A3", "A5"],),
    "enable_open_loop_max_limit": (True,),
    "get_inner_loop_control_mode": ([1],),
    "move_actuators": (["B1"], 1.0),
    "next": (events.Interlock,),
    "power": (enums.PowerType.Motor, True),
    "reset_breakers": (enums.PowerType.Motor,),
    "run": (commands.ClearErrors(),),
    "run_script": ("a.txt",),
    "set_closed_loop_control_mode": (enums.ClosedLoopControlMode.Idle,),
    "set_configuration_file": ("other.csv",),
    "set_control_parameters": (commands.SetControlParameters(True, False, 2.0, False),),
    "set_enabled_faults_mask": (5,),
    "set_hardpoint_list": ([4, 14, 24, 72, 74, 76],),
    "set_inner_loop_control_mode": ([1], enums.InnerLoopControlMode.Standby),
    "set_temperature_offset": ([20.0] * 12,),
    "switch_command_source": (True,),
    "switch_digital_output": (
        enums.DigitalOutput.InterlockEnable,
        enums.DigitalOutputStatus.BinaryHighLevel,
    ),
    "switch_force_balance_system": (False,),
    "wait_for": (lambda state: True,),
}

METHODS = [
    name
    for name, method in inspect.getmembers(aio.Mirror, inspect.iscoroutinefunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize("name", METHODS)
def test_outside_of_asyncio(name: str) -> None:
    """Each coroutine method says what it needs where there is no asyncio, and sends nothing."""
    link = FakeLink(VirtualClock())
    mirror = aio.Mirror(link=link, reactor=link.clock)
    mirror.startService()
    work: Coroutine[Any, Any, Any] = getattr(mirror, name)(*ARGUMENTS.get(name, ()))
    failures: list[Any] = []
    Deferred.fromCoroutine(work).addErrback(failures.append)
    (failure,) = failures
    assert failure.check(RuntimeError)
    assert "aio.Mirror needs Twisted's asyncio reactor" in str(failure.value)
    assert link.pending == []
    mirror.stopService()
    assert link.clock.getDelayedCalls() == []


def test_all_methods_are_here() -> None:
    """The methods above are those that there are."""
    assert ARGUMENTS.keys() <= set(METHODS)
    assert {"make_safe", "enable", "move", "next", "ready", "power"} <= set(METHODS)
