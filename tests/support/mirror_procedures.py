"""All procedures of a mirror, each with arguments for a bench and a check of its result."""

import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from docs import generate_mirror
from m2com_twisted.catalogue.enums import InnerLoopControlMode, PowerType
from m2com_twisted.mirror import Report, Settings, StepRecord
from m2com_twisted.mirror.motion_proofs import MM_PER_STEP
from m2com_twisted.simulator.model.power import PowerTimes
from m2com_twisted.testing import MirrorBench, slow_power

__all__ = ["LIMITS", "PROCEDURES", "STEPS", "Sample", "begin", "prepare", "slow_bench"]

_CONFIGURATION = "Configurable_File_Description_20180831T092326_M2_handling.csv"
_HARDPOINTS = ["B5", "B15", "B25", "A1", "A3", "A5"]
_Z = 100.0
_DISPLACEMENT = 0.2

#: Seconds that the simulated controller is down when it reboots.
_REBOOT = 60.0

Told = Callable[[Report, StepRecord], object]


@dataclass(frozen=True)
class Sample:
    """A procedure with arguments.

    Attributes
    ----------
    state
        The state in which it starts: ``"off"``, ``"powered"``, ``"open"`` or ``"closed"`` loop.
    steps
        The number of its steps.
    start
        Starts the procedure on a bench, with a progress callback.
    achieved
        Returns whether the simulated mirror is in the state that a successful procedure promises.
    """

    state: str
    steps: int
    start: Callable[[MirrorBench, Told], Coroutine[Deferred[Any], Any, Report]]
    achieved: Callable[[MirrorBench], bool]


def _reboot(bench: MirrorBench, told: Told) -> Coroutine[Deferred[Any], Any, Report]:
    def bring_back() -> None:
        if not bench.controller.command_factory.open:
            Deferred.fromCoroutine(bench.start_controller())

    bench.clock.callLater(_REBOOT, bring_back)
    return bench.mirror.reboot(progress=told)


def _is_tracking(bench: MirrorBench) -> bool:
    return bench.model.motor_on and bench.model.mirror.loop_closed


def _is_disabled(bench: MirrorBench) -> bool:
    model = bench.model
    return not (model.motor_on or model.communication_on or model.mirror.loop_closed)


def _are_enabled(bench: MirrorBench) -> bool:
    """Return whether all ILCs are enabled.  The one of the first hardpoint is bypassed."""
    bypassed = bench.model.mirror.hardpoints[0]
    return all(
        mode is InnerLoopControlMode.Enabled
        for address, mode in enumerate(bench.model.ilc_modes)
        if address != bypassed
    )


def _has_offsets(b1: float) -> Callable[[MirrorBench], bool]:
    return lambda bench: list(bench.model.mirror.applied) == [b1] + [0.0] * 77


PROCEDURES = {
    "enable": Sample("off", 13, lambda b, told: b.mirror.enable(progress=told), _is_tracking),
    "disable": Sample("closed", 8, lambda b, told: b.mirror.disable(progress=told), _is_disabled),
    "enable_ilcs": Sample(
        "powered", 1, lambda b, told: b.mirror.enable_ilcs(progress=told), _are_enabled
    ),
    "move": Sample(
        "closed",
        2,
        lambda b, told: b.mirror.move(z=_Z, progress=told),
        lambda b: math.isclose(b.model.mirror.pose.z, _Z, abs_tol=1.5),
    ),
    "apply_forces": Sample(
        "closed",
        3,
        lambda b, told: b.mirror.apply_forces({"B1": 10.0}, progress=told),
        _has_offsets(10.0),
    ),
    "reset_force_offsets": Sample(
        "closed",
        1,
        lambda b, told: b.mirror.reset_force_offsets(progress=told),
        _has_offsets(0.0),
    ),
    "bump_test": Sample(
        "closed",
        4,
        lambda b, told: b.mirror.bump_test("B2", 20.0, progress=told),
        _has_offsets(0.0),
    ),
    "move_actuators": Sample(
        "open",
        2,
        lambda b, told: b.mirror.move_actuators(["B2"], _DISPLACEMENT, progress=told),
        lambda b: b.model.mirror.steps[1] == math.trunc(_DISPLACEMENT / MM_PER_STEP),
    ),
    "run_script": Sample(
        "open",
        2,
        lambda b, told: b.mirror.run_script("a.txt", progress=told),
        lambda b: b.model.script.percentage == 100,
    ),
    "reset_breakers": Sample(
        "open",
        3,
        lambda b, told: b.mirror.reset_breakers(PowerType.Motor, progress=told),
        lambda b: not b.model.power.tripped,
    ),
    "clear_faults": Sample(
        "closed",
        1,
        lambda b, told: b.mirror.clear_faults(progress=told),
        lambda b: b.model.faults.status == 0,
    ),
    "change_configuration": Sample(
        "off",
        3,
        lambda b, told: b.mirror.change_configuration(_CONFIGURATION, progress=told),
        lambda b: b.model.configuration_file == _CONFIGURATION,
    ),
    "change_hardpoints": Sample(
        "off",
        3,
        lambda b, told: b.mirror.change_hardpoints(_HARDPOINTS, progress=told),
        lambda b: b.model.mirror.hardpoints == (4, 14, 24, 72, 74, 76),
    ),
    "reboot": Sample("off", 3, _reboot, lambda b: bool(b.controller.command_factory.open)),
}

#: Each step of each procedure.
STEPS = [(name, step) for name, sample in PROCEDURES.items() for step in range(sample.steps)]


#: Motions may take two minutes.
_SETTINGS = replace(Settings(), motion_timeout=120.0)

#: Longest time of a procedure on the slow bench, in seconds: the sum of the limits of its steps,
#: and one second more for each step.  In this second the error of its last command is raised.
LIMITS = {
    procedure.name: sum(getattr(_SETTINGS, step.timeout) + 1.0 for step in procedure.steps)
    for procedure in generate_mirror.PROCEDURES
}


def slow_bench() -> MirrorBench:
    """Return a bench whose power takes 40 s, and whose motions may take two minutes."""
    bench = MirrorBench(profile=slow_power(40.0), settings=_SETTINGS)
    bench.run(bench.start())
    return bench


def prepare(bench: MirrorBench, sample: Sample) -> None:
    """Bring a mirror into the state in which a procedure starts.  Power changes are immediate."""
    if sample.state == "off":
        return
    times, bench.model.power.times = bench.model.power.times, PowerTimes()
    if sample.state == "powered":
        bench.run(bench.mirror.power(PowerType.Communication, True))
    else:
        bench.run(bench.mirror.enable(close_loop=sample.state == "closed"))
    bench.model.power.times = times


def begin(work: Coroutine[Deferred[Any], Any, Any]) -> list[Any]:
    """Start a coroutine.  Return a list that gets its result or error when it has ended."""
    outcome: list[Any] = []

    def keep(result: object) -> None:
        outcome.append(result.value if isinstance(result, Failure) else result)

    Deferred.fromCoroutine(work).addBoth(keep)
    return outcome
