"""What docs/recordings.rst says can be done is done."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.pages import code_blocks, text_of
from tests.support.recordings import START, Recording
from tests.support.subcommands import parsed

PAGE = "docs/recordings.rst"


def test_messages_are_read_with_the_mcap_library_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block of recordings.rst makes a row of each message, with its time."""
    recording = Recording(tmp_path / "night-1")
    recording.write(3)
    recording.stop()
    [block] = code_blocks(PAGE, "python")
    monkeypatch.chdir(tmp_path)
    [file] = (tmp_path / "night-1").iterdir()
    names: dict[str, list[dict[str, object]]] = {}
    exec(re.sub(r"m2-[0-9TZ.]+mcap", file.name, block), names)
    assert [row["number"] for row in names["rows"]] == [0, 1, 2]
    assert names["rows"][0]["time"] == START


def test_commands_of_the_page_are_right() -> None:
    """Each command line for m2com on the page is one that m2com takes."""
    blocks = "\n".join(code_blocks(PAGE, "sh")) + text_of(PAGE)
    commands = re.findall(r"^ +m2com (.*)$", blocks, re.MULTILINE)
    assert len(commands) > 5
    for command in commands:
        parsed(*shlex.split(command, comments=True))
