"""A standard stream that is written without ever waiting for its reader.

The reader may be a terminal that Ctrl-S has stopped, a pager, or a process that does
not read its pipe.  A usual write waits until they read, and the reactor would stop.
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

# How much may wait to be read, in bytes: some ten thousand lines, which is more
# than anybody scrolls back.
_LIMIT = 2**20

# With more bytes than these waiting, who has much to say had better wait: enough that
# the reader always finds something to read.
_ROOM = 2**16


class Output:
    """A stream, and what waits to be taken from it.

    Parameters
    ----------
    reactor
        Tells when the stream takes more.
    stream
        The stream; None, as `sys.stdout` is where the shell has closed it, to
        write nowhere.

    Attributes
    ----------
    ended
        Fires when nothing can be written any more, with the reason:
        CONNECTION_DONE after `finish`, or what became of the reader.
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
        """Whether anything is still to be taken."""
        return self._writer is not None and self._writer.waiting > 0

    async def room(self) -> None:
        """Wait until little is still to be taken, or until nothing is taken any more."""
        while self._writer is not None and self._writer.waiting > _ROOM:
            await self._writer.progress.add()

    def write(self, text: str) -> None:
        """Write lines of text, now or when there is room for it.

        They are left out, and their number told later, where too much waits.
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
        """Take no more text; return ``ended``, which now fires when all is read."""
        if self._writer is not None:
            self._writer.loseConnection()
        elif not self.ended.called:
            self.ended.callback(CONNECTION_DONE)
        return self.ended

    def give_up(self) -> None:
        """Forget what waits."""
        if self._writer is not None:
            self._writer.abort()

    def _write_directly(self, text: str) -> None:
        """Write to an object in memory, as in tests; this never waits."""
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
        #: Bytes that are not taken yet.
        self.waiting = 0
        #: Told whenever that changes.
        self.progress = Waiters()

    def fileno(self) -> int:
        """Override."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Override: at once if there is room, so that two streams keep their order."""
        if not self.connected:
            return
        in_turn = self.waiting > 0
        self.waiting += len(data)
        written = 0 if in_turn else self.writeSomeData(data)
        # An error is left to the reactor, which meets it when it writes the rest.  So the
        # stream does not end in the middle of this call.
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
        """Override: end when all is taken, which is now if nothing waits.

        Twisted would ask first whether there is room, also where none is needed.
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
        """Override: leave the stream as it was."""
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
    """Return a descriptor of the same file that never waits.

    Returns
    -------
    descriptor
        The one to write to.
    shared
        Whether the file is shared, so that other programs do not block on it
        either until this is undone.
    """
    if os.isatty(descriptor) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        # Opened again, it is ours alone.  Otherwise the terminal would become
        # non-blocking for the shell as well, and stay so after a crash.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        with contextlib.suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", flags), False
    # A socket cannot be opened again, nor can the terminal of another user, as
    # it is after su; and not every system has /proc.
    own = os.dup(descriptor)
    was_blocking = os.get_blocking(own)
    os.set_blocking(own, False)
    return own, was_blocking
