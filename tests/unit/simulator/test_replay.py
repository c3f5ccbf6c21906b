"""A recording played as a controller, on a Clock."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from m2com_twisted.recording import Recorder
from m2com_twisted.simulator.replay import Replay
from tests.unit.simulator.console import Line


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Record one message a second, by turns on either connection, ten in all."""
    times = iter(range(100, 200))
    recorder = Recorder(tmp_path, reactor=Clock(), monotonic=lambda: float(next(times)))
    recorder.startService()
    for number in range(10):
        connection = "telemetry" if number % 2 else "command"
        recorder.record(connection, {"id": "x", "number": number})
    recorder.stopService()
    return tmp_path


def numbers(line: Line) -> list[int]:
    """Return what came since the last call."""
    return [message["number"] for message in line.take()]


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_plays_at_its_speed(recording: Path, speed: float) -> None:
    """Each message comes when it came, or that many times as early."""
    clock = Clock()
    replay = Replay(recording, speed=speed, reactor=clock)
    command, telemetry = Line(replay.command_factory), Line(replay.telemetry_factory)
    clock.pump([0, 0])
    assert (numbers(command), numbers(telemetry)) == ([0], [])
    clock.advance(1 / speed)
    assert (numbers(command), numbers(telemetry)) == ([], [1])
    clock.pump([1 / speed] * 3)
    assert (numbers(command), numbers(telemetry)) == ([2, 4], [3])


def test_as_fast_as_it_can_go(recording: Path) -> None:
    """Without any pause."""
    replay = Replay(recording, speed=float("inf"), reactor=Clock())
    assert numbers(Line(replay.command_factory)) == [0, 2, 4, 6, 8]


def test_waits_for_a_client_that_does_not_read(recording: Path) -> None:
    """It goes on where it was when the client reads again."""
    clock = Clock()
    replay = Replay(recording, speed=1.0, reactor=clock)
    line = Line(replay.command_factory)
    line.transport.producer.pauseProducing()
    clock.pump([1] * 10)
    assert numbers(line) == [0]
    line.transport.producer.resumeProducing()
    assert numbers(line) == [2, 4, 6, 8]


def test_every_client_gets_it_from_the_start(recording: Path) -> None:
    """One at a time; who leaves and comes back sees it all again."""
    clock = Clock()
    replay = Replay(recording, reactor=clock)
    first = Line(replay.command_factory)
    clock.advance(2)
    assert numbers(first) == [0, 2]
    assert Line(replay.command_factory).closed
    first.transport.loseConnection()
    again = Line(replay.command_factory)
    assert numbers(again) == [0]
    assert replay.played == 3
    again.transport.loseConnection()
    assert not clock.getDelayedCalls()


def test_refuses_commands_and_ignores_the_rest(recording: Path) -> None:
    """A recording cannot do what it is told, and says so."""
    replay = Replay(recording, reactor=Clock())
    line = Line(replay.command_factory)
    line.take()
    line.feed(b'nonsense\r\n{"id": "evt_x"}\r\n{"id": "cmd_power", "sequence_id": 7}\r\n')
    assert line.take() == [{"id": "noack", "sequence_id": 7}]


def test_finished_when_both_parts_are_played(recording: Path) -> None:
    """Then, and not before, both clients are let go."""
    clock = Clock()
    replay = Replay(recording, reactor=clock)
    finished = Deferred.fromCoroutine(replay.finished())
    command = Line(replay.command_factory)
    clock.pump([1] * 20)
    assert not command.closed
    telemetry = Line(replay.telemetry_factory)
    clock.pump([1] * 20)
    assert finished.called
    assert command.closed
    assert telemetry.closed


def test_clock_of_a_restarted_machine_does_not_stop_it(tmp_path: Path) -> None:
    """Where monotonic time goes back, it goes on at once."""
    times = iter([500.0, 3.0, 4.0])
    recorder = Recorder(tmp_path, reactor=Clock(), monotonic=lambda: next(times))
    recorder.startService()
    for number in range(3):
        recorder.record("command", {"id": "x", "number": number})
    recorder.stopService()
    clock = Clock()
    line = Line(Replay(tmp_path, reactor=clock).command_factory)
    assert numbers(line) == [0, 1]
    clock.advance(1)
    assert numbers(line) == [2]


def test_without_a_recording_it_does_not_start(tmp_path: Path) -> None:
    """The caller hears of it, rather than each client."""
    with pytest.raises(FileNotFoundError):
        Replay(tmp_path, reactor=Clock()).start()
