"""A watchdog for the telemetry topics: it reports topics that are silent or slow."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..catalogue import telemetry
from ..support.log import NamedLog
from .readings import Validity
from .state import MirrorState

__all__ = ["TopicWatchdog"]

#: Seconds between two checks.  A topic is old after half a second, and a person needs no faster
#: report.
_INTERVAL = 1.0


#: A topic is slow if its average period is more than this number of times the usual period.  Jitter
#: and a single delay change the average much less.
_SLOW = 2.0

#: Number of consecutive checks that must find a topic slow.  The effect of one long gap on the
#: average disappears within a second.
_CHECKS_UNTIL_SLOW = 2

#: Number of consecutive checks that must find a topic fresh before its usual period is recorded.
#: At the slowest known rate of 5 Hz these are 50 messages, enough for a settled average.
_CHECKS_UNTIL_USUAL = 10


class TopicWatchdog:
    """Reports topics that become silent while their port is connected, and topics that return.

    The expected period of a topic is measured.  A topic is silent if two consecutive checks find
    it old.  It is old after ten average periods without a message.  A topic that needs the
    motor power does not count as silent while that power is off.

    Parameters
    ----------
    state
        The state of the mirror.
    clock
        Measures the time between checks.
    log
        Logs the reports.

    Attributes
    ----------
    silent
        Names of the topics that are silent now.
    slow
        Names of the topics that come at less than half their usual rate.  The usual rate is
        recorded after ten seconds on this connection.
    """

    def __init__(self, state: MirrorState, clock: IReactorTime, log: NamedLog) -> None:
        self._state = state
        self._clock = clock
        self._log = log
        self._call: IDelayedCall | None = None
        self._callbacks: list[Callable[[frozenset[str]], object]] = []
        self._slow_callbacks: list[Callable[[frozenset[str]], object]] = []
        # For each topic: its usual period, and the number of consecutive checks that found it
        # fresh or slow.
        self._usual: dict[str, float] = {}
        self._looks: dict[str, int] = {}
        # Topics that were old at the last check.
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
        """Start the checks."""
        if self._call is None:
            self._call = self._clock.callLater(_INTERVAL, self._check)

    def stop(self) -> None:
        """Stop the checks."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _check(self) -> None:
        self._call = self._clock.callLater(_INTERVAL, self._check)
        quiet = frozenset(
            kind.name
            for kind in telemetry.BY_NAME.values()
            if self._state.memory.telemetry_up
            and self._state.reading(kind).validity is Validity.OLD
        )
        # A topic must be old at two checks.  Just after the connection is made, or the motor power
        # is switched on, all topics are old.
        silent, self._quiet = quiet & self._quiet, quiet
        slow = frozenset(
            name for name, kind in telemetry.BY_NAME.items() if self._is_slow(name, kind)
        )
        before_silent, self.silent = self.silent, silent
        before_slow, self.slow = self.slow, slow
        self._report("silent", before_silent, silent, self._callbacks)
        self._report("slow", before_slow, slow, self._slow_callbacks)

    def _is_slow(self, name: str, kind: type) -> bool:
        """Whether a topic comes, and several consecutive checks found it slower than usual."""
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
        if usual is None and self._looks[name] >= _CHECKS_UNTIL_USUAL:
            self._usual[name] = entry.period
            self._looks[name] = 0
        return usual is not None and self._looks[name] >= _CHECKS_UNTIL_SLOW

    def _report(
        self,
        what: str,
        before: frozenset[str],
        now: frozenset[str],
        callbacks: list[Callable[[frozenset[str]], object]],
    ) -> None:
        """Log and call back if the set of silent or slow topics has changed."""
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
