"""The current faults, the latched faults, and the fault that came first.

The controller sends one word of 64 bits: the sum of all faults since they were cleared.  The
current faults are those of the last word.  A fault of any word stays latched here until it is
removed on request.  This module does not use Twisted.
"""

from dataclasses import dataclass, replace

from ..catalogue.faults import Fault, Severity, bits_in

__all__ = ["FaultLog", "FirstOut", "LatchedFault"]

#: Longest time, in seconds, between the event of an opened loop and the faults that opened it.
#: The controller sends both in one cycle of about 0.1 s.  One second covers a slow network.
_ATTRIBUTION = 1.0


@dataclass(frozen=True)
class LatchedFault:
    """A fault that was reported, whether it is still present or not.

    Attributes
    ----------
    fault
        The fault, which may be a reserved bit.
    first_seen, last_seen
        Times of the first and the last word that contained the fault.
    count
        Number of times that the fault appeared.
    """

    fault: Fault
    first_seen: float
    last_seen: float
    count: int


@dataclass(frozen=True)
class FirstOut:
    """The first faults after a time without faults.

    Attributes
    ----------
    faults
        The faults in the first word.  There are several if they came together.
    at
        Time of the first word.  If the loop opened just before, the time at which it opened.
    opened_loop
        Whether the loop opened just before the first word.
    """

    faults: tuple[Fault, ...]
    at: float
    opened_loop: bool


class FaultLog:
    """Keeps the faults of one controller.

    Attributes
    ----------
    latched
        All faults reported so far, by bit.
    first_out
        The faults that came first.  None if there was no fault.
    """

    def __init__(self) -> None:
        self.latched: dict[int, LatchedFault] = {}
        self.first_out: FirstOut | None = None
        #: Faults that appeared with the last word.
        self.new: list[LatchedFault] = []
        self._word: int | None = None
        self._word_before = 0
        self._loop_closed = False
        self._opened_at: float | None = None

    @property
    def word(self) -> int | None:
        """The last word.  None if no word was received on this connection."""
        return self._word

    @property
    def current(self) -> tuple[Fault, ...]:
        """The current faults and warnings, in the order of their bits, with reserved bits."""
        return tuple(bits_in(self._word or 0))

    @property
    def is_known(self) -> bool:
        """Whether the current faults were received on this connection."""
        return self._word is not None

    def serious(self) -> tuple[Fault, ...]:
        """Return the current faults, without warnings."""
        return tuple(fault for fault in self.current if fault.severity is Severity.FAULT)

    def masked(self, mask: int) -> tuple[Fault, ...]:
        """Return the current faults and warnings that a mask does not enable."""
        return tuple(bits_in((self._word or 0) & ~mask))

    def forget(self) -> None:
        """Remove the latched faults that are not current any more, and the first fault."""
        word = self._word or 0
        self.latched = {bit: seen for bit, seen in self.latched.items() if word >> bit & 1}
        self.first_out = None

    def connection_changed(self) -> None:
        """Take note that the connection changed: the current faults are not known any more."""
        self._word = None
        self._loop_closed = False
        self._opened_at = None

    def unreadable(self) -> None:
        """Take note that the last word could not be read: the current faults are not known."""
        self._word = None

    def loop_reported(self, closed: bool, now: float) -> None:
        """Take an event of the loop.  If the loop has opened, a fault may follow."""
        if self._loop_closed and not closed:
            self._opened_at = now
        self._loop_closed = closed

    def reported(self, word: int, now: float) -> None:
        """Take a word of faults."""
        before, self._word, self._word_before = self._word_before, word, word
        if not word:
            self._opened_at = None
        fresh = bits_in(word & ~before)
        self._latch(word, fresh, now)
        self.new = [self.latched[fault.bit] for fault in fresh]
        if fresh and not before:
            self.first_out = self._first_out(fresh, now)

    def _first_out(self, fresh: list[Fault], now: float) -> FirstOut:
        opened_at, self._opened_at = self._opened_at, None
        if opened_at is not None and now - opened_at <= _ATTRIBUTION:
            return FirstOut(tuple(fresh), opened_at, True)
        return FirstOut(tuple(fresh), now, False)

    def _latch(self, word: int, fresh: list[Fault], now: float) -> None:
        for fault in fresh:
            seen = self.latched.get(fault.bit)
            if seen is None:
                self.latched[fault.bit] = LatchedFault(fault, now, now, 1)
            else:
                self.latched[fault.bit] = replace(seen, count=seen.count + 1)
        for bit, seen in self.latched.items():
            if word >> bit & 1:
                self.latched[bit] = replace(seen, last_seen=now)
