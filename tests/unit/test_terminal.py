"""What a subcommand has to say, to readers who do not read."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IWriteDescriptor
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from m2com_twisted.programs.terminal import Terminal


class Screen:
    """A terminal with a pipe for stdout and another for stderr, and those who read them."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.readers: dict[str, int] = {}
        self.streams: dict[str, TextIO] = {}
        self.losses = 0
        for name in "stdout", "stderr":
            self.readers[name], writer = os.pipe()
            self.streams[name] = os.fdopen(writer, "w")

    def replace(self, name: str, descriptor: int) -> int:
        """Have a stream lead elsewhere; return its descriptor."""
        self.streams[name].close()
        self.streams[name] = os.fdopen(descriptor, "w")
        return descriptor

    def terminal(self) -> Terminal:
        """Return a terminal on these streams."""
        return Terminal(self.reactor, **self.streams, lost=self._lost)

    def _lost(self) -> None:
        self.losses += 1

    def fill(self, name: str = "stdout") -> None:
        """Leave no space in a stream."""
        descriptor = self.streams[name].fileno()
        os.set_blocking(descriptor, False)
        try:
            while True:
                os.write(descriptor, b"#" * 2**16)
        except BlockingIOError:
            os.set_blocking(descriptor, True)

    def read(self, name: str = "stdout") -> str:
        """Read all there is, until nothing more comes, but for what `fill` has left."""
        os.set_blocking(self.readers[name], False)
        data = b""
        try:
            while chunk := os.read(self.readers[name], 2**20):
                data += chunk
                self.turn()
        except BlockingIOError:
            pass
        return data.decode().lstrip("#")

    def leave(self, name: str = "stdout") -> None:
        """Read no more, ever."""
        os.close(self.readers.pop(name))

    def turn(self) -> None:
        """Do what a reactor does with streams that have space."""
        for writer in list(self.reactor.getWriters()):
            reason = IWriteDescriptor(writer).doWrite()
            if reason is not None:
                writer.connectionLost(Failure(reason))

    def close(self) -> None:
        """Leave nothing open."""
        for stream in self.streams.values():
            stream.close()
        for name in list(self.readers):
            self.leave(name)


@pytest.fixture
def screen() -> Iterator[Screen]:
    """Return streams and their readers."""
    screen = Screen()
    yield screen
    screen.close()


def closing(terminal: Terminal) -> Deferred[None]:
    """Begin to close a terminal."""
    return Deferred.fromCoroutine(terminal.close())


def test_line_is_there_at_once(screen: Screen) -> None:
    """A line is written at once while the stream has space."""
    terminal = screen.terminal()
    terminal.say("hello")
    terminal.show_error("bad")
    assert os.read(screen.readers["stdout"], 100) == b"hello\n"
    assert os.read(screen.readers["stderr"], 100) == b"m2com: bad\n"
    assert closing(terminal).called


def test_lines_wait_for_the_reader(screen: Screen) -> None:
    """A pipe that is full makes nobody wait; all comes in order when it is read."""
    terminal = screen.terminal()
    screen.fill()
    for number in range(10_000):
        terminal.say(str(number))
    assert screen.read() == "".join(f"{number}\n" for number in range(10_000))
    assert closing(terminal).called


def test_too_many_lines_are_left_out_and_counted(screen: Screen) -> None:
    """Lines beyond the bound are dropped, and a reader that goes on is told how many."""
    terminal = screen.terminal()
    screen.fill()
    for _ in range(2000):
        terminal.say("x" * 999)
    kept = screen.read()
    assert set(kept) == {"x", "\n"}
    terminal.say("the next")
    missing = 2000 - kept.count("\n")
    assert 0 < missing < 1000
    assert screen.read() == f"[{missing} lines are missing: nobody read them]\nthe next\n"
    assert closing(terminal).called


def test_table_that_cannot_be_shown_is_left_out(screen: Screen) -> None:
    """A table that finds no space is dropped: the next one is newer."""
    terminal = screen.terminal()
    screen.fill()
    for number in range(3):
        terminal.draw(f"table {number}\n")
    assert screen.read() == "table 0\n"
    terminal.draw("table 3\n")
    assert screen.read() == "table 3\n"
    assert closing(terminal).called


def test_close_waits_until_all_is_read(screen: Screen) -> None:
    """A pager that is read slowly gets all of it."""
    terminal = screen.terminal()
    screen.fill()
    terminal.say("the end")
    closed = closing(terminal)
    screen.reactor.advance(3600)
    assert not closed.called
    assert screen.read() == "the end\n"
    assert closed.called
    assert not screen.reactor.getDelayedCalls()


