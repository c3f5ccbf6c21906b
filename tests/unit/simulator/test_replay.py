"""A recording played as a controller, on a Clock."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from m2com_twisted.errors import RecordingError
from m2com_twisted.recording import Recorder, SegmentLimits, segments
from m2com_twisted.simulator.replay import Replay
from tests.support.memory_simulator import ClientEnd
from tests.support.recordings import Recording


def record(directory: Path, times: Iterable[float]) -> Path:
    """Record a message at each time, by turns on either connection; return the directory."""
    clock = Clock()
    recorder = Recorder(
        directory,
        reactor=clock,
        utc=lambda: round((1_700_000_000 + clock.seconds()) * 1e9),
    )
    recorder.startService()
    for number, time in enumerate(times):
        clock.advance(time - clock.seconds())
        connection = "telemetry" if number % 2 else "command"
        line = b'{"id": "x", "number": %d}' % number
        recorder.observer(connection).received(line, {"id": "x"})
        recorder.observer(connection).sent(b'{"id": "cmd_power"}')
    recorder.stopService()
    return directory


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Record one message a second, by turns on either connection, ten in all."""
    return record(tmp_path, range(10))


Play = Callable[..., Replay]


@pytest.fixture
def play() -> Iterator[Play]:
    """Return a function that makes replays; their clients leave at the end of the test."""
    replays: list[Replay] = []

    def play(
        recording: Path,
        clock: Clock,
        speed: float = 1.0,
        start: float | None = None,
        end: float | None = None,
    ) -> Replay:
        replays.append(Replay(recording, speed=speed, start=start, end=end, reactor=clock))
        return replays[-1]

    yield play
    for replay in replays:
        for factory in replay.command_factory, replay.telemetry_factory:
            for connection in list(factory.connections):
                connection.transport.loseConnection()


def numbers(connection: ClientEnd) -> list[int]:
    """Return what came since the last call."""
    return [message["number"] for message in connection.take()]


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_plays_at_its_speed(recording: Path, play: Play, speed: float) -> None:
    """Each message is sent at its recorded time, divided by the speed."""
    clock = Clock()
    replay = play(recording, clock, speed)
    command, telemetry = ClientEnd(replay.command_factory), ClientEnd(replay.telemetry_factory)
    clock.pump([0, 0])
    assert (numbers(command), numbers(telemetry)) == ([0], [])
    clock.advance(1 / speed)
    assert (numbers(command), numbers(telemetry)) == ([], [1])
    clock.pump([1 / speed] * 3)
    assert (numbers(command), numbers(telemetry)) == ([2, 4], [3])


def test_as_fast_as_it_can_go(recording: Path, play: Play) -> None:
    """With the speed max a recording is played without pauses."""
    replay = play(recording, Clock(), speed=float("inf"))
    assert numbers(ClientEnd(replay.command_factory)) == [0, 2, 4, 6, 8]


def test_waits_for_a_client_that_does_not_read(recording: Path, play: Play) -> None:
    """A replay pauses while its client does not read, and goes on where it was."""
    clock = Clock()
    replay = play(recording, clock)
    line = ClientEnd(replay.command_factory)
    line.transport.producer.pauseProducing()
    clock.pump([1] * 10)
    assert numbers(line) == [0]
    line.transport.producer.resumeProducing()
    assert numbers(line) == [2, 4, 6, 8]


def test_every_client_gets_it_from_the_start(recording: Path, play: Play) -> None:
    """Each client, also one that comes back, gets the recording from the start."""
    clock = Clock()
    replay = play(recording, clock)
    first = ClientEnd(replay.command_factory)
    clock.advance(2)
    assert numbers(first) == [0, 2]
    assert ClientEnd(replay.command_factory).closed
    first.transport.loseConnection()
    again = ClientEnd(replay.command_factory)
    assert numbers(again) == [0]
    assert replay.played == 3
    again.transport.loseConnection()
    assert not clock.getDelayedCalls()


def test_refuses_commands_and_ignores_the_rest(recording: Path, play: Play) -> None:
    """A recording cannot do what it is told, and says so."""
    replay = play(recording, Clock())
    line = ClientEnd(replay.command_factory)
    line.take()
    line.feed(b'nonsense\r\n{"id": "evt_x"}\r\n{"id": "cmd_power", "sequence_id": 7}\r\n')
    assert line.take() == [{"id": "noack", "sequence_id": 7}]


def test_finished_when_both_parts_are_played(recording: Path, play: Play) -> None:
    """A replay closes both clients when both parts are played, not before."""
    clock = Clock()
    replay = play(recording, clock)
    finished = Deferred.fromCoroutine(replay.finished())
    command = ClientEnd(replay.command_factory)
    clock.pump([1] * 20)
    assert not command.closed
    telemetry = ClientEnd(replay.telemetry_factory)
    clock.pump([1] * 20)
    assert finished.called
    assert command.closed
    assert telemetry.closed


def test_clock_that_was_set_back_does_not_stop_it(tmp_path: Path, play: Play) -> None:
    """If the recorded time goes back in the next segment, the replay goes on at once."""
    recording = Recording(tmp_path, limits=SegmentLimits(age=5))
    recording.write()
    recording.write()
    recording.step = -3600
    recording.write()
    recording.write()
    recording.stop()
    assert len(segments(tmp_path)) == 2
    clock = Clock()
    line = ClientEnd(play(tmp_path, clock).telemetry_factory)
    assert numbers(line) == [0]
    clock.pump([2, 0])
    assert numbers(line) == [1, 2]
    clock.advance(2)
    assert numbers(line) == [3]


def test_plays_a_part(recording: Path, play: Play) -> None:
    """A replay from and to a time begins at the same moment on both ports."""
    start = 1_700_000_000
    clock = Clock()
    replay = play(recording, clock, start=start + 3, end=start + 7)
    command, telemetry = ClientEnd(replay.command_factory), ClientEnd(replay.telemetry_factory)
    clock.pump([0, 0])
    assert (numbers(command), numbers(telemetry)) == ([], [3])
    clock.pump([1] * 9)
    assert (numbers(command), numbers(telemetry)) == ([4, 6], [5])


def test_a_time_of_which_there_is_nothing_is_refused(recording: Path) -> None:
    """A replay of a time without messages raises an error to the caller."""
    with pytest.raises(RecordingError, match="holds no message of that time"):
        Replay(recording, start=1_800_000_000, reactor=Clock()).start()


def test_without_a_recording_it_does_not_start(tmp_path: Path) -> None:
    """A replay without a recording raises an error to the caller."""
    with pytest.raises(FileNotFoundError):
        Replay(tmp_path, reactor=Clock()).start()
