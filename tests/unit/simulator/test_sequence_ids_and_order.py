"""Sequence ids, order, pace, and how much may wait."""

import json

import pytest

from m2com_twisted.simulator import ORIGINAL, STRICT, Profile
from tests.support.memory_simulator import Console, Message

COMMAND = "saveMirrorPosition"


def command_line(sequence_id: object, name: str = COMMAND, **more: object) -> bytes:
    """Return a command's line."""
    return json.dumps({"id": f"cmd_{name}", "sequence_id": sequence_id, **more}).encode() + b"\r\n"


def answers(console: Console, *ids: object) -> list[tuple[str, object]]:
    """Send commands with these ids in one chunk; return the answers."""
    console.commands.feed(b"".join(command_line(sequence_id) for sequence_id in ids))
    return statuses(console.commands.take())


def statuses(messages: list[Message]) -> list[tuple[str, object]]:
    """Return the answers among some messages."""
    return [(m["id"], m["sequence_id"]) for m in messages if "sequence_id" in m]


def served(sequence_id: object) -> list[tuple[str, object]]:
    """Return the answers to a command that succeeds."""
    return [("ack", sequence_id), ("success", sequence_id)]


@pytest.mark.parametrize("first", [0, 1, -5, 17, 2147483647])
def test_the_first_id_is_the_clients_choice(first: int) -> None:
    """The first sequence id may be any number, and the next one must be the next number."""
    console = Console()
    following = 1 if first == 2147483647 else first + 1
    assert answers(console, first, following) == served(first) + served(following)


def test_a_gap_is_refused_by_the_missing_id() -> None:
    """After a gap the missing id gets a noack, and the command is not executed."""
    assert answers(Console(), 1, 3, 4) == [*served(1), ("noack", 2), *served(4)]


@pytest.mark.parametrize("later", [1, 0, -1, 2])
def test_going_back_is_refused_by_its_own_id(later: int) -> None:
    """A repeat or an older id changes nothing about what comes next."""
    assert answers(Console(), 1, 2, later, 3) == served(1) + served(2) + [
        ("noack", later),
        *served(3),
    ]


@pytest.mark.parametrize("odd", ["x", "", 1.5, True, False])
def test_an_id_that_is_no_number_is_refused(odd: object) -> None:
    """A sequence id that is no number is refused, echoed, and does not count."""
    assert answers(Console(), 1, odd, 2) == [*served(1), ("noack", odd), *served(2)]


def test_after_the_last_id_comes_1() -> None:
    """The id after 2147483647 is 1."""
    last = 2147483647
    assert answers(Console(), last, 1) == served(last) + served(1)
    assert answers(Console(), last, last + 1) == [*served(last), ("noack", 1)]


def test_an_unknown_command_counts() -> None:
    """An unknown command's id counts as the previous one of the next command."""
    console = Console()
    console.commands.feed(command_line(1, "nonsense") + command_line(2))
    assert statuses(console.commands.take()) == [("noack", 1), *served(2)]


def test_each_connection_begins_anew() -> None:
    """The first id of each connection is free."""
    console = Console()
    assert answers(console, 5) == served(5)
    console.commands.transport.loseConnection()
    console.commands = console.connect()
    console.commands.take()
    assert answers(console, 1) == served(1)


def test_the_original_does_not_check_ids() -> None:
    """The original echoes any sequence id, also after gaps and repeats."""
    console = Console(ORIGINAL)
    ids = [1, 3, 3, -1, "x", 1.5]
    console.commands.feed(b"".join(map(command_line, ids)))
    seen = console.commands.take() + console.wait(0.5)
    assert statuses(seen) == [answer for sequence_id in ids for answer in served(sequence_id)]


@pytest.mark.parametrize(
    ("profile", "rate"), [(ORIGINAL, 19), (STRICT, 20)], ids=["original", "strict"]
)
def test_one_command_per_interval(profile: Profile, rate: int) -> None:
    """The original executes 19 or 20 commands a second, and the first at once."""
    console = Console(profile)
    console.commands.feed(b"".join(command_line(number) for number in range(1, 61)))
    assert statuses(console.commands.take()) == served(1)
    in_a_second = statuses(console.wait(1.001))
    assert len(in_a_second) == 2 * rate
    rest = statuses(console.wait(3))
    every = [answer for number in range(2, 61) for answer in served(number)]
    assert in_a_second + rest == every


def test_answers_frame_their_events() -> None:
    """Between ack and success come the events of this command only."""
    console = Console()
    console.commands.feed(
        command_line(1, "power", powerType=2, status=True)
        + command_line(2, "enableOpenLoopMaxLimit", status=False)
        + command_line(3, "getInnerLoopControlMode", addresses=[4])
    )
    ids = [m["id"] for m in console.commands.take()]
    assert ids == [
        "ack",
        "powerSystemState",
        "powerSystemState",
        "digitalInput",
        "digitalOutput",
        "interlock",
        "openLoopMaxLimit",
        "success",
        "ack",
        "openLoopMaxLimit",
        "success",
        "ack",
        "innerLoopControlMode",
        "success",
    ]


def test_a_flood_is_paused_not_kept() -> None:
    """When 100 commands wait, reading pauses; it resumes when they are done."""
    console = Console(STRICT)
    producer = console.commands.transport
    console.commands.feed(b"".join(command_line(number) for number in range(1, 101)))
    assert producer.producerState == "producing"
    console.commands.feed(command_line(101) + command_line(102))
    assert producer.producerState == "paused"
    done = statuses(console.wait(4.9))
    assert producer.producerState == "paused"
    done += statuses(console.wait(0.3))
    assert producer.producerState == "producing"
    assert done == [answer for number in range(1, 103) for answer in served(number)]


def test_long_lines_are_paused_sooner() -> None:
    """Reading pauses when 256 KiB wait, however few lines they are."""
    console = Console(STRICT)
    console.commands.feed(command_line(1))
    for number in range(2, 5):
        assert console.commands.transport.producerState == "producing"
        console.commands.feed(command_line(number, padding="x" * 100_000))
    assert console.commands.transport.producerState == "paused"
    console.wait(0.3)
    assert console.commands.transport.producerState == "producing"


def test_a_client_that_leaves_takes_its_commands_along() -> None:
    """When a client leaves, its waiting commands are dropped and its last one is not answered."""
    console = Console(STRICT)
    console.commands.feed(
        command_line(1, "power", powerType=1, status=True)
        + command_line(2, "switchCommandSource", isRemote=False)
    )
    console.wait(1)
    console.commands.transport.loseConnection()
    console.commands = console.connect()
    console.commands.take()
    console.commands.feed(command_line(1))
    told = console.wait(2)
    assert statuses(told) == []
    told = console.wait(0.7)
    assert statuses(told) == served(1)
    assert console.model.motor_on
    assert console.model.commandable_by_dds


def test_a_client_that_leaves_while_reading_is_paused() -> None:
    """After a client that left while reading was paused, the next one is served."""
    console = Console(STRICT)
    console.commands.feed(b"".join(command_line(number) for number in range(1, 200)))
    assert console.commands.transport.producerState == "paused"
    console.commands.transport.loseConnection()
    console.commands = console.connect()
    console.wait(0.1)
    console.commands.feed(command_line(1))
    assert statuses(console.commands.take()) == served(1)
    assert console.commands.transport.producerState == "producing"
