"""Commands: their sequence ids, and what became of them.  No bytes, no transport."""

from collections.abc import Iterator
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from .codec import STATUSES, Message
from .deadlines import Deadlines
from .enums import CommandStatus
from .errors import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
)
from .log import NamedLog, beginning_of

__all__ = ["CommandOutcome", "CommandTable", "SequenceIds"]

# The greatest 32-bit signed integer: where the original's ids start again at 1
# (protocol, section 2).
_LAST_ID = 2**31 - 1

# How many commands that nobody waits for any more are remembered, to recognise
# late replies: the controller answers 19 a second (protocol, section 3), so
# this is the better part of a minute's backlog.
_REMEMBERED = 1000


class SequenceIds:
    """The ids of a client's commands, in order and without a gap.

    The documented controller answers a gap with ``noack`` (protocol, section
    2), so an id is taken in the same turn of the reactor in which its command
    is written.

    Parameters
    ----------
    ids
        Where they come from; clients that share it share the sequence.  None:
        1, 2, 3 and so on.
    """

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        self._ids = _count_around() if ids is None else ids
        #: The id that was taken last; -1 before the first.
        self.last = -1

    def take(self) -> int:
        """Return the next id.

        Raises
        ------
        RuntimeError
            If there are no more.
        """
        try:
            self.last = next(self._ids)
        except StopIteration:
            raise RuntimeError("The sequence generator has no more ids.") from None
        return self.last


def _count_around() -> Iterator[int]:
    while True:
        yield from range(1, _LAST_ID + 1)


@dataclass(frozen=True)
class CommandOutcome:
    """What became of a command that succeeded; times are seconds of the clock."""

    #: Its name.
    command: str
    #: Its sequence id.
    sequence_id: int
    #: When it was sent.
    sent_at: float
    #: When the controller acknowledged it; None if it succeeded without.
    accepted_at: float | None
    #: When it succeeded.
    finished_at: float
    #: The message that said so.
    reply: Message

    @property
    def ack_latency(self) -> float | None:
        """Seconds from sending to acknowledgement."""
        return None if self.accepted_at is None else self.accepted_at - self.sent_at

    @property
    def latency(self) -> float:
        """Seconds from sending to success."""
        return self.finished_at - self.sent_at


@dataclass
class _Pending:
    """A command that somebody waits for."""

    command: str
    sent_at: float
    finish_by: float | None
    done: Deferred[CommandOutcome]
    accepted_at: float | None = None

    @property
    def stage(self) -> CommandStage:
        return CommandStage.SENT if self.accepted_at is None else CommandStage.ACKNOWLEDGED


@dataclass(frozen=True)
class _Past:
    """A command that nobody waits for any more, or ever did."""

    command: str
    ended_at: float
    #: How it ended, for the log; empty if nobody ever waited.
    end: str


