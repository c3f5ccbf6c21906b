"""Bringing the mirror up and down: the steps, their order, and what is proved."""

from dataclasses import replace
from functools import partial

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from m2com_twisted.catalogue import events
from m2com_twisted.catalogue.enums import ClosedLoopControlMode, InnerLoopControlMode, PowerType
from m2com_twisted.mirror import (
    Condition,
    IlcsNotEnabledError,
    Limits,
    Mirror,
    PreconditionError,
    ProcedureCancelledError,
    ProcedureError,
    Report,
    Settings,
    StepRecord,
    StepState,
)
from m2com_twisted.mirror.preconditions import PRECONDITIONS
from m2com_twisted.testing.mirror_bench import MirrorBench
from tests.support.told_mirror import Told


def received(bench: MirrorBench) -> list[str]:
    """Return the names of the commands that the simulator has received."""
    return [message["id"].removeprefix("cmd_") for message in bench.controller.received]


def states(report: Report) -> dict[str, StepState]:
    """Return what became of each step, by its name."""
    return {step.name: step.state for step in report.steps}


def test_enable(bench: MirrorBench) -> None:
    """`enable` ends with a closed loop that was seen, and without a fault."""
    report = bench.run(bench.mirror.enable())
    assert report.succeeded
    assert bench.mirror.condition is Condition.TRACKING
    assert bench.model.mirror.loop_closed
    assert bench.model.faults.status == 0
    assert bench.mirror.state.ilcs_enabled


def test_the_order_of_enable(bench: MirrorBench) -> None:
    """Communication power comes before motor power, faults are cleared before the loop closes."""
    bench.run(bench.enable())
    names = received(bench)
    wanted = ["setEnabledFaultsMask", "switchDigitalOutput", "loadConfiguration"]
    wanted += ["setControlParameters", "power", "clearErrors", "resetForceOffsets"]
    wanted += ["setInnerLoopControlMode", "enableOpenLoopMaxLimit", "switchForceBalanceSystem"]
    assert sorted(wanted, key=names.index) == wanted
    powers = [m["powerType"] for m in bench.controller.received if m["id"] == "cmd_power"]
    assert powers == [PowerType.Communication, PowerType.Motor]


def test_enable_twice(tracking: MirrorBench) -> None:
    """A mirror that is tracking is left alone."""
    before = len(tracking.controller.received)
    report = tracking.run(tracking.mirror.enable())
    assert report.succeeded
    assert len(tracking.controller.received) == before
    assert set(states(report).values()) == {StepState.SKIPPED, StepState.DONE}


def test_enable_without_closing(bench: MirrorBench) -> None:
    """With close_loop=False, enable leaves the loop open."""
    bench.run(bench.mirror.enable(close_loop=False))
    assert bench.mirror.condition is Condition.OPEN_LOOP
    assert not bench.model.mirror.loop_closed


def test_enable_chooses_configuration_and_hardpoints() -> None:
    """`enable` chooses hardpoints and configuration of the settings before the powers are on."""
    settings = Settings(configuration_file="other.csv", hardpoints=(4, 14, 24, 72, 74, 76))
    bench = MirrorBench(settings=settings)
    bench.run(bench.start())
    bench.run(bench.enable())
    assert bench.model.configuration_file == "other.csv"
    assert bench.model.mirror.hardpoints == (4, 14, 24, 72, 74, 76)
    names = received(bench)
    assert names.index("setHardpointList") < names.index("loadConfiguration") < names.index("power")
    bench.run(bench.stop())


def test_progress(bench: MirrorBench) -> None:
    """The progress callback is called at the begin and the end of each step."""
    told: list[tuple[str, StepState]] = []

    def progress(report: Report, step: StepRecord) -> None:
        told.append((step.name, step.state))
        assert report.procedure == "enable"

    report = bench.run(bench.mirror.enable(progress=progress))
    assert told[:2] == [
        ("Control of the controller", StepState.RUNNING),
        ("Control of the controller", StepState.DONE),
    ]
    assert len(told) == 2 * len(report.steps)


def test_progress_that_fails(bench: MirrorBench) -> None:
    """A progress callback that raises is logged, and the procedure goes on."""
    report = bench.run(bench.mirror.disable(progress=lambda report, step: 1 / 0))
    assert report.succeeded
    assert len(bench.flush_errors(ZeroDivisionError)) == 2 * len(report.steps)


