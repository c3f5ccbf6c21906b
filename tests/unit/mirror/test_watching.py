"""Being told of faults, and of topics that fall silent or come slowly."""

import logging

from twisted.internet.task import Clock

from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.catalogue.faults import Fault
from m2com_twisted.mirror import Validity
from m2com_twisted.mirror.watchdog import TopicWatchdog
from m2com_twisted.support.log import NamedLog
from m2com_twisted.testing import MirrorBench, slow_power
from tests.support.told_mirror import Told


def test_on_fault(bench: MirrorBench) -> None:
    """`on_fault` is called once for each new fault, with its time and advice."""
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


def test_topics_are_not_missed_on_the_way_up() -> None:
    """While the motor power comes on, and in the moment in which it is on, no topic is silent."""
    bench = MirrorBench(profile=slow_power(40.0))
    bench.run(bench.start())
    bench.run(bench.mirror.power(PowerType.Motor, True))
    bench.advance(5.0)
    bench.run(bench.mirror.power(PowerType.Motor, False))
    bench.advance(60.0)
    told: list[frozenset[str]] = []
    bench.mirror.on_silence(told.append)
    bench.run(bench.mirror.power(PowerType.Motor, True))
    bench.advance(5.0)
    assert told == []
    bench.run(bench.stop())


def test_a_topic_is_not_missed_when_the_connection_has_just_come() -> None:
    """Right after a reconnection no topic counts as silent."""
    told, clock = Told(), Clock()
    watchdog = TopicWatchdog(told.state, clock, NamedLog(logging.getLogger(), "mirror"))
    silent: list[frozenset[str]] = []
    watchdog.add_callback(silent.append)
    watchdog.start()
    told.position()
    told.state.telemetry_connection(False)
    told.state.telemetry_connection(True)
    clock.advance(1.0)
    told.position()
    clock.advance(1.0)
    assert silent == []
    told.now += 1.0
    clock.advance(1.0)
    clock.advance(1.0)
    assert silent == [frozenset({"position"})]
    watchdog.stop()


def test_topics_that_come_slowly() -> None:
    """A topic at less than half the rate that was measured is told by name, and so is the end."""
    told, clock = Told(), Clock()
    watchdog = TopicWatchdog(told.state, clock, NamedLog(logging.getLogger(), "mirror"))
    slow: list[frozenset[str]] = []
    watchdog.add_slow_callback(slow.append)
    watchdog.start()

    def send(period: float, seconds: float) -> None:
        for _ in range(round(seconds / period)):
            told.now += period
            told.position()
            clock.advance(period)

    send(0.05, 20.0)
    send(0.07, 10.0)
    assert slow == []
    send(0.2, 10.0)
    assert slow == [frozenset({"position"})]
    send(0.05, 10.0)
    assert slow[1:] == [frozenset()]
    watchdog.stop()


def test_a_pause_does_not_count_as_a_period() -> None:
    """After an hour without power, silence is noticed as soon as before."""
    told = Told()
    for pause in (0.05, 0.05, 0.05, 3600.0, 0.05):
        told.now += pause
        told.position()
    told.now += 0.6
    assert told.state.position.validity is Validity.OLD
