"""The table that m2com monitor shows."""

from twisted.internet.task import Clock

from m2com_twisted import ConnectionState, ControllerState, ControllerStats, Stats
from m2com_twisted.programs.board import Board

STATE = ControllerState(ConnectionState.CONNECTED, ConnectionState.WAITING)


def table(board: Board, stats: ControllerStats | None = None) -> str:
    """Return the table as one text."""
    return "\n".join(board.lines(STATE, stats or ControllerStats(Stats(), Stats())))


def test_connections_with_rate_age_and_what_went_wrong() -> None:
    """Each connection has its line; one that is down says why."""
    clock = Clock()
    clock.advance(10)
    stats = ControllerStats(
        Stats(message_rate=12.0, last_message_time=9.5),
        Stats(last_error=ConnectionRefusedError("refused")),
    )
    command, telemetry, *_ = table(Board(clock), stats).splitlines()
    assert " ".join(command.split()) == "command connected 12 messages/s, last 0.5 s ago"
    assert " ".join(telemetry.split()) == "telemetry waiting 0 messages/s refused"


def test_topic_has_rate_and_age() -> None:
    """Twenty a second, the last one half a second ago."""
    clock = Clock()
    board = Board(clock)
    for _ in range(50):
        board.telemetry({"id": "position", "x": 1.0})
        clock.advance(0.05)
    clock.advance(0.45)
    [line] = [line for line in table(board).splitlines() if "position" in line]
    name, rate, age = line.split()
    assert (name, age) == ("position", "0.5")
    assert 17 < float(rate) < 21


def test_faults_are_named() -> None:
    """The table names faults and warnings by code and in words, and says when there are none."""
    board = Board(Clock())
    assert "faults: not reported yet" in table(board)
    board.event({"id": "summaryFaultsStatus", "status": 1 << 57 | 1 << 34})
    assert "6053 fault: controller communication" in table(board)
    assert "6052 warning: monitoring ILC read" in table(board)
    board.event({"id": "summaryFaultsStatus", "status": 0})
    assert "faults: none" in table(board)


def test_last_events_newest_first() -> None:
    """One line for each kind, as often as it may come, and no more than a screen takes."""
    clock = Clock()
    board = Board(clock)
    for number in range(20):
        board.event({"id": f"event{number}", "value": number})
        board.event({"id": "m2AssemblyInPosition", "inPosition": True})
        clock.advance(1)
    lines = table(board).split("last events")[1].splitlines()[1:]
    assert [line.split()[0] for line in lines[:3]] == ["m2AssemblyInPosition", "event19", "event18"]
    assert len(lines) == 8
    assert '{"value": 19}' in lines[1]


def test_odd_messages_do_no_harm() -> None:
    """What a controller may send by mistake is shown as it is."""
    board = Board(Clock())
    board.event({"id": "summaryFaultsStatus", "status": "many"})
    board.event({"no": "id"})
    board.telemetry({"id": 5, "x": float("nan")})
    assert "faults: not reported yet" in table(board)
