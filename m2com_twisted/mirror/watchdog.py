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


class TopicWatchdog:
    """Tells when topics fall silent while their connection stands, and when they come again.

    How often a topic should come is measured: it is silent when it is missing for ten of its
    average periods.  Topics that need the motor power are not missed without it.

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
    """

    def __init__(self, state: MirrorState, clock: IReactorTime, log: NamedLog) -> None:
        self._state = state
        self._clock = clock
        self._log = log
        self._call: IDelayedCall | None = None
        self._callbacks: list[Callable[[frozenset[str]], object]] = []
        self.silent: frozenset[str] = frozenset()

    def add_callback(self, callback: Callable[[frozenset[str]], object]) -> None:
        """Call back with the names of the silent topics, whenever they change."""
        self._callbacks.append(callback)

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
        silent = frozenset(
            kind.name
            for kind in telemetry.BY_NAME.values()
            if self._state.memory.telemetry_up
            and self._state.reading(kind).validity is Validity.OLD
        )
        if silent == self.silent:
            return
        before, self.silent = self.silent, silent
        for name in sorted(silent - before):
            self._log.warning("The topic %s has fallen silent", name)
        for name in sorted(before - silent):
            self._log.info("The topic %s is not silent any more", name)
        for callback in self._callbacks:
            try:
                callback(silent)
            except Exception:
                self._log.exception("The callback for silent topics failed")
