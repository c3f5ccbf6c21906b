"""Performs effects one after the other, even if one of them calls back."""

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IReactorTime

from ..support.log import NamedLog
from .effects import Effect

__all__ = ["EffectQueue"]

# Number of effects that are performed before the reactor gets a turn.  A usual
# input has about five.  Only code that calls back without end has so many.  An
# example is a `connect` after each failure of an endpoint that fails at once.
_EFFECTS_PER_TURN = 1000


class EffectQueue:
    """Performs effects in order, each when the one before has returned.

    Parameters
    ----------
    perform
        Performs one effect.  What it raises is logged, and the next one follows.
    reactor
        Gets a turn when effects cause effects without end.
    log
        Reports what an effect raises.
    """

    def __init__(
        self, perform: Callable[[Effect], object], reactor: IReactorTime, log: NamedLog
    ) -> None:
        self._perform = perform
        self._reactor = reactor
        self._log = log
        self._waiting: deque[Effect] = deque()
        # Whether an effect is being performed, or the reactor will continue with
        # them later.
        self._busy = False

    def add(self, effects: Iterable[Effect]) -> None:
        """Perform effects after those that wait: at once, unless an effect is being performed."""
        self._waiting.extend(effects)
        if not self._busy:
            self._busy = True
            self._perform_all()

    def _perform_all(self) -> None:
        for _ in range(_EFFECTS_PER_TURN):
            if not self._waiting:
                self._busy = False
                return
            effect = self._waiting.popleft()
            try:
                self._perform(effect)
            except BaseException:
                # SystemExit is caught as well.  Otherwise the connection would be in no
                # defined state.
                self._log.critical("Could not do all of %s", effect, exc_info=True)
        self._reactor.callLater(0, self._perform_all)
