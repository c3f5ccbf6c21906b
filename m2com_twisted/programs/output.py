"""A standard stream that is written without waiting for its reader.

The reader may be a terminal stopped by Ctrl-S, a pager, or a process that does
not read its pipe.  A normal write would wait until they read, and block the reactor.
"""

import contextlib
import os
import stat
from typing import TextIO

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.main import CONNECTION_DONE
from twisted.python.failure import Failure

from ..support.waiters import Waiters

__all__ = ["Output"]

# Largest number of bytes in the buffer: about ten thousand lines, more than a person would
# scroll back.
_LIMIT = 2**20

# A program with much output should wait if the buffer contains more bytes than this.  It should not
# wait earlier, so that the reader always has something to read.
_ALMOST_EMPTY = 2**16


class Output:
    """A stream with a bounded buffer.

    Parameters
    ----------
    reactor
        Reports when the stream can be written to.
    stream
        The stream.  None discards all output.  `sys.stdout` is None if the shell has
        closed it.

    Attributes
    ----------
    ended
        Fires when nothing can be written any more, with the reason:
        CONNECTION_DONE after `finish`, otherwise the error of the stream.
    """

    def __init__(self, reactor: IReactorFDSet, stream: TextIO | None) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._missing = 0
        self.ended: Deferred[BaseException] = Deferred()
        descriptor = _descriptor(stream)
        self._writer = None if descriptor is None else _Writer(reactor, descriptor, self.ended)

    @property
    def waits(self) -> bool:
        """Whether the buffer contains bytes."""
        return self._writer is not None and self._writer.waiting > 0

    async def wait_for_space(self) -> None:
        """Wait until the buffer is almost empty, or until the stream has ended."""
        while self._writer is not None and self._writer.waiting > _ALMOST_EMPTY:
            await self._writer.progress.add()

    def write(self, text: str) -> None:
        """Write lines of text, now or as soon as the stream accepts them.

        If the buffer is full, they are dropped, and their number is written later.
        """
        if self._writer is None:
            self._write_directly(text)
        elif self._writer.waiting > _LIMIT:
            self._missing += text.count("\n")
        else:
            if self._missing:
                text = f"[{self._missing} lines are missing: nobody read them]\n{text}"
                self._missing = 0
            self._writer.write(text.encode(self._encoding, "replace"))

    def finish(self) -> Deferred[BaseException]:
        """Accept no more text.  Return ``ended``, which fires when the buffer is empty."""
        if self._writer is not None:
            self._writer.loseConnection()
        elif not self.ended.called:
            self.ended.callback(CONNECTION_DONE)
        return self.ended

    def give_up(self) -> None:
        """Drop the content of the buffer."""
        if self._writer is not None:
            self._writer.abort()

    def _write_directly(self, text: str) -> None:
        """Write to an object in memory, as in tests.  This never waits."""
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


class _Writer(FileDescriptor):
    """Twisted's buffer in front of a descriptor."""

    connected = 1

    def __init__(
        self, reactor: IReactorFDSet, descriptor: int, ended: Deferred[BaseException]
    ) -> None:
        FileDescriptor.__init__(self, reactor)
        self._descriptor, self._to_be_restored = _open_without_waiting(descriptor)
        self._ended = ended
        #: Number of bytes in the buffer.
        self.waiting = 0
        #: Fired whenever that number changes.
        self.progress = Waiters()

    def fileno(self) -> int:
        """Override."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Override: write at once if possible, so that two streams keep their order."""
        if not self.connected:
            return
        in_turn = self.waiting > 0
        self.waiting += len(data)
        written = 0 if in_turn else self.writeSomeData(data)
        # The reactor finds an error when it writes the rest.  So the stream does not end
        # during this call.
        FileDescriptor.write(self, data[written:] if isinstance(written, int) else data)

    def writeSomeData(self, data: bytes) -> int | BaseException:
        """Override."""
        try:
            written = os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            return error
        self.waiting -= written
        self.progress.succeed()
        return written

    def loseConnection(self) -> None:
        """Override: end when the buffer is empty, at once if it is empty now.

        The method of Twisted would first wait until the stream accepts data, even without data.
        """
        if self.waiting:
            FileDescriptor.loseConnection(self)
        else:
            self.abort()

    def abort(self) -> None:
        """End at once."""
        if self.connected:
            self.connectionLost(Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """Override: restore the stream."""
        FileDescriptor.connectionLost(self, reason)
        self.waiting = 0
        self.progress.succeed()
        if self._to_be_restored:
            os.set_blocking(self._descriptor, True)
        os.close(self._descriptor)
        self._ended.callback(reason.value or CONNECTION_DONE)


def _descriptor(stream: TextIO | None) -> int | None:
    """Return the descriptor of a stream, if it has one."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def _open_without_waiting(descriptor: int) -> tuple[int, bool]:
    """Return a non-blocking descriptor of the same file.

    Returns
    -------
    descriptor
        The descriptor to write to.
    shared
        Whether other programs share the open file.  Then it is also non-blocking for them,
        until this is undone.
    """
    if os.isatty(descriptor) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        # A file that is opened again is not shared.  A shared terminal would become
        # non-blocking for the shell as well, and stay so after a crash.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        with contextlib.suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", flags), False
    # A socket cannot be opened again, nor can the terminal of another user, for
    # example after su.  Some systems have no /proc.
    own = os.dup(descriptor)
    was_blocking = os.get_blocking(own)
    os.set_blocking(own, False)
    return own, was_blocking
