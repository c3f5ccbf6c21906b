"""Being told of faults, and of topics that fall silent."""

from m2com_twisted.catalogue.faults import Fault
from m2com_twisted.testing import MirrorBench


def test_on_fault(bench: MirrorBench) -> None:
    """Each fault that comes up is told once, with its time and what a person should do."""
    told: list[tuple[int, float, str]] = []

    def tell(fault: Fault, first_seen: float, advice: str) -> None:
        told.append((fault.code, first_seen, advice))

    subscription = bench.mirror.on_fault(tell)
    bench.fault(6072)
    bench.advance(0.2)
    bench.fault(6078)
    bench.advance(0.2)
    assert [code for code, _, _ in told] == [6072, 6078]
    assert told[0][1] < told[1][1]
    assert all(advice for _, _, advice in told)
    subscription.cancel()


def test_first_out_of_a_closed_loop(tracking: MirrorBench) -> None:
    """A fault that opens the loop is the first, at the time at which the loop was told open."""
    tracking.fault(6056)
    tracking.advance(0.2)
    first = tracking.mirror.state.faults.first_out
    assert first is not None
    assert [fault.code for fault in first.faults] == [6056]
    assert first.opened_loop


def test_topics_that_fall_silent(bench: MirrorBench) -> None:
    """While the connection stands, silence is told with the names of the topics, and its end."""
    told: list[frozenset[str]] = []
    bench.mirror.on_silence(told.append)
    bench.advance(5.0)
    assert told == []
    bench.controller.inject("silence", port="telemetry")
    bench.advance(3.0)
    assert told == [frozenset({"powerStatusRaw", "powerStatus", "displacementSensors"})]
    bench.controller.inject("drop", port="telemetry")
    bench.advance(60.0)
    assert told[-1] == frozenset()


def test_topics_that_need_power_are_not_missed(tracking: MirrorBench) -> None:
    """When the motors are switched off, no topic counts as silent."""
    told: list[frozenset[str]] = []
    tracking.mirror.on_silence(told.append)
    tracking.run(tracking.mirror.make_safe())
    tracking.advance(5.0)
    assert told == []
