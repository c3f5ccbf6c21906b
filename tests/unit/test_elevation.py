"""The elevation that is fed to the controller."""

import json
from typing import Any

import pytest

from m2com_twisted import Elevation, ElevationFeeder
from tests.support.embedded_service import Embedded


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
    """As many a second as asked for, each the newest."""
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
    """What was missed is not made up for."""
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
    assert caplog.text.count("No fresh elevation") == 1
    assert caplog.text.count("fresh again") == 1


@pytest.mark.parametrize("angle", [None, (60.0, float("nan"))])
def test_no_elevation_is_stale(angle: Any) -> None:
    """None, or an age that is not a number, is nothing to send."""
    feeder = ElevationFeeder(lambda: angle)
    embedded = Embedded(elevation=feeder)
    embedded.start()
    embedded.clock.advance(0.05)
    assert feeder.stale
    assert embedded.telemetry.last.transport.value() == b""


@pytest.mark.parametrize("result", ["60", 60.0, (float("nan"), 0.05)])
def test_bad_source_is_reported_and_asked_again(
    result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no elevation is an error in the log, not twenty a second, and no end."""
    answers = [result] * 20
    feeder = ElevationFeeder(lambda: answers.pop() if answers else Elevation(60.0, 1.0))
    embedded = Embedded(elevation=feeder)
    embedded.start()
    for _ in range(21):
        embedded.clock.advance(0.05)
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    assert b'"actualPosition": 60.0' in embedded.telemetry.last.transport.value()


def test_old_angles_do_not_wait_for_room() -> None:
    """When a peer reads again, it gets the latest angle and none before it."""
    feeding = Feeding()
    transport: Any = feeding.embedded.telemetry.last.transport
    transport.producer.pauseProducing()
    for angle in (10.0, 20.0, 30.0):
        feeding.angle = angle
        feeding.clock.advance(0.05)
    transport.producer.resumeProducing()
    assert feeding.sent() == [30.0]


def test_nothing_is_kept_for_the_next_connection() -> None:
    """What could not be sent while the port was down is forgotten."""
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
    """It leaves nothing on the clock, and starts again with it."""
    feeding = Feeding()
    embedded = feeding.embedded
    embedded.service.stopService()
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert not feeding.clock.getDelayedCalls()
    embedded.start()
    feeding.clock.advance(0.05)
    assert feeding.sent() == [60.0]


@pytest.mark.parametrize("options", [{"rate": 0}, {"max_age": -1}])
def test_nonsense_is_refused(options: Any) -> None:
    """A rate or an age of nothing is the caller's error."""
    with pytest.raises(ValueError, match="must be more than 0"):
        ElevationFeeder(lambda: None, **options)
