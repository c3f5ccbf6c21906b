"""When a mirror says that it is ready."""

from dataclasses import replace

import pytest

from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import Condition, Validity, WaitTimeoutError
from m2com_twisted.simulator import STRICT
from m2com_twisted.testing import MirrorBench
from tests.support.fake_link import Linked
from tests.support.mirror_procedures import begin


def test_ready_after_a_loss_knows_where_the_mirror_is(tracking: MirrorBench) -> None:
    """Back on both ports, a mirror is ready when a cycle of telemetry has come on them."""
    for port in "command", "telemetry":
        tracking.controller.inject("drop", port=port)
    tracking.advance(0.1)
    lost = tracking.mirror.condition
    assert lost is Condition.UNKNOWN
    tracking.run(tracking.mirror.ready())
    state = tracking.mirror.state
    for reading in state.axial_force, state.position, state.zenith_angle:
        assert reading.validity is Validity.FRESH
    assert tracking.mirror.condition is Condition.TRACKING


def test_ready_without_a_welcome() -> None:
    """Without a welcome the ILCs are asked; what cannot be asked for is not guessed."""
    bench = MirrorBench(profile=replace(STRICT, welcome_always=False))
    bench.run(bench.start())
    bench.run(bench.mirror.power(PowerType.Communication, True))
    bench.controller.inject("drop")
    bench.advance(5.0)
    before = len(bench.controller.received)
    bench.run(bench.mirror.ready())
    asked = [message["id"] for message in bench.controller.received[before:]]
    assert asked == ["cmd_getInnerLoopControlMode"]
    assert all(reading.is_fresh for reading in bench.mirror.state.ilcs.values())
    assert bench.mirror.state.communication_power.value is None
    assert bench.mirror.condition is Condition.UNKNOWN
    bench.run(bench.stop())


def test_an_ilc_that_does_not_exist_is_no_part_of_the_welcome() -> None:
    """84 modes, one of them of an unknown address, are not those of all ILCs: they are asked."""
    linked = Linked()
    for power_type in (1, 2):
        linked.link.event("powerSystemState", powerType=power_type, status=False, state=2)
    linked.link.event("closedLoopControlMode", mode=1)
    for address in range(1, 85):
        linked.link.event("innerLoopControlMode", address=address, mode=1)
    begin(linked.mirror.ready())
    linked.clock.advance(5.0)
    assert [command[1] for command in linked.link.pending] == ["getInnerLoopControlMode"]
    linked.clock.advance(60.0)


def test_a_port_that_does_not_come(bench: MirrorBench) -> None:
    """A port that stays away is named."""
    bench.lose("telemetry")
    bench.advance(1.0)
    with pytest.raises(WaitTimeoutError, match="command port up, telemetry port down"):
        bench.run(bench.mirror.ready(timeout=5.0))
