"""The table that m2com monitor shows."""

from twisted.internet.task import Clock

from m2com_twisted import ConnectionState, ControllerState, ControllerStats, Stats
from m2com_twisted.programs.board import Board

UP, DOWN = ConnectionState.CONNECTED, ConnectionState.WAITING
BOTH_UP = ControllerState(UP, UP)


def table(
    board: Board, stats: ControllerStats | None = None, state: ControllerState = BOTH_UP
) -> str:
    """Return the table as one text."""
    return "\n".join(board.lines(state, stats or ControllerStats(Stats(), Stats())))


def connected(clock: Clock) -> Board:
    """Return a board that was told that both connections stand."""
    board = Board(clock)
    board.connection_changed(BOTH_UP)
    return board


def test_connections_with_rate_age_and_what_went_wrong() -> None:
    """Each connection has its line; one that is down says why."""
    clock = Clock()
    clock.advance(10)
    stats = ControllerStats(
        Stats(message_rate=12.0, last_message_time=9.5),
        Stats(last_error=ConnectionRefusedError("refused")),
    )
    state = ControllerState(UP, DOWN)
    command, telemetry, *_ = table(Board(clock), stats, state).splitlines()
    assert " ".join(command.split()) == "command connected 12 messages/s, last 0.5 s ago"
    assert " ".join(telemetry.split()) == "telemetry waiting 0 messages/s refused"


def test_topic_has_rate_and_age() -> None:
    """A topic has its rate and the age of its last message."""
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


def test_values_of_a_service_that_is_gone_are_stale() -> None:
    """What a hub has kept is stale while no connection to the controller is up."""
    board = Board(Clock())
    board.connection_changed(ControllerState(DOWN, DOWN))
    board.telemetry({"id": "position", "x": 1.0})
    [line] = [line for line in table(board).splitlines() if "position" in line]
    assert "STALE" in line


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
    """The last events are shown newest first, one line for each kind."""
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
    """Wrong messages of a controller are shown without an error."""
    board = Board(Clock())
    board.event({"id": "summaryFaultsStatus", "status": "many"})
    board.event({"no": "id"})
    board.telemetry({"id": 5, "x": float("nan")})
    assert "faults: not reported yet" in table(board)


def test_each_power_system_has_its_line() -> None:
    """The state of both, not only of the one that was told last."""
    board = connected(Clock())
    assert "motor power: not reported yet" in table(board)
    board.event({"id": "powerSystemState", "powerType": 1, "status": True, "state": 5})
    board.event({"id": "powerSystemState", "powerType": 2, "status": True, "state": 3})
    assert "motor power: PoweredOn\n" in table(board)
    assert "communication power: PoweringOn\n" in table(board)


def test_ilcs_are_counted_by_mode() -> None:
    """All 84 ILCs are counted by mode."""
    board = connected(Clock())
    assert "ILCs: not reported yet" in table(board)
    for address in range(80):
        mode = 3 if address < 78 else 1
        board.event({"id": "innerLoopControlMode", "address": address, "mode": mode})
    assert "ILCs: 2 Standby, 78 Enabled, 4 not reported yet\n" in table(board)
    for address in range(78, 84):
        board.event({"id": "innerLoopControlMode", "address": address, "mode": 3})
    assert "ILCs: 84 Enabled\n" in table(board)


def test_what_a_lost_connection_said_is_stale() -> None:
    """After a loss, everything is stale until the next connection tells it again."""
    clock = Clock()
    board = connected(clock)
    messages = [
        {"id": "powerSystemState", "powerType": 1, "status": True, "state": 5},
        {"id": "innerLoopControlMode", "address": 0, "mode": 3},
        {"id": "summaryFaultsStatus", "status": 0},
    ]
    for message in messages:
        board.event(message)
    assert "STALE" not in table(board)
    clock.advance(12)
    assert "STALE" not in table(board)
    stats = ControllerStats(Stats(message_rate=24.0), Stats(message_rate=24.0))
    lost = table(board, stats, ControllerState(DOWN, UP))
    assert "motor power: PoweredOn  STALE: as of 12.0 s ago" in lost
    assert "ILCs: 1 Enabled, 83 not reported yet  STALE: as of 12.0 s ago" in lost
    assert "faults: none  STALE: as of 12.0 s ago" in lost
    assert "waiting         0 messages/s" in lost
    assert lost.split("last events")[1].count("STALE") == 3
    board.connection_changed(ControllerState(DOWN, UP))
    board.connection_changed(BOTH_UP)
    assert table(board).count("STALE: as of") == 3
    for message in messages:
        board.event(message)
    assert "STALE" not in table(board)


def test_a_topic_that_does_not_come_is_stale() -> None:
    """A topic is stale after two seconds, and at once after a loss."""
    clock = Clock()
    board = connected(clock)
    board.telemetry({"id": "position", "x": 1.0})
    clock.advance(1.9)
    assert "STALE" not in table(board)
    assert "STALE" in table(board, state=ControllerState(UP, DOWN))
    board.telemetry({"id": "position", "x": 1.0})
    clock.advance(2.1)
    [line] = [line for line in table(board).splitlines() if "position" in line]
    assert line.endswith("STALE")


def test_a_port_that_another_client_holds_is_named() -> None:
    """A port that connects and closes again without a byte is named as taken."""
    board = connected(Clock())
    taken = Stats(connects=3, last_error=ConnectionError("closed"))
    state = ControllerState(UP, DOWN)
    shown = table(board, ControllerStats(Stats(bytes=10, connects=1), taken), state).splitlines()
    assert "another client seems to hold the port" not in shown[0]
    assert "another client seems to hold the port" in shown[1]
    # A connection that brought something is none of these.
    stats = ControllerStats(Stats(), Stats(connects=4, bytes=10, last_error=OSError("reset")))
    assert table(board, stats, state).splitlines()[1].endswith("reset")


def test_reserved_faults_are_shown() -> None:
    """A bit that nobody knows is not hidden."""
    board = connected(Clock())
    board.event({"id": "summaryFaultsStatus", "status": 1 << 40})
    assert "1040 reserved: reserved" in table(board)
