"""The elevation that is fed to the controller."""

import json
import math
import time
from fractions import Fraction
from functools import partial
from numbers import Real
from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from m2com_twisted import Elevation, ElevationFeeder
from tests.support.embedded_service import Embedded


class float32:  # noqa: N801 - stands for a type of that name
    """A number of another package."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


Real.register(float32)


class Feeding:
    """A service that feeds the elevation, which the test sets."""

    def __init__(self, **options: Any) -> None:
        self.angle = 60.0
        self.measured_at: float | None = None
        self.feeder = ElevationFeeder(self.latest, **options)
        self.embedded = Embedded(elevation=self.feeder)
        self.clock = self.embedded.clock
        self.embedded.start()

    def latest(self) -> Elevation:
        """Return the angle, measured now unless the test says when."""
        measured_at = self.measured_at
        return Elevation(self.angle, self.clock.seconds() if measured_at is None else measured_at)

    def sent(self) -> list[float]:
        """Return the angles written since the last call."""
        transport = self.embedded.telemetry.last.transport
        lines = transport.value().splitlines()
        transport.clear()
        return [json.loads(line)["actualPosition"] for line in lines]


def test_sends_at_its_rate() -> None:
    """The feeder sends the newest angle as many times a second as asked for."""
    feeding = Feeding(rate=4)
    for tenth in range(8):
        feeding.angle = 60.0 + tenth
        feeding.clock.advance(0.125)
    assert feeding.sent() == [61.0, 63.0, 65.0, 67.0]


def test_line_is_what_the_controller_understands() -> None:
    """The telescope mount is named as its source."""
    feeding = Feeding()
    feeding.clock.advance(0.05)
    assert feeding.embedded.telemetry.last.transport.value() == (
        b'{"actualPosition": 60.0, "id": "tel_elevation", "compName": "MTMount"}\r\n'
    )


def test_late_reactor_sends_one_not_a_burst() -> None:
    """After a late call the feeder sends one angle, and does not make up for the others."""
    feeding = Feeding()
    feeding.clock.advance(5)
    assert feeding.sent() == [60.0]


def test_stale_source_stops_it_and_a_fresh_one_starts_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An angle too old is not sent; it says so once, and once when it is over."""
    caplog.set_level("INFO")
    feeding = Feeding(max_age=0.5)
    feeding.measured_at = 0.0
    for _ in range(40):
        feeding.clock.advance(0.05)
    assert 9 <= len(feeding.sent()) <= 10
    assert feeding.feeder.stale
    feeding.measured_at = None
    feeding.clock.advance(0.05)
    assert feeding.sent() == [60.0]
    assert caplog.text.count("No elevation is sent: the last is 0.5 s old") == 1
    assert caplog.text.count("is sent again") == 1


class Times:
    """A source that returns, or raises, what the test says, then an angle that is fine."""

    def __init__(self, *results: Any) -> None:
        self._results = list(results)
        self.feeder = ElevationFeeder(self._next)
        self.embedded = Embedded(elevation=self.feeder)
        self.embedded.start()

    def _next(self) -> Any:
        result = self._results.pop(0) if self._results else Elevation(60.0, self._now())
        if isinstance(result, BaseException):
            raise result
        return result

    def _now(self) -> float:
        return self.embedded.clock.seconds()

    def sent(self, times: int) -> list[bytes]:
        """Have it asked so many times, and return what was written."""
        for _ in range(times):
            self.embedded.clock.advance(0.05)
        written: bytes = self.embedded.telemetry.last.transport.value()
        return written.splitlines()


UNUSABLE = [
    None,
    "60",
    60.0,
    (),
    (60.0, 0.05, 1),
    *(
        (angle, 0.05)
        for angle in ("60", None, True, math.nan, math.inf, -math.inf, -0.1, 90.1, [60.0], 60j)
    ),
    *((60.0, time) for time in ("0.05", None, True, math.nan, math.inf, -math.inf)),
    (60.0, -1.0),
    (60.0, 3.0),
    (60.0, 1_700_000_000.0),
    *(
        error("no")
        for error in (ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError)
    ),
]