class CommandTable:
    """The commands that await their status, by sequence id.

    A status completes the command that has its id and no other.  One that
    comes when nobody waits any more is logged and completes nothing.

    Parameters
    ----------
    clock
        Measures timeouts and latencies.
    log
        Where late and strange replies are reported.
    """

    def __init__(self, clock: IReactorTime, log: NamedLog) -> None:
        self._clock = clock
        self._log = log
        self._pending: dict[int, _Pending] = {}
        self._past: dict[int, _Past] = {}
        self._deadlines = Deadlines(clock, self._timed_out)

    def __contains__(self, sequence_id: int) -> bool:
        return sequence_id in self._pending

    def __len__(self) -> int:
        return len(self._pending)

    def add(
        self,
        command: str,
        sequence_id: int,
        ack_timeout: float | None,
        timeout: float | None,
    ) -> Deferred[CommandOutcome]:
        """Await the status of a command that was sent just now.

        Parameters
        ----------
        command
            Its name.
        sequence_id
            Its sequence id; not that of another one that waits.
        ack_timeout, timeout
            Seconds until it must be acknowledged, and finished; None: for ever.

        Returns
        -------
            Fires with the outcome or fails with a `CommandError`.  Cancelling
            it forgets who waits, not the id.
        """

        def forget(done: Deferred[CommandOutcome]) -> None:
            self._end(sequence_id, "was cancelled")

        now = self._clock.seconds()
        done: Deferred[CommandOutcome] = Deferred(forget)
        finish_by = None if timeout is None else now + timeout
        self._past.pop(sequence_id, None)
        self._pending[sequence_id] = _Pending(command, now, finish_by, done)
        limits = [limit for limit in (ack_timeout, timeout) if limit is not None]
        if limits:
            self._deadlines.set(sequence_id, now + min(limits))
        return done

    def note(self, command: str, sequence_id: int) -> None:
        """Take note of a command that was sent and that nobody waits for."""
        self._remember(sequence_id, _Past(command, self._clock.seconds(), end=""))

    def status_received(self, message: Message) -> None:
        """Complete the command that a message is the status of."""
        name = message["id"]
        status = STATUSES[name]
        sequence_id = message.get("sequence_id")
        # Not isinstance: true is no id either.
        if type(sequence_id) is not int:
            shown = beginning_of(message)
            self._log.warning("Ignored a %s without a usable sequence_id: %s", name, shown)
        elif sequence_id not in self._pending:
            self._unexpected(status, sequence_id)
        elif status is CommandStatus.Ack:
            self._acknowledged(sequence_id)
        else:
            self._finished(status, sequence_id, message)

    def connection_lost(self) -> None:
        """Fail all commands: no answer will come."""
        for sequence_id in list(self._pending):
            self._fail(sequence_id, CommandLost, "was lost with the connection")

    def _acknowledged(self, sequence_id: int) -> None:
        pending = self._pending[sequence_id]
        if pending.accepted_at is not None:
            self._log.info("A second ack for %s (%d)", pending.command, sequence_id)
            return
        pending.accepted_at = self._clock.seconds()
        if pending.finish_by is None:
            self._deadlines.discard(sequence_id)
        else:
            self._deadlines.set(sequence_id, pending.finish_by)

    def _finished(self, status: CommandStatus, sequence_id: int, message: Message) -> None:
        if status is CommandStatus.NoAck:
            self._fail(sequence_id, CommandRejected, "was rejected")
        elif status is CommandStatus.Fail:
            self._fail(sequence_id, CommandFailed, "failed")
        else:
            pending = self._end(sequence_id, "succeeded")
            pending.done.callback(
                CommandOutcome(
                    command=pending.command,
                    sequence_id=sequence_id,
                    sent_at=pending.sent_at,
                    accepted_at=pending.accepted_at,
                    finished_at=self._clock.seconds(),
                    reply=message,
                )
            )

    def _unexpected(self, status: CommandStatus, sequence_id: int) -> None:
        """Deal with a status that nobody waits for."""
        past = self._past.get(sequence_id)
        if past is None and status is CommandStatus.NoAck:
            self._reject_after_gap(sequence_id)
        elif past is None:
            self._log.info(
                "A %s for sequence id %d, which this client did not send", status.name, sequence_id
            )
        elif past.end:
            self._log.info(
                "A late %s for %s (%d), %.3f s after it %s",
                status.name,
                past.command,
                sequence_id,
                self._clock.seconds() - past.ended_at,
                past.end,
            )

    def _reject_after_gap(self, missing_id: int) -> None:
        """Reject what came after an id that the controller misses.

        That is how it reports a gap: after 1 and 3 it answers ``noack`` for 2,
        and 3 is not executed (protocol, section 2).
        """
        self._log.warning("The controller misses the command with sequence id %d", missing_id)
        for sequence_id, pending in list(self._pending.items()):
            # On the circle of ids, so that 1 comes after the last one.
            after = 0 < (sequence_id - missing_id) % _LAST_ID < _LAST_ID // 2
            if after and pending.accepted_at is None:
                self._fail(sequence_id, CommandRejected, f"came after a gap at {missing_id}")

    def _timed_out(self, sequence_id: int) -> None:
        waited = self._clock.seconds() - self._pending[sequence_id].sent_at
        self._fail(sequence_id, CommandTimeout, f"timed out after {waited:g} s")

    def _fail(self, sequence_id: int, error: type[CommandError], end: str) -> None:
        if sequence_id in self._pending:  # not if failing another had it cancelled
            pending = self._end(sequence_id, end)
            pending.done.errback(error(end, pending.command, sequence_id, pending.stage))

    def _end(self, sequence_id: int, end: str) -> _Pending:
        """Move a command from those that wait to those that are past."""
        pending = self._pending.pop(sequence_id)
        self._deadlines.discard(sequence_id)
        self._remember(sequence_id, _Past(pending.command, self._clock.seconds(), end))
        return pending

    def _remember(self, sequence_id: int, past: _Past) -> None:
        self._past.pop(sequence_id, None)
        self._past[sequence_id] = past
        if len(self._past) > _REMEMBERED:
            del self._past[next(iter(self._past))]
