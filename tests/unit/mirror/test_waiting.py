"""Waiting for what the controller says, on the simulator in memory."""

import copy
import pickle
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import ClientClosedError
from m2com_twisted.catalogue import commands, events, telemetry
from m2com_twisted.catalogue.enums import PowerSystemState, PowerType
from m2com_twisted.mirror import WaitTimeoutError
from m2com_twisted.testing.mirror_bench import MirrorBench

MOTOR_ON = commands.Power(power_type=PowerType.Motor, status=True)


def test_next(bench: MirrorBench) -> None:
    """`next` waits for the next message of a class, and returns it."""
    before = bench.clock.seconds()
    found = bench.run(bench.mirror.next(telemetry.PowerStatus, timeout=1.0))
    assert isinstance(found, telemetry.PowerStatus)
    assert 0 < bench.clock.seconds() - before <= 0.051


def test_next_that_fits(bench: MirrorBench) -> None:
    """`next` skips messages that do not fit."""
    switching = Deferred.fromCoroutine(bench.mirror.run(MOTOR_ON))
    found = bench.run(
        bench.mirror.next(
            events.PowerSystemState, lambda event: event.state is PowerSystemState.PoweredOn
        )
    )
    assert found.power_type is PowerType.Motor
    bench.advance(1.0)
    assert switching.called


def test_next_too_late(bench: MirrorBench) -> None:
    """A timeout of next names what was waited for, and what was seen last."""
    with pytest.raises(WaitTimeoutError) as caught:
        bench.run(bench.mirror.next(events.Interlock, timeout=2.0))
    assert (caught.value.what, caught.value.timeout) == ("Interlock", 2.0)
    assert "Interlock(state=False) (fresh" in caught.value.seen
    assert "Interlock(state=False)" in str(caught.value)
    assert isinstance(caught.value, TimeoutError)


def test_the_error_copies_and_pickles() -> None:
    """The error keeps its fields when it is copied or pickled."""
    error = WaitTimeoutError("Interlock", 2.0, "nothing")
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert str(same) == str(error) == "No Interlock within 2 s; seen last: nothing."
        assert (same.what, same.timeout, same.seen) == ("Interlock", 2.0, "nothing")


def test_next_of_a_failing_function(bench: MirrorBench) -> None:
    """An error of the user's function ends next with that error."""
    with pytest.raises(ZeroDivisionError):
        bench.run(bench.mirror.next(telemetry.PowerStatus, lambda message: bool(1 / 0)))


def test_next_cancelled(bench: MirrorBench) -> None:
    """A cancelled next ends at once and leaves nothing behind."""
    waiting = Deferred.fromCoroutine(bench.mirror.next(events.Interlock, timeout=60.0))
    errors: list[object] = []
    waiting.addErrback(lambda failure: errors.append(failure.type))
    waiting.cancel()
    assert errors == [CancelledError]


def test_subscribe(bench: MirrorBench) -> None:
    """`subscribe` calls back for each message of the class, until it is cancelled."""
    seen: list[telemetry.PowerStatus] = []
    subscription = bench.mirror.subscribe(telemetry.PowerStatus, seen.append)
    bench.advance(0.5)
    count = len(seen)
    assert count in (9, 10, 11)
    subscription.cancel()
    subscription.cancel()
    bench.advance(0.5)
    assert len(seen) == count


def test_a_callback_that_fails(bench: MirrorBench) -> None:
    """A callback that raises is logged, and the others are called all the same."""
    seen: list[events.Interlock] = []
    bench.mirror.subscribe(events.Interlock, lambda event: 1 / 0)
    bench.mirror.subscribe(events.Interlock, seen.append)
    bench.run(bench.mirror.run(commands.ClearErrors()))
    assert seen
    assert "A callback failed on Interlock" in bench.flush_errors(ZeroDivisionError)[0]


def test_async_for(bench: MirrorBench) -> None:
    """Without a callback one iterates over the messages; nothing between two is missed."""

    async def first_three() -> list[events.PowerSystemState]:
        found = []
        subscription = bench.mirror.subscribe(events.PowerSystemState)
        switching = Deferred.fromCoroutine(bench.mirror.run(MOTOR_ON))
        async for event in subscription:
            found.append(event)
            await bench.sleep(5.0)
            if len(found) == 2:
                subscription.cancel()
        await switching
        return found

    states = [event.state for event in bench.run(first_three())]
    assert states == [PowerSystemState.PoweringOn, PowerSystemState.PoweredOn]


def test_async_for_that_is_too_slow(bench: MirrorBench) -> None:
    """A reader that does not keep up misses the oldest messages, and can see how many."""
    subscription = bench.mirror.subscribe(telemetry.PowerStatus)
    bench.advance(100.0)
    assert subscription.missed == pytest.approx(1000, abs=20)
    subscription.cancel()


def test_wait_for(bench: MirrorBench) -> None:
    """`wait_for` returns at the moment at which the condition becomes true."""
    Deferred.fromCoroutine(bench.mirror.run(MOTOR_ON))
    bench.run(bench.mirror.wait_for(lambda state: bool(state.motor_power)))
    assert bench.model.motor_on
    assert bench.clock.seconds() == pytest.approx(3.5, abs=0.2)
    bench.advance(1.0)


def test_wait_for_what_holds_already(bench: MirrorBench) -> None:
    """`wait_for` returns at once if the condition is true already."""
    before = bench.clock.seconds()
    bench.run(bench.mirror.wait_for(lambda state: state.motor_power.value is False))
    assert bench.clock.seconds() == before


def test_wait_for_what_must_last(bench: MirrorBench) -> None:
    """`wait_for` can wait until a condition has been true for a time without a break."""
    flickering = iter([True] * 10 + [False] + [True] * 1000)
    before = bench.clock.seconds()
    bench.run(bench.mirror.wait_for(lambda state: next(flickering), hold=1.0))
    assert bench.clock.seconds() - before > 1.0


def test_wait_for_too_late(bench: MirrorBench) -> None:
    """A timeout of wait_for names the condition waited for, and that of the mirror."""
    with pytest.raises(WaitTimeoutError, match="No motor power within 3 s; seen last: disabled"):
        bench.run(
            bench.mirror.wait_for(
                lambda state: bool(state.motor_power), timeout=3.0, what="motor power"
            )
        )


def test_all_who_wait_are_told_of_the_end(bench: MirrorBench) -> None:
    """When the mirror is stopped, all who wait get an error, and iterations end."""
    told: list[object] = []
    waiting: list[Deferred[Any]] = [
        Deferred.fromCoroutine(bench.mirror.next(events.Interlock)),
        Deferred.fromCoroutine(bench.mirror.wait_for(lambda state: False)),
    ]
    for one in waiting:
        one.addErrback(lambda failure: told.append(failure.type))

    async def iterate() -> None:
        async for _ in bench.mirror.subscribe(events.Interlock):
            pass
        told.append("ended")

    Deferred.fromCoroutine(iterate())
    bench.mirror.stopService()
    assert sorted(map(str, told)) == sorted(map(str, [ClientClosedError] * 2 + ["ended"]))
    with pytest.raises(ClientClosedError):
        bench.run(bench.mirror.next(events.Interlock))


def test_nothing_polls(bench: MirrorBench) -> None:
    """Waiting without a limit schedules no call."""
    before = len(bench.clock.getDelayedCalls())
    waiting = Deferred.fromCoroutine(bench.mirror.wait_for(lambda state: False))
    waiting.addErrback(lambda failure: failure.trap(CancelledError))
    assert len(bench.clock.getDelayedCalls()) == before
    waiting.cancel()
