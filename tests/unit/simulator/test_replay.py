"""A recording played as a controller, on a Clock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from m2com_twisted.recording import Recorder
from m2com_twisted.simulator.replay import Replay
from tests.support.memory_simulator import Line


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


Play = Callable[..., Replay]


@pytest.fixture
def play() -> Iterator[Play]:
    """Return a function that makes replays; their clients leave at the end of the test."""
    replays: list[Replay] = []

    def play(recording: Path, clock: Clock, speed: float = 1.0) -> Replay:
        replays.append(Replay(recording, speed=speed, reactor=clock))
        return replays[-1]

    yield play
    for replay in replays:
        for factory in replay.command_factory, replay.telemetry_factory:
            for connection in list(factory.connections):
                connection.transport.loseConnection()


def numbers(line: Line) -> list[int]:
    """Return what came since the last call."""
    return [message["number"] for message in line.take()]


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_plays_at_its_speed(recording: Path, play: Play, speed: float) -> None:
    """Each message comes when it came, or that many times as early."""
    clock = Clock()
    replay = play(recording, clock, speed)
    command, telemetry = Line(replay.command_factory), Line(replay.telemetry_factory)
    clock.pump([0, 0])
    assert (numbers(command), numbers(telemetry)) == ([0], [])
    clock.advance(1 / speed)
    assert (numbers(command), numbers(telemetry)) == ([], [1])
    clock.pump([1 / speed] * 3)
    assert (numbers(command), numbers(telemetry)) == ([2, 4], [3])


def test_as_fast_as_it_can_go(recording: Path, play: Play) -> None:
    """Without any pause."""
    replay = play(recording, Clock(), speed=float("inf"))
    assert numbers(Line(replay.command_factory)) == [0, 2, 4, 6, 8]


def test_waits_for_a_client_that_does_not_read(recording: Path, play: Play) -> None:
    """It goes on where it was when the client reads again."""
    clock = Clock()
    replay = play(recording, clock)
    line = Line(replay.command_factory)
    line.transport.producer.pauseProducing()
    clock.pump([1] * 10)
    assert numbers(line) == [0]
    line.transport.producer.resumeProducing()
    assert numbers(line) == [2, 4, 6, 8]


def test_every_client_gets_it_from_the_start(recording: Path, play: Play) -> None:
    """One at a time; who leaves and comes back sees it all again."""
    clock = Clock()
    replay = play(recording, clock)
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


def test_refuses_commands_and_ignores_the_rest(recording: Path, play: Play) -> None:
    """A recording cannot do what it is told, and says so."""
    replay = play(recording, Clock())
    line = Line(replay.command_factory)
    line.take()
    line.feed(b'nonsense\r\n{"id": "evt_x"}\r\n{"id": "cmd_power", "sequence_id": 7}\r\n')
    assert line.take() == [{"id": "noack", "sequence_id": 7}]


def test_finished_when_both_parts_are_played(recording: Path, play: Play) -> None:
    """Then, and not before, both clients are let go."""
    clock = Clock()
    replay = play(recording, clock)
    finished = Deferred.fromCoroutine(replay.finished())
    command = Line(replay.command_factory)
    clock.pump([1] * 20)
    assert not command.closed
    telemetry = Line(replay.telemetry_factory)
    clock.pump([1] * 20)
    assert finished.called
    assert command.closed
    assert telemetry.closed


def test_clock_of_a_restarted_machine_does_not_stop_it(tmp_path: Path, play: Play) -> None:
    """Where monotonic time goes back, it goes on at once."""
    times = iter([500.0, 3.0, 4.0])
    recorder = Recorder(tmp_path, reactor=Clock(), monotonic=lambda: next(times))
    recorder.startService()
    for number in range(3):
        recorder.record("command", {"id": "x", "number": number})
    recorder.stopService()
    clock = Clock()
    line = Line(play(tmp_path, clock).command_factory)
    assert numbers(line) == [0, 1]
    clock.advance(1)
    assert numbers(line) == [2]


def test_without_a_recording_it_does_not_start(tmp_path: Path) -> None:
    """The caller hears of it, rather than each client."""
    with pytest.raises(FileNotFoundError):
        Replay(tmp_path, reactor=Clock()).start()
