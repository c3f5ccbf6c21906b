"""The table of the commands that wait for their answer."""

import math
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..catalogue.enums import CommandStatus
from ..errors import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
)
from ..support.log import BoundedLog, NamedLog, beginning_of
from ..wire.codec import STATUSES, Message
from .deadlines import Deadlines
from .outcome import CommandOutcome
from .past_commands import PastCommands, SentIds
from .sequence_ids import is_before

__all__ = ["CommandTable"]


@dataclass
class _Pending:
    """A command that waits for its answer."""

    command: str
    sent_at: float
    finish_by: float
    done: Deferred[CommandOutcome]
    accepted_at: float | None = None

    @property
    def stage(self) -> CommandStage:
        return CommandStage.SENT if self.accepted_at is None else CommandStage.ACKNOWLEDGED


class CommandTable:
    """The commands that await their status, by sequence id.

    A status completes only the command with its id.  A status without a waiting
    command is logged and completes nothing.

    Parameters
    ----------
    clock
        Measures timeouts and latencies.
    log
        Reports late and unexpected replies.
    """

    def __init__(self, clock: IReactorTime, log: NamedLog) -> None:
        self._clock = clock
        # A peer may send any number of unexpected statuses.
        self._log = BoundedLog(log, clock)
        self._pending: dict[int, _Pending] = {}
        self._past = PastCommands(clock, self._log)
        self._sent_ids = SentIds()
        self._deadlines = Deadlines(clock, self._timed_out)

    def __contains__(self, sequence_id: object) -> bool:
        return sequence_id in self._pending

    def __len__(self) -> int:
        return len(self._pending)

    def add(
        self,
        command: str,
        sequence_id: int,
        ack_by: float = math.inf,
        finish_by: float = math.inf,
    ) -> Deferred[CommandOutcome]:
        """Await the status of a command that is being sent.

        Parameters
        ----------
        command
            Its name.
        sequence_id
            Its sequence id, which no waiting command has.
        ack_by, finish_by
            Times by which it must be acknowledged and finished, in seconds of the
            clock.

        Returns
        -------
        outcome
            Fires with the outcome or fails with a `CommandError`.  Cancelling
            ends the waiting; the id stays known.
        """

        def forget(done: Deferred[CommandOutcome]) -> None:
            self._end(sequence_id, "was cancelled")

        done: Deferred[CommandOutcome] = Deferred(forget)
        self._sent_ids.add(sequence_id)
        self._pending[sequence_id] = _Pending(command, self._clock.seconds(), finish_by, done)
        self._set_deadline(sequence_id, min(ack_by, finish_by))
        return done

    def note(self, sequence_id: int) -> None:
        """Keep the id of a command that is sent without waiting for its answer."""
        self._sent_ids.add(sequence_id)
        self._past.forget(sequence_id)

    def withdraw(self, sequence_id: int) -> None:
        """Forget a command that could not be sent."""
        self._pending.pop(sequence_id, None)
        self._deadlines.discard(sequence_id)

    def status_received(self, message: Message) -> None:
        """Complete the command that a status belongs to."""
        name = message["id"]
        status = STATUSES[name]
        sequence_id = message.get("sequence_id")
        # Not isinstance, because a bool is no id but is an int.
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
        """Fail all commands, because no answer will come."""
        for sequence_id, pending in list(self._pending.items()):
            self._fail(sequence_id, pending, CommandLost, "was lost with the connection")

    def _acknowledged(self, sequence_id: int) -> None:
        pending = self._pending[sequence_id]
        if pending.accepted_at is not None:
            self._log.info("A second ack for %s (%d)", pending.command, sequence_id)
            return
        pending.accepted_at = self._clock.seconds()
        self._set_deadline(sequence_id, pending.finish_by)

    def _set_deadline(self, sequence_id: int, time: float) -> None:
        if time < math.inf:
            self._deadlines.set(sequence_id, time)
        else:
            self._deadlines.discard(sequence_id)

    def _finished(self, status: CommandStatus, sequence_id: int, message: Message) -> None:
        pending = self._pending[sequence_id]
        if status is CommandStatus.NoAck:
            self._fail(sequence_id, pending, CommandRejected, "was rejected", answered=True)
        elif status is CommandStatus.Fail:
            self._fail(sequence_id, pending, CommandFailed, "failed", answered=True)
        else:
            self._end(sequence_id, "succeeded", answered=True)
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
        """Handle a status without a waiting command."""
        if sequence_id in self._past:
            self._past.status_received(status, sequence_id)
        elif not self._sent_ids.lack(sequence_id):
            # Nobody waited for its command, or the command ended long ago.
            self._log.debug("A %s for sequence id %d, not waited for", status.name, sequence_id)
        elif status is CommandStatus.NoAck and self._sent_ids.only_ascend:
            self._reject_after_gap(sequence_id)
        else:
            self._log.info(
                "A %s for sequence id %d, which this client did not send", status.name, sequence_id
            )

    def _reject_after_gap(self, missing_id: int) -> None:
        """Reject the commands after an id that the controller misses.

        The controller reports a gap like this: after 1 and 3 it answers
        ``noack`` for 2, and does not execute 3 (:ref:`protocol-answers`).
        """
        self._log.warning("The controller misses the command with sequence id %d", missing_id)
        for sequence_id, pending in list(self._pending.items()):
            if is_before(missing_id, sequence_id) and pending.accepted_at is None:
                end = f"came after a gap at {missing_id}"
                self._fail(sequence_id, pending, CommandRejected, end, answered=True)

    def _timed_out(self, sequence_id: int) -> None:
        pending = self._pending[sequence_id]
        waited = self._clock.seconds() - pending.sent_at
        self._fail(sequence_id, pending, CommandTimeout, f"timed out after {waited:g} s")

    def _fail(
        self,
        sequence_id: int,
        pending: _Pending,
        error: type[CommandError],
        end: str,
        *,
        answered: bool = False,
    ) -> None:
        # The failure of another command may have cancelled this one.  Then it is gone
        # already.
        if self._pending.get(sequence_id) is pending:
            self._end(sequence_id, end, answered=answered)
            pending.done.errback(error(end, pending.command, sequence_id, pending.stage))

    def _end(self, sequence_id: int, end: str, *, answered: bool = False) -> None:
        """Move a command to the past commands."""
        pending = self._pending.pop(sequence_id)
        self._deadlines.discard(sequence_id)
        self._past.add(sequence_id, pending.command, end, answered=answered)