def test_an_actuator_in_fault_is_named(bench: MirrorBench) -> None:
    """An ILC that does not follow ends the procedure with its name; the others are enabled."""
    model = bench.model
    stuck = Stuck(model.ilc_modes, 11)
    model.ilc_modes = stuck
    with pytest.raises(ProcedureError) as caught:
        bench.run(bench.mirror.enable())
    cause = caught.value.__cause__
    assert isinstance(cause, IlcsNotEnabledError)
    assert cause.culprits == {11: "Fault"}
    assert "B12 (ModBUS 12): Fault" in str(caught.value)
    others = [mode for address, mode in enumerate(stuck) if address not in (5, 11)]
    assert set(others) == {InnerLoopControlMode.Enabled}
    assert states(caught.value.report)["ILCs enabled"] is StepState.FAILED
    assert states(caught.value.report)["Loop closed"] is StepState.WAITING


class Stuck(list[InnerLoopControlMode]):
    """Modes of ILCs, one of which stays in Fault."""

    def __init__(self, modes: list[InnerLoopControlMode], address: int) -> None:
        super().__init__(modes)
        self._address = address
        list.__setitem__(self, address, InnerLoopControlMode.Fault)

    def __setitem__(self, address: object, mode: object) -> None:
        if address != self._address:
            list.__setitem__(self, address, mode)  # type: ignore[call-overload]


def test_ilcs_that_are_enabled_are_left_alone(tracking: MirrorBench) -> None:
    """`enable_ilcs` addresses only ILCs that are not enabled, and waits only for those."""
    address = tracking.mirror.set_inner_loop_control_mode([20], InnerLoopControlMode.Fault)
    tracking.run(address)
    before = tracking.clock.seconds()
    report = tracking.run(tracking.mirror.enable_ilcs())
    assert report.sent == [
        "setInnerLoopControlMode(addresses=[20], mode=6)",
        "setInnerLoopControlMode(addresses=[20], mode=2)",
        "setInnerLoopControlMode(addresses=[20], mode=3)",
    ]
    assert tracking.clock.seconds() - before < 1.0


def test_ilcs_need_their_power(bench: MirrorBench) -> None:
    """Without communication power enable_ilcs ends at once, and sends nothing."""
    with pytest.raises(ProcedureError) as caught:
        bench.run(bench.mirror.enable_ilcs())
    assert isinstance(caught.value.__cause__, PreconditionError)
    assert list(caught.value.__cause__.unmet) == ["communication_power"]
    assert caught.value.report.sent == []


def test_a_limit_for_all_of_it(bench: MirrorBench) -> None:
    """The time limit of a whole procedure ends the step that runs then."""
    with pytest.raises(ProcedureError) as caught:
        bench.run(bench.mirror.enable(timeout=2.0))
    assert bench.clock.seconds() < 3.0
    assert "within" in caught.value.report.reason


def test_disable(tracking: MirrorBench) -> None:
    """`disable` ends with the loop open and both powers off, as seen."""
    report = tracking.run(tracking.mirror.disable())
    assert report.succeeded
    assert tracking.mirror.condition is Condition.DISABLED
    assert not tracking.model.motor_on
    assert not tracking.model.communication_on
    assert tracking.model.control_mode is ClosedLoopControlMode.Idle


def test_disable_keeps_the_communication_power(tracking: MirrorBench) -> None:
    """On request disable leaves the communication power on."""
    tracking.run(tracking.mirror.disable(communication_off=False))
    assert tracking.mirror.condition is Condition.SAFE
    assert tracking.model.communication_on


def test_disable_goes_on_after_a_failure(tracking: MirrorBench) -> None:
    """`disable` tries each step, whatever became of the step before."""
    tracking.controller.inject("missing-success", count=2)  # script, then the loop
    settings = replace(Settings(), power_timeout=5.0)
    tracking.mirror.stopService()
    tracking.mirror = type(tracking.mirror)(
        link=tracking.link, reactor=tracking.clock, settings=settings
    )
    tracking.mirror.startService()
    report = tracking.run(tracking.mirror.disable())
    assert not tracking.model.motor_on
    assert states(report)["Script stopped"] is StepState.FAILED
    assert states(report)["Loop open"] is StepState.DONE  # by its proof


def test_disable_without_telemetry(tracking: MirrorBench) -> None:
    """`disable` needs only the command port."""
    tracking.lose("telemetry")
    report = tracking.run(tracking.mirror.disable())
    assert report.succeeded
    assert not tracking.model.motor_on
    tracking.restore("telemetry")


