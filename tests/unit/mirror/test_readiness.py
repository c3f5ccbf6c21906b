"""When a mirror says that it is ready."""

from m2com_twisted.mirror import Condition, Validity
from m2com_twisted.testing import MirrorBench


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
