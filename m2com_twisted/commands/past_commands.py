"""Commands that have ended: they explain a late reply."""

from collections import OrderedDict, deque
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from ..catalogue.enums import CommandStatus
from ..support.log import NamedLog
from .sequence_ids import is_before

__all__ = ["PastCommands", "SentIds"]

# Number of remembered commands that the controller has not answered.  So many may
# be in flight, and time out, together.
_REMEMBERED_UNANSWERED = 10_000

# Number of remembered commands that the controller has answered.  They distinguish
# a repeated answer from an answer to no command.  The controller answers 19
# commands a second (protocol-answers), so this covers almost a minute.
_REMEMBERED_ANSWERED = 1000

# Number of remembered gaps.  The ids of a single client have no gaps.  If many
# clients share a generator, the commands of the others make gaps.
_REMEMBERED_GAPS = 1000


class _Past(NamedTuple):
    command: str
    ended_at: float
    # How it ended, for the log.
    end: str


class PastCommands:
    """Remembers the last commands that ended, and reports late replies to them.

    Parameters
    ----------
    clock
        Measures how late a reply is.
    log
        Reports late replies.
    """

    def __init__(self, clock: IReactorTime, log: NamedLog) -> None:
        self._clock = clock
        self._log = log
        # An OrderedDict finds its oldest key at once.  A dict takes longer, the more
        # keys were removed.
        self._unanswered: OrderedDict[int, _Past] = OrderedDict()
        self._answered: OrderedDict[int, _Past] = OrderedDict()

    def __contains__(self, sequence_id: object) -> bool:
        return sequence_id in self._unanswered or sequence_id in self._answered

    def add(self, sequence_id: int, command: str, end: str, *, answered: bool) -> None:
        """Remember a command.

        Parameters
        ----------
        sequence_id
            Its sequence id.  Only the last command with an id is remembered.
        command
            Its name.
        end
            How it ended, as the end of a sentence that begins with "it".
        answered
            Whether the controller has answered it, so that no reply should follow.
        """
        self.forget(sequence_id)
        self._remember(sequence_id, _Past(command, self._clock.seconds(), end), answered)

    def forget(self, sequence_id: int) -> None:
        """Forget a command whose id is used again."""
        self._unanswered.pop(sequence_id, None)
        self._answered.pop(sequence_id, None)

    def status_received(self, status: CommandStatus, sequence_id: int) -> None:
        """Report the status of a command that is known."""
        past = self._unanswered.pop(sequence_id, None)
        if past is not None:
            self._remember(sequence_id, past, answered=status is not CommandStatus.Ack)
        else:
            past = self._answered[sequence_id]
        self._log.info(
            "A late %s for %s (%d), %.3f s after it %s",
            status.name,
            past.command,
            sequence_id,
            self._clock.seconds() - past.ended_at,
            past.end,
        )

    def _remember(self, sequence_id: int, past: _Past, answered: bool) -> None:
        memory = self._answered if answered else self._unanswered
        memory[sequence_id] = past
        if len(memory) > (_REMEMBERED_ANSWERED if answered else _REMEMBERED_UNANSWERED):
            memory.popitem(last=False)


class SentIds:
    """Records which ids were never sent.  It stores only the gaps."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last = 0
        #: Whether each id so far came after the one before; see `is_before`.  If a
        #: generator goes back, wraps early or repeats itself, the ids do not show
        #: the order of sending.
        self.only_ascend = True
        # The last id before each gap, and the first id after it.
        self._gaps: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_GAPS)

    def add(self, sequence_id: int) -> None:
        """Record an id that is sent."""
        if self._first is None:
            self._first = self._last = sequence_id
        elif is_before(self._last, sequence_id):
            if is_before(self._last + 1, sequence_id):
                self._gaps.append((self._last, sequence_id))
            self._last = sequence_id
        else:
            self.only_ascend = False

    def lack(self, sequence_id: int) -> bool:
        """Return whether an id was never sent."""
        return (
            self._first is None
            or is_before(sequence_id, self._first)
            or is_before(self._last, sequence_id)
            or any(
                is_before(before, sequence_id) and is_before(sequence_id, after)
                for before, after in self._gaps
            )
        )
