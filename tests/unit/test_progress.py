"""The bar of long work: on a terminal, and nowhere else."""

import io
import sys

import pytest

from m2com_twisted.programs.progress import Progress


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Override."""
        return True


@pytest.mark.parametrize(("stream", "is_shown"), [(FakeTerminal(), True), (io.StringIO(), False)])
def test_bar_is_shown_on_a_terminal_only(
    stream: io.StringIO, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar shows the progress on a terminal, but not in a pipe or a file."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with Progress("Reading", 200) as progress:
        progress.show(50)
    assert ("Reading" in stream.getvalue()) == is_shown
    assert ("25%" in stream.getvalue()) == is_shown
