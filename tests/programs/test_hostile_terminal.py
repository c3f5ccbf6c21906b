"""Text of a hostile controller on its way to a person's terminal."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import PATIENCE, Program, script

# It would clear the screen, set the title of the window, and fake a line.
HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n2026-11-26 INFO all is well\x9b31m\u202e\x7f"

MESSAGES = [
    {"id": HOSTILE, "value": 1},
    {"id": "config", "configuration": HOSTILE},
    {HOSTILE: HOSTILE, "id": "hostileKey"},
    {"id": "ack", "sequence_id": HOSTILE},
    {"id": "end"},
]


@pytest.fixture
def ports() -> Iterator[list[socket.socket]]:
    """Listen on two ports."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for one in listening:
        one.settimeout(PATIENCE)
    yield listening
    for one in listening:
        one.close()


def serve(ports: list[socket.socket]) -> list[socket.socket]:
    """Accept a client on each port, and send it all that is hostile."""
    connections = [port.accept()[0] for port in ports]
    for connection in connections:
        for ascii_only in (True, False):
            lines = [json.dumps(one, ensure_ascii=ascii_only).encode() for one in MESSAGES]
            connection.sendall(b"\r\n".join([*lines, b"bad " + HOSTILE.encode(), b""]))
    return connections


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["m2com", "monitor"], "hostileKey"),
        (["m2com", "monitor", "--verbose"], "hostileKey"),
        (["twistd", "-n", "m2com", "--verbose"], "without a usable sequence_id"),
    ],
    ids=["monitor", "monitor with its log", "twistd"],
)
def test_nothing_of_it_is_obeyed(
    words: list[str], shown: str, ports: list[socket.socket], tmp_path: Path
) -> None:
    """Text of a hostile controller is shown without control characters or line breaks."""
    numbers = [str(port.getsockname()[1]) for port in ports]
    options = ["-c", numbers[0], "-t", numbers[1]]
    with Program(script(words[0]), *words[1:], *options, cwd=tmp_path) as program:
        connections = serve(ports)
        program.wait_for(shown)
        program.stop()
        for connection in connections:
            connection.close()
    text = program.output
    assert all(character.isprintable() for character in text.replace("\n", "").replace("\t", ""))
    assert not any(line.startswith("2026-11-26 INFO all is well") for line in text.splitlines())