@pytest.mark.parametrize("hurried_before", [False, True])
def test_close_in_a_hurry_waits_a_second(screen: Screen, hurried_before: bool) -> None:
    """Ctrl-C ends a program whose terminal stands still, before it has ended or after."""
    terminal = screen.terminal()
    screen.fill()
    screen.fill("stderr")
    terminal.say("the end")
    terminal.show_error("bad")
    if hurried_before:
        terminal.hurry()
        screen.reactor.advance(10)
    closed = closing(terminal)
    if not hurried_before:
        screen.reactor.advance(10)
        terminal.hurry()
    screen.reactor.advance(0.9)
    assert not closed.called
    screen.reactor.advance(0.1)
    assert closed.called
    assert not screen.reactor.getWriters()
    assert not terminal.is_lost


def test_given_up_it_closes_at_once(screen: Screen) -> None:
    """A terminal that is given up closes at once, and what is written later is dropped."""
    terminal = screen.terminal()
    screen.fill()
    terminal.say("the end")
    closed = closing(terminal)
    terminal.give_up()
    assert closed.called
    terminal.say("more")
    assert screen.read() == ""


def test_pipe_stays_as_it_is_for_others(screen: Screen) -> None:
    """A pipe stays blocking for other programs; only our own descriptor is not."""
    terminal = screen.terminal()
    screen.fill()
    terminal.say("hello")
    assert os.get_blocking(screen.streams["stdout"].fileno())
    terminal.give_up()


def test_socket_is_restored(screen: Screen) -> None:
    """A socket becomes non-blocking for all, and is changed back at the end."""
    ours, theirs = socket.socketpair()
    with theirs:
        screen.replace("stdout", ours.detach())
        terminal = screen.terminal()
        terminal.say("hello")
        assert not os.get_blocking(screen.streams["stdout"].fileno())
        terminal.give_up()
        assert os.get_blocking(screen.streams["stdout"].fileno())


def test_file_is_written_where_it_is_at(screen: Screen, tmp_path: Path) -> None:
    """Output to a file is appended to what others have written to it."""
    file = tmp_path / "output"
    screen.replace("stdout", os.open(file, os.O_WRONLY | os.O_CREAT))
    os.write(screen.streams["stdout"].fileno(), b"before\n")
    terminal = screen.terminal()
    terminal.say("hello")
    assert closing(terminal).called
    os.write(screen.streams["stdout"].fileno(), b"after\n")
    assert file.read_text() == "before\nhello\nafter\n"


def test_streams_that_are_one_keep_their_order(screen: Screen) -> None:
    """An error stands where it happened, though nobody read for a while."""
    screen.replace("stderr", os.dup(screen.streams["stdout"].fileno()))
    terminal = screen.terminal()
    screen.fill()
    terminal.say("one")
    terminal.show_error("two")
    terminal.say("three")
    assert screen.read() == "one\nm2com: two\nthree\n"
    assert closing(terminal).called


def test_reader_who_leaves_is_noticed(screen: Screen) -> None:
    """A reader that leaves is reported once, in the reactor's next turn."""
    terminal = screen.terminal()
    screen.leave()
    terminal.say("hello")
    terminal.say("hello")
    assert screen.losses == 0
    screen.turn()
    terminal.say("hello")
    screen.turn()
    assert screen.losses == 1
    assert terminal.is_lost
    assert closing(terminal).called
    assert screen.read("stderr") == ""


def test_reader_of_the_log_may_leave(screen: Screen) -> None:
    """When the reader of stderr leaves, stdout goes on."""
    terminal = screen.terminal()
    screen.leave("stderr")
    terminal.errors.write("a line of the log\n")
    screen.turn()
    terminal.errors.write("a line of the log\n")
    terminal.say("hello")
    assert screen.read() == "hello\n"
    assert screen.losses == 0
    assert closing(terminal).called


def test_full_disk_is_told(screen: Screen) -> None:
    """A full disk is reported on stderr, with the reason."""
    screen.replace("stdout", os.open("/dev/full", os.O_WRONLY))
    terminal = screen.terminal()
    terminal.say("hello")
    screen.turn()
    assert screen.losses == 1
    assert screen.read("stderr") == "m2com: stdout: No space left on device\n"
    assert closing(terminal).called


def test_closed_streams(screen: Screen) -> None:
    """If the shell has closed stdout and stderr, a command runs without output."""
    terminal = Terminal(screen.reactor, None, None)
    terminal.say("hello")
    terminal.show_error("bad")
    assert terminal.size is None
    assert closing(terminal).called
    assert not terminal.is_lost


def test_text_that_has_no_place_in_the_encoding(screen: Screen) -> None:
    """Text that the encoding lacks is shown as well as possible."""
    with os.fdopen(os.dup(screen.streams["stdout"].fileno()), "w", encoding="ascii") as stdout:
        terminal = Terminal(screen.reactor, stdout, None)
        terminal.say("10 µm")
        assert screen.read() == "10 ?m\n"
        assert closing(terminal).called