def test_disable_without_a_connection(tracking: MirrorBench) -> None:
    """`disable` raises if the mirror is out of reach."""
    tracking.lose("command")
    tracking.advance(0.1)
    with pytest.raises(ProcedureError):
        tracking.run(tracking.mirror.disable())
    assert tracking.mirror.condition is Condition.UNKNOWN
    assert tracking.model.motor_on
    tracking.restore("command")


def test_disable_ends_enable(bench: MirrorBench) -> None:
    """`disable` cancels the other procedures, and waits for the slow command that they left."""
    errors: list[BaseException | None] = []

    def keep(failure: Failure) -> None:
        errors.append(failure.value)

    enabling: Deferred[object] = Deferred.fromCoroutine(bench.mirror.enable())
    enabling.addErrback(keep)
    bench.advance(2.0)
    assert enabling.called is False
    report = bench.run(bench.mirror.disable())
    (error,) = errors
    assert isinstance(error, ProcedureCancelledError)
    assert error.report.notes == ["cancelled by disable"]
    assert report.succeeded
    bench.advance(60.0)
    assert not bench.model.communication_on


def test_reports_print_as_a_table(bench: MirrorBench) -> None:
    """A report has a line for each step, with its state, its time and what was seen."""
    report = bench.run(bench.mirror.disable())
    lines = str(report).splitlines()
    assert lines[0] == "disable done"
    assert len(lines) > len(report.steps)
    row = next(line for line in lines if "Motor power off" in line)
    assert "done" in row
    assert "1.1 s" in row  # twice half a second, and the turn before
    assert max(map(len, lines)) <= 130


def test_override_of_an_unknown_name(bench: MirrorBench) -> None:
    """A precondition that does not exist is refused at once."""
    with pytest.raises(ValueError, match="no preconditions motor_pover"):
        bench.run(bench.mirror.enable(override=["motor_pover"]))


def test_a_fault_keeps_the_loop_open(bench: MirrorBench) -> None:
    """A fault that comes back ends the procedure at the step that clears it, with its name."""

    def come_back(event: events.SummaryFaultsStatus) -> None:
        if not event.status:
            bench.fault(6072)

    bench.mirror.subscribe(events.SummaryFaultsStatus, come_back)
    with pytest.raises(ProcedureError, match=r"Faults cleared.*6072 load sharing"):
        bench.run(bench.mirror.enable())
    assert not bench.model.mirror.loop_closed


def test_an_overridden_precondition(bench: MirrorBench) -> None:
    """A precondition that is not met can be overridden by its name; the report says so."""
    settings = Settings(enabled_faults_mask=None)
    bench.mirror.stopService()
    bench.mirror = type(bench.mirror)(link=bench.link, reactor=bench.clock, settings=settings)
    bench.mirror.startService()
    bench.run(bench.mirror.ready())
    bench.model.sensors.inclinometer_raw = 2e6
    with pytest.raises(ProcedureError, match="elevation"):
        bench.run(bench.mirror.enable())
    report = bench.run(bench.mirror.enable(override=["elevation"]))
    row = next(step for step in report.steps if step.name.startswith("Preconditions"))
    assert "overridden: elevation" in row.seen


def test_faults_can_be_overridden() -> None:
    """A fault whose cause stays keeps the loop open, unless faults are overridden by name."""
    bench = MirrorBench()
    bench.run(bench.start())

    def come_back(event: events.SummaryFaultsStatus) -> None:
        if not event.status:
            bench.fault(6072)

    bench.mirror.subscribe(events.SummaryFaultsStatus, come_back)
    report = bench.run(bench.mirror.enable(override=["faults"]))
    assert bench.model.mirror.loop_closed
    cleared = next(step for step in report.steps if step.name == "Faults cleared")
    assert "overridden: faults (6072 load sharing" in cleared.seen
    bench.run(bench.stop())


def test_an_ilc_that_no_closed_loop_needs(bench: MirrorBench) -> None:
    """The ILC of an airflow temperature may stay in Fault; the report names it."""
    bench.model.ilc_modes = Stuck(bench.model.ilc_modes, 79)
    report = bench.run(bench.mirror.enable())
    assert bench.mirror.condition is Condition.TRACKING
    row = next(step for step in report.steps if step.name == "ILCs enabled")
    assert "(ModBUS 80): Fault" in row.seen
    assert "The loop does not need them." in row.seen


