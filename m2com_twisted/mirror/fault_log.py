"""The faults: those of now, all that there were, and which came first.

No Twisted.  The controller sends one word of 64 bits, the sum of all faults since
they were cleared.  What is not in the last word is no fault of now; what ever was in
one stays latched here until it is forgotten on request.
"""

from dataclasses import dataclass, replace

from ..catalogue.faults import Fault, Severity, bits_in

__all__ = ["FaultLog", "FirstOut", "LatchedFault"]

#: Seconds by which the event of the opened loop may come before the word that says why.
#: The controller sends both in one cycle of about 0.1 s; a second covers a slow network.
_ATTRIBUTION = 1.0


@dataclass(frozen=True)
class LatchedFault:
    """A fault that was reported, whether it is still there or not.

    Attributes
    ----------
    fault
        The fault; it may be a reserved bit.
    first_seen, last_seen
        Times of the first and of the last word with it.
    count
        Number of times that it came up.
    """

    fault: Fault
    first_seen: float
    last_seen: float
    count: int


@dataclass(frozen=True)
class FirstOut:
    """The faults that came first, since the controller last had no fault.

    Attributes
    ----------
    faults
        The faults in the first word; more than one if they came together.
    at
        Time of the first sign: of the opened loop, if that came before the word.
    opened_loop
        Whether the loop was seen to open just before.
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
        The faults that came first; None while there was none.
    """

    def __init__(self) -> None:
        self.latched: dict[int, LatchedFault] = {}
        self.first_out: FirstOut | None = None
        #: Faults that came up with the last word, for those who are to be told.
        self.new: list[LatchedFault] = []
        self._word: int | None = None
        self._told_before = 0
        self._loop_closed = False
        self._opened_at: float | None = None

    @property
    def word(self) -> int | None:
        """The last word; None if none was told on this connection."""
        return self._word

    @property
    def current(self) -> tuple[Fault, ...]:
        """The faults and warnings of now, by bit; reserved bits too."""
        return tuple(bits_in(self._word or 0))

    @property
    def is_known(self) -> bool:
        """Whether the faults of now were told on this connection."""
        return self._word is not None

    def serious(self) -> tuple[Fault, ...]:
        """Return those of the current ones that are faults, and not just warnings."""
        return tuple(fault for fault in self.current if fault.severity is Severity.FAULT)

    def masked(self, mask: int) -> tuple[Fault, ...]:
        """Return those of the current ones whose bits are not enabled in a mask."""
        return tuple(bits_in((self._word or 0) & ~mask))

    def forget(self) -> None:
        """Forget the latched ones that are not there any more, and what came first."""
        word = self._word or 0
        self.latched = {bit: seen for bit, seen in self.latched.items() if word >> bit & 1}
        self.first_out = None

    def connection_changed(self) -> None:
        """Remember that the faults of now are not known any more."""
        self._word = None
        self._loop_closed = False
        self._opened_at = None

    def unreadable(self) -> None:
        """Remember that the last word could not be read: the faults of now are not known."""
        self._word = None

    def loop_told(self, closed: bool, now: float) -> None:
        """Remember the event of the loop; one that opens it may announce a fault."""
        if self._loop_closed and not closed:
            self._opened_at = now
        self._loop_closed = closed

    def reported(self, word: int, now: float) -> None:
        """Take a word of faults."""
        before, self._word, self._told_before = self._told_before, word, word
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
