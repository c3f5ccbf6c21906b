"""The shortest way from connecting to a mirror that moves."""

from tests.support.memory_simulator import Console


def test_welcome_then_first_cycle() -> None:
    """A client is greeted with 99 messages, then with the fault of the start."""
    console = Console()
    assert len(console.welcome) == 99
    assert [message["id"] for message in console.wait(0.11)] == [
        "forceBalanceSystemStatus",
        "summaryFaultsStatus",
    ]


def test_unknown_command_is_noacked() -> None:
    """A name that is not registered gets noack, and nothing else."""
    assert Console().ask("moveToTheMoon") == [{"id": "noack"}]


def test_mirror_follows_the_command() -> None:
    """In closed loop the mirror moves where it is told, at about 4.85 um/s."""
    console = Console()
    console.close_loop()
    console.do("positionMirror", x=0, y=0, z=20, xRot=0, yRot=0, zRot=0)
    console.wait(2)
    assert 5 < console.model.mirror.pose.z < 12
    console.wait(4)
    assert abs(console.model.mirror.pose.z - 20) < 0.02


def test_telemetry_at_20_hz() -> None:
    """With motor power, 19 topics come 20 times a second."""
    console = Console()
    console.power_up()
    line = console.connect_telemetry()
    console.wait(1)
    assert len(line.take()) == 20 * 19