def test_ilcs_can_be_overridden(bench: MirrorBench) -> None:
    """An ILC that a closed loop needs ends it, unless the ILCs are overridden by name."""
    bench.model.ilc_modes = Stuck(bench.model.ilc_modes, 83)
    with pytest.raises(ProcedureError, match=r"\(ModBUS 84\): Fault"):
        bench.run(bench.mirror.enable())
    report = bench.run(bench.mirror.enable(override=["ilcs"]))
    assert bench.model.mirror.loop_closed
    assert any("overridden: ilcs" in step.seen for step in report.steps)


def test_a_bypassed_ilc_is_left_alone(bench: MirrorBench) -> None:
    """The ILC of the first hardpoint is not addressed, in whatever mode it is."""
    (bypassed,) = (index for index in bench.model.mirror.hardpoints[:1])
    bench.model.ilc_modes = Stuck(bench.model.ilc_modes, bypassed)
    bench.run(bench.mirror.enable())
    setting = [m for m in bench.controller.received if m["id"] == "cmd_setInnerLoopControlMode"]
    assert setting
    assert not any(bypassed in message["addresses"] for message in setting)


def test_a_change_of_modes_that_fails_is_tried_again(bench: MirrorBench) -> None:
    """A command for the ILCs that is not answered, or whose answer is wrong, ends nothing."""
    settings = replace(Settings(), ilc_timeout=1.0)
    bench.mirror.stopService()
    bench.mirror = type(bench.mirror)(link=bench.link, reactor=bench.clock, settings=settings)
    bench.mirror.startService()
    bench.run(bench.mirror.power(PowerType.Communication, True))
    bench.controller.inject("wrong-id", count=3)
    report = bench.run(bench.mirror.enable_ilcs())
    assert report.succeeded
    assert bench.mirror.state.ilcs_enabled


def test_ilcs_whose_power_was_off_behind_ones_back(bench: MirrorBench) -> None:
    """The welcome repeats the modes of before: they are asked for, and then enabled."""
    bench.run(bench.mirror.power(PowerType.Communication, True))
    bench.run(bench.mirror.enable_ilcs())
    bench.lose("command")
    bench.model.ilc_modes = [InnerLoopControlMode.Standby] * 84
    bench.restore("command")
    bench.advance(60.0)
    assert bench.mirror.state.ilcs_enabled  # as the welcome has it
    report = bench.run(bench.mirror.enable_ilcs())
    assert report.sent[0].startswith("getInnerLoopControlMode")
    assert bench.model.ilc_modes.count(InnerLoopControlMode.Enabled) == 83


def test_limit_switches_after_a_loss() -> None:
    """A new client is not told which limit switches had triggered: until cleared, none is sure."""
    told = Told()
    told.reconnect_command()
    assert limit_switches(told) is None
    told.event("summaryFaultsStatus", status=0)
    assert limit_switches(told) is True
    told.event("limitSwitchStatus", retract=[0], extend=[])
    assert limit_switches(told) is False


def limit_switches(told: Told) -> bool | None:
    """Return the answer to the precondition of the limit switches."""
    parts = Mirror("unused", reactor=Clock())._parts
    return PRECONDITIONS["limit_switches"](replace(parts, state=told.state)).value


def test_the_console_has_control(tracking: MirrorBench) -> None:
    """While the console has control, enable sends nothing, and the error says who has it."""
    mirror = tracking.mirror
    tracking.run(mirror.switch_command_source(False))
    for procedure in (mirror.enable, partial(mirror.move, z=5.0)):
        with pytest.raises(ProcedureError, match="the engineering console") as caught:
            tracking.run(procedure())
        assert isinstance(caught.value.__cause__, PreconditionError)
        assert list(caught.value.__cause__.unmet) == ["commander"]
        assert caught.value.report.sent == []
    tracking.run(mirror.move(z=5.0, override=["commander"]))


def test_forces_near_the_limit_keep_the_loop_open() -> None:
    """The loop is not closed while measured forces are near their limit; the error names them."""
    bench = MirrorBench(limits=Limits(force_share=0.01))
    bench.run(bench.start())
    with pytest.raises(ProcedureError, match=r"near the limit: .*B1") as caught:
        bench.run(bench.enable())
    assert isinstance(caught.value.__cause__, PreconditionError)
    assert list(caught.value.__cause__.unmet) == ["forces"]
    assert not bench.model.mirror.loop_closed
    bench.run(bench.mirror.enable(override=["forces"]))
    bench.run(bench.stop())
