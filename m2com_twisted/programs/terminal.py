"""Stdout and stderr of a subcommand, and the size of the screen."""

import logging
import os
import shutil
from collections.abc import Callable
from typing import Any, TextIO

from twisted.internet.defer import DeferredList
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime

from ..support.printable import printable, printable_lines
from .output import Output

__all__ = ["PrintableFormatter", "Terminal"]

# Seconds to wait for the reader of the output when the program must end.  It is long enough for
# a program that reads, and short for a person whose terminal is stopped.
_GRACE = 1.0


class Terminal:
    """Writes the output of a subcommand without waiting for the reader.

    Lines may contain text from the controller.  So every character that a terminal does
    not print is escaped, including line breaks.

    Parameters
    ----------
    reactor
        The reactor.
    stdout, stderr
        The streams.  None if the shell has closed them, as in `sys`.
    lost
        Called when writing to stdout fails: its reader has ended, or the disk is full.

    Attributes
    ----------
    errors
        Stderr, for the log.
    is_lost
        Whether writing to stdout has failed.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        stdout: TextIO | None,
        stderr: TextIO | None,
        lost: Callable[[], object] = lambda: None,
    ) -> None:
        self._reactor = reactor
        self._stdout = stdout
        self._lost = lost
        streams = IReactorFDSet(reactor)
        self._output = Output(streams, stdout)
        self._output.ended.addCallback(self._note_end)
        # If both lead to the same place, one object writes both, so that lines stay in order.
        one = _are_one(stdout, stderr)
        self.errors = self._output if one else Output(streams, stderr)
        self.is_lost = False
        self._is_closing = self._is_hurried = False
        self._giving_up: IDelayedCall | None = None

    @property
    def size(self) -> os.terminal_size | None:
        """Columns and rows of the screen.  None if stdout is not a screen."""
        is_screen = self._stdout is not None and self._stdout.isatty()
        return shutil.get_terminal_size() if is_screen else None

    def say(self, line: str) -> None:
        """Write a line to stdout.  Keep it in the buffer until stdout accepts it."""
        self._output.write(printable(line) + "\n")

    async def wait_for_space(self) -> None:
        """Wait until the buffer of stdout is almost empty.  For programs with much output."""
        await self._output.wait_for_space()

    def draw(self, text: str) -> None:
        """Write text to stdout.  Drop it if older output is still in the buffer.

        Nothing is escaped, because the text may move the cursor.  Text from the controller
        must be made `printable` before.
        """
        if not self._output.waits:
            self._output.write(text)

    def show_error(self, reason: object) -> None:
        """Write an error to stderr."""
        self.errors.write(f"m2com: {printable(str(reason))}\n")

    async def close(self) -> None:
        """Wait until all output is read.  After `hurry`, wait only for a short time."""
        self._is_closing = True
        self._limit()
        await DeferredList([self._output.finish(), self.errors.finish()])
        if self._giving_up is not None and self._giving_up.active():
            self._giving_up.cancel()

    def hurry(self) -> None:
        """Make `close` wait for at most one second, also if it is called later."""
        self._is_hurried = True
        self._limit()

    def give_up(self) -> None:
        """Write nothing more, and drop the text that was not yet read."""
        self._output.give_up()
        self.errors.give_up()

    def _limit(self) -> None:
        if self._is_closing and self._is_hurried and self._giving_up is None:
            self._giving_up = self._reactor.callLater(_GRACE, self.give_up)

    def _note_end(self, reason: BaseException) -> BaseException:
        if not isinstance(reason, ConnectionDone):
            self.is_lost = True
            # A full disk is reported.  A reader that has ended needs no report.
            if isinstance(reason, OSError) and not isinstance(reason, BrokenPipeError):
                self.show_error(f"stdout: {reason.strerror}")
            self._lost()
        return reason


class PrintableFormatter(logging.Formatter):
    """Formats log records for a terminal.  It escapes unprintable characters except line breaks."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Override."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    # The type is that of the stubs of the base class.
    def formatException(self, ei: Any) -> str:
        """Override."""
        return printable_lines(super().formatException(ei))


def _are_one(first: TextIO | None, second: TextIO | None) -> bool:
    """Return whether two streams write to the same file."""
    try:
        return (
            first is not None
            and second is not None
            and os.path.sameopenfile(first.fileno(), second.fileno())
        )
    except (OSError, ValueError):
        return False  # objects in memory
