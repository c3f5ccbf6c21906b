"""Watching the topics of telemetry: which have fallen silent, or come more slowly."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..catalogue import telemetry
from ..support.log import NamedLog
from .readings import Validity
from .state import MirrorState

__all__ = ["TopicWatchdog"]

#: Seconds between two looks: a topic is old at half a second, and a person needs no faster word.
_INTERVAL = 1.0


#: A topic is slow when its average period is so many times the usual one: jitter and a single
#: hiccup stay far below.
_SLOW = 2.0

#: Looks in a row that must find a topic slow; the average forgets one long gap within a second.
_LOOKS_UNTIL_SLOW = 2

#: Looks in a row that must find a topic fresh until its usual rate is taken: 50 messages at the
#: slowest rate that was seen, 5 Hz, by which the average has forgotten how it began.
_LOOKS_UNTIL_USUAL = 10


class TopicWatchdog:
    """Tells when topics fall silent while their connection stands, and when they come again.

    How often a topic should come is measured: it is silent when it is missing for ten of its
    average periods, at two looks in a row.  Topics that need the motor power are not missed
    without it.

    Parameters
    ----------
    state
        What was told.
    clock
        Measures the time.
    log
        Where it is told.

    Attributes
    ----------
    silent
        Names of the topics that are silent now.
    slow
        Names of the topics that come, but at less than half their usual rate: that of the
        tenth second in which they came on this connection.
    """

    def __init__(self, state: MirrorState, clock: IReactorTime, log: NamedLog) -> None:
        self._state = state
        self._clock = clock
        self._log = log
        self._call: IDelayedCall | None = None
        self._callbacks: list[Callable[[frozenset[str]], object]] = []
        self._slow_callbacks: list[Callable[[frozenset[str]], object]] = []
        # By topic: its usual period, and the looks in a row that found it fresh, then slow.
        self._usual: dict[str, float] = {}
        self._looks: dict[str, int] = {}
        # Topics that were found old at the last look.
        self._quiet: frozenset[str] = frozenset()
        self.silent: frozenset[str] = frozenset()
        self.slow: frozenset[str] = frozenset()

    def add_callback(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the silent topics, whenever they change."""
        self._callbacks.append(callback)

    def add_slow_callback(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the slow topics, whenever they change."""
        self._slow_callbacks.append(callback)

    def start(self) -> None:
        """Begin to watch."""
        if self._call is None:
            self._call = self._clock.callLater(_INTERVAL, self._look)

    def stop(self) -> None:
        """Watch no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = self._clock.callLater(_INTERVAL, self._look)
        quiet = frozenset(
            kind.name
            for kind in telemetry.BY_NAME.values()
            if self._state.memory.telemetry_up
            and self._state.reading(kind).validity is Validity.OLD
        )
        # Twice in a row: all are old when the connection or the motor power has just come.
        silent, self._quiet = quiet & self._quiet, quiet
        slow = frozenset(
            name for name, kind in telemetry.BY_NAME.items() if self._is_slow(name, kind)
        )
        before_silent, self.silent = self.silent, silent
        before_slow, self.slow = self.slow, slow
        self._tell("silent", before_silent, silent, self._callbacks)
        self._tell("slow", before_slow, slow, self._slow_callbacks)

    def _is_slow(self, name: str, kind: type) -> bool:
        """Whether a topic comes, and has been slower than usual for some looks."""
        memory = self._state.memory
        if not memory.telemetry_up:
            self._usual.pop(name, None)
        entry = memory.latest.get(kind)
        is_fresh = self._state.reading(kind).validity is Validity.FRESH
        if entry is None or entry.period <= 0.0 or not is_fresh:
            self._looks[name] = 0
            return False
        usual = self._usual.get(name)
        if usual is not None and entry.period <= _SLOW * usual:
            self._looks[name] = 0
            return False
        self._looks[name] = self._looks.get(name, 0) + 1
        if usual is None and self._looks[name] >= _LOOKS_UNTIL_USUAL:
            self._usual[name] = entry.period
            self._looks[name] = 0
        return usual is not None and self._looks[name] >= _LOOKS_UNTIL_SLOW

    def _tell(
        self,
        what: str,
        before: frozenset[str],
        now: frozenset[str],
        callbacks: list[Callable[[frozenset[str]], object]],
    ) -> None:
        """Log and call back if the topics that are silent, or slow, have changed."""
        if before == now:
            return
        for name in sorted(now - before):
            self._log.warning("The topic %s is %s", name, what)
        for name in sorted(before - now):
            self._log.info("The topic %s is not %s any more", name, what)
        for callback in callbacks:
            try:
                callback(now)
            except Exception:
                self._log.exception("The callback for %s topics failed", what)
