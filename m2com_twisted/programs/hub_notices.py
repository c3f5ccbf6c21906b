"""Tells what a program waits for on the hub, and ends the program if the hub refuses it."""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from ..service import CellControllerService, ControllerState
from .hub_options import obstacle_of

if TYPE_CHECKING:
    from ..hub import HubRefusedError, RemoteController

__all__ = ["HubNotices"]

_T = TypeVar("_T")

# Seconds that a connection may take before anything is told, and seconds between two looks.
_FIRST, _LOOK_INTERVAL = 0.5, 0.25


class HubNotices:
    """Tells what is missing on the hub when that changes.

    Parameters
    ----------
    show
        Takes each notice.
    reactor
        The reactor.
    is_ready
        Returns for a state whether nothing is missing.
    again_after
        Seconds after which an unchanged notice is told again.
    """

    def __init__(
        self,
        show: Callable[[str], object],
        reactor: IReactorTime,
        *,
        is_ready: Callable[[ControllerState], bool] = lambda state: state.both_up,
        again_after: float = math.inf,
    ) -> None:
        self._show = show
        self._reactor = reactor
        self._is_ready = is_ready
        self._again_after = again_after
        self._told, self._told_at = "", 0.0
        self._was_ready = False
        self._running: Deferred[Any] | None = None
        self._refusal: HubRefusedError | None = None

    def refused(self, reason: "HubRefusedError") -> None:
        """Take note that the hub refuses this program.  End its work if it has just begun."""
        if self._was_ready:
            # The users of the server may be changed at this moment.
            self._tell(str(reason))
        elif self._running is not None:
            self._refusal = reason
            self._running.cancel()

    async def run(
        self,
        link: "CellControllerService | RemoteController",
        work: Awaitable[_T],
    ) -> _T:
        """Do the work of a program, and tell meanwhile what is missing on the hub, if there is one.

        Raises
        ------
        HubRefusedError
            If the hub refuses this program.  The work was cancelled.
        """
        if isinstance(link, CellControllerService):
            return await work
        looking = LoopingCall(self._look, link)
        looking.clock = self._reactor
        first = self._reactor.callLater(_FIRST, looking.start, _LOOK_INTERVAL)
        self._running = running = Deferred.fromCoroutine(_result_of(work))
        try:
            result = await running
        except CancelledError:
            if self._refusal is None:
                raise
        finally:
            self._running = None
            if first.active():
                first.cancel()
            if looking.running:
                looking.stop()
        if self._refusal is not None:
            raise self._refusal
        return result

    def obstacle(self, link: "CellControllerService | RemoteController") -> str:
        """Return what is missing on the hub now, in words.  Empty if nothing is missing."""
        return "" if self._is_ready(link.state) else obstacle_of(link)

    def _look(self, link: "RemoteController") -> None:
        if self._is_ready(link.state):
            self._was_ready = True
            if self._told:
                self._told = ""
                self._show("connected now")
        else:
            # The log also tells that there is no connection to the hub.
            is_logged = logging.getLogger("m2com.hub").isEnabledFor(logging.WARNING)
            if link.is_on_hub or not is_logged:
                self._tell(link.obstacle)

    def _tell(self, obstacle: str) -> None:
        now = self._reactor.seconds()
        if obstacle and (obstacle != self._told or now - self._told_at >= self._again_after):
            self._told, self._told_at = obstacle, now
            self._show(f"{obstacle}; waiting")


async def _result_of(work: Awaitable[_T]) -> _T:
    """Wait for any kind of work, and return its result."""
    return await work
