"""Tells what a program waits for while it gets nothing from the hub."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ..errors import M2ComError

if TYPE_CHECKING:
    from ..hub import HubSettings

__all__ = ["HubNotices"]

# Seconds that a connection may take before anything is told, and seconds between two notices.
_FIRST, _INTERVAL = 0.5, 10.0

# Seconds for the connection that listens to the services.
_CONNECT_TIMEOUT = 3.0


class HubNotices:
    """Tells at once and then every 10 s what is missing on the hub.

    Parameters
    ----------
    settings
        Settings of the hub.
    is_ready
        Returns whether nothing is missing.
    show
        Takes each notice.
    reactor
        The reactor.
    """

    def __init__(
        self,
        settings: "HubSettings",
        is_ready: Callable[[], bool],
        show: Callable[[str], object],
        reactor: IReactorTime,
    ) -> None:
        self._settings = settings
        self._is_ready = is_ready
        self._show = show
        self._reactor = reactor
        self._obstacle = ""
        self._running: Deferred[None] | None = None

    @property
    def obstacle(self) -> str:
        """What was missing at the last look, in words.  Empty if nothing is missing."""
        return "" if self._is_ready() else self._obstacle

    def start(self) -> None:
        """Start to look."""
        self._running = Deferred.fromCoroutine(self._look_again_and_again())
        self._running.addErrback(_forget)

    def stop(self) -> Deferred[None] | None:
        """Stop.  The Deferred fires when the connection to the hub is closed."""
        if self._running is not None:
            self._running.cancel()
        return self._running

    async def _look_again_and_again(self) -> None:
        await deferLater(self._reactor, _FIRST)
        while True:
            if not self._is_ready():
                self._obstacle = await self._look()
                if self.obstacle:
                    self._show(f"{self.obstacle}; waiting")
            await deferLater(self._reactor, _INTERVAL)

    async def _look(self) -> str:
        from ..hub import find_obstacle, run_once

        try:
            return await run_once(
                self._settings,
                find_obstacle(self._settings.subjects),
                reactor=IReactorFromThreads(self._reactor),
                connect_timeout=_CONNECT_TIMEOUT,
            )
        except M2ComError as error:
            return str(error)


def _forget(failure: Failure) -> None:
    """Drop the error of the cancellation by which the notices end."""
    failure.trap(CancelledError)