@pytest.mark.parametrize("result", UNUSABLE, ids=repr)
def test_what_cannot_be_sent_is_not_and_is_said_once(
    result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the source returns or raises, the feeding goes on, and one line tells it."""
    caplog.set_level("INFO")
    times = Times(*[result] * 20)
    assert times.sent(20) == []
    assert times.feeder.stale
    assert len(feeder_lines(caplog)) == 1
    assert len(times.sent(1)) == 1
    assert not times.feeder.stale
    assert [line[:25] for line in feeder_lines(caplog)] == [
        "elevation: No elevation i",
        "elevation: The elevation ",
    ]


def feeder_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of the elevation."""
    return [text for text in caplog.messages if text.startswith("elevation: ")]


def test_a_time_of_another_clock_is_said_to_be_one(caplog: pytest.LogCaptureFixture) -> None:
    """The time of day is far in the future of the right clock, which the line names."""
    times = Times((60.0, time.time()))
    assert times.sent(1) == []
    assert "time.monotonic()" in feeder_lines(caplog)[0]


@pytest.mark.parametrize("ahead", [0.9, 0.0, -0.45])
def test_a_time_about_now_is_fresh(ahead: float) -> None:
    """A time up to a second in the future, or within the allowed age, is fresh."""
    times = Times((60.0, 0.05 + ahead))
    assert len(times.sent(1)) == 1


@pytest.mark.parametrize("angle", [0.0, 90.0, 45, Fraction(91, 2), float32(44.5)])
def test_any_real_number_is_an_angle(angle: Any) -> None:
    """The bounds belong to it, and numbers of other packages become floats."""
    times = Times((angle, 0.05))
    [line] = times.sent(1)
    assert json.loads(line)["actualPosition"] == float(angle)


def test_other_bounds(caplog: pytest.LogCaptureFixture) -> None:
    """The bounds of the angle can be set, for a telescope that tips over or stays high."""
    feeding = Feeding(angles=(15.0, 165.0))
    for angle in (10.0, 15.0, 120.0, 170.0):
        feeding.angle = angle
        feeding.clock.advance(0.05)
    assert feeding.sent() == [15.0, 120.0]


def test_a_source_that_fails_now_and_then_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A source that fails every other time gives one line in ten seconds."""
    caplog.set_level("INFO")
    flapping = Feeding()
    for _ in range(1200):
        flapping.measured_at = None if flapping.measured_at == 0.0 else 0.0
        flapping.clock.advance(0.05)
    assert len(feeder_lines(caplog)) == 12
    assert len(flapping.sent()) >= 600


def test_what_goes_on_is_said_though_it_began_unsaid(caplog: pytest.LogCaptureFixture) -> None:
    """A source that fails for good, shortly after a failure that was reported, is reported."""
    caplog.set_level("INFO")
    feeding = Feeding()
    feeding.clock.pump([0.05] * 2)
    for measured_at in (-10.0, None, -10.0):
        feeding.measured_at = measured_at
        feeding.clock.advance(0.05)
    feeding.clock.pump([0.05] * 220)
    assert [text.split(":")[1] for text in feeder_lines(caplog)] == [
        " No elevation is sent",
        " The elevation is sent again",
        " No elevation is sent",
    ]


def test_a_source_may_stop_the_service() -> None:
    """After the source has stopped the service, nothing more is sent, and nothing is left."""
    embedded: Embedded

    def source() -> Elevation:
        embedded.service.stopService()
        return Elevation(60.0, embedded.clock.seconds())

    embedded = Embedded(elevation=ElevationFeeder(source))
    embedded.start()
    embedded.clock.advance(0.05)
    assert embedded.telemetry.last.transport.value() == b""
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert not embedded.clock.getDelayedCalls()


def test_a_coroutine_in_disguise_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A plain function that returns a coroutine cannot be told before; its body never runs."""

    async def elevation() -> Elevation:
        raise AssertionError("It was run.")

    times = Times(elevation())
    assert times.sent(1) == []
    assert "plain function" in feeder_lines(caplog)[0]


async def _coroutine_function() -> None: ...


@pytest.mark.parametrize("source", [None, 3, _coroutine_function, partial(_coroutine_function)])
def test_a_source_that_is_no_plain_function_is_refused(source: Any) -> None:
    """A source that is no plain function is refused when the feeder is made."""
    with pytest.raises(TypeError, match="The callback"):
        ElevationFeeder(source)


def test_old_angles_do_not_wait_for_space() -> None:
    """A peer that reads again gets only the latest angle."""
    feeding = Feeding()
    transport: Any = feeding.embedded.telemetry.last.transport
    transport.producer.pauseProducing()
    for angle in (10.0, 20.0, 30.0):
        feeding.angle = angle
        feeding.clock.advance(0.05)
    transport.producer.resumeProducing()
    assert feeding.sent() == [30.0]


def test_nothing_is_kept_for_the_next_connection() -> None:
    """Angles that could not be sent while the port was down are dropped."""
    feeding = Feeding()
    feeding.embedded.telemetry.last.lose()
    feeding.clock.advance(0.05)
    feeding.angle = 70.0
    feeding.clock.advance(1)
    feeding.embedded.telemetry.last.accept()
    assert feeding.sent() == []
    feeding.clock.advance(0.05)
    assert feeding.sent() == [70.0]


def test_stops_with_the_service() -> None:
    """The feeder stops with the service, leaves nothing on the clock, and starts again."""
    feeding = Feeding()
    embedded = feeding.embedded
    embedded.service.stopService()
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert not feeding.clock.getDelayedCalls()
    embedded.start()
    feeding.clock.advance(0.05)
    assert feeding.sent() == [60.0]


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 0},
        {"rate": math.inf},
        {"rate": math.nan},
        {"max_age": -1},
        {"max_age": math.inf},
        {"angles": (90.0, 0.0)},
        {"angles": (0.0, math.nan)},
        {"angles": (-math.inf, 90.0)},
    ],
)
def test_nonsense_is_refused(options: Any) -> None:
    """A rate or an age of nothing, or bounds that bound nothing, are the caller's error."""
    with pytest.raises(ValueError, match="must be"):
        ElevationFeeder(lambda: None, **options)
