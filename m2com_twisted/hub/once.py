"""Connects to the hub for one piece of work."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure

from ..errors import M2ComError, NotConnectedError
from .connection import HubConnection
from .errors import HubRefusedError, NotPermittedError
from .reasons import in_words, no_hub
from .session import HubError, Session, Work
from .settings import HubSettings

__all__ = ["run_once"]

_T = TypeVar("_T")


async def run_once(
    settings: HubSettings,
    work: Callable[[Session], Awaitable[_T]],
    *,
    reactor: IReactorFromThreads,
    timeout: float | None = None,
    connect_timeout: float = 10.0,
) -> _T:
    """Connect to the hub, do some work, disconnect, and return the result of the work.

    Parameters
    ----------
    settings
        Address and credentials of the hub.
    work
        Called in the thread of the hub, with the connection.
    reactor
        The reactor.
    timeout
        Seconds for the work.  None: no limit.
    connect_timeout
        Seconds for the connection.

    Raises
    ------
    NotConnectedError
        If there is no connection in time, or the work is not done in time.
    HubRefusedError
        If the server refuses this user, or cannot be trusted.  This is raised at once.
    NotPermittedError
        If the server does not permit a part of the work to this user.
    M2ComError
        If the connection was lost, or if the work raised an error.  An error of another class
        is the cause.
    """
    result = _Result[_T](IReactorTime(reactor))
    where = ", ".join(settings.urls)

    def give_up() -> None:
        reason = connection.last_error or f"no answer for {connect_timeout:g} s"
        result.end(Failure(NotConnectedError(no_hub(settings, reason))))

    def changed(connected: bool) -> None:
        if not connected:
            result.end(Failure(HubError("the connection was lost")))
        else:
            result.limit(timeout, lambda: result.end(Failure(TimeoutError())))

    log = logging.getLogger("m2com.hub")
    tell = partial(reactor.callFromThread, changed)
    connection = HubConnection(
        settings,
        "m2com",
        _once(work, partial(reactor.callFromThread, result.end)),
        tell,
        server_error=partial(reactor.callFromThread, result.end_if_not_permitted, where),
        refused=partial(reactor.callFromThread, result.refused, settings),
        reactor=reactor,
        log=log,
    )
    result.limit(connect_timeout, give_up)
    connection.start()
    try:
        return await _own_errors(result.deferred, where)
    finally:
        result.limit(None, give_up)
        await connection.stop()


def _once(work: Callable[[Session], Awaitable[_T]], end: Callable[[_T | Failure], object]) -> Work:
    """Return the work of a connection that does some work, and passes on its result."""

    async def work_once(session: Session) -> None:
        try:
            done: _T | Failure = await work(session)
        except Exception as error:
            done = Failure(error)
        end(done)
        await session.stopping.wait()

    return work_once


class _Result(Generic[_T]):
    """The result of the work, and the time limit of what is being done."""

    def __init__(self, clock: IReactorTime) -> None:
        self.deferred: Deferred[_T] = Deferred()
        self._clock = clock
        self._timer: IDelayedCall | None = None

    def end(self, outcome: _T | Failure) -> None:
        """Set the result, unless there is one."""
        if not self.deferred.called:
            self.deferred.callback(outcome)

    def end_if_not_permitted(self, where: str, error: str) -> None:
        """Take an error that the server reports.

        The server does not answer a request that it does not permit, so the work would wait.
        """
        if "permissions violation" in error.lower():
            text = f"The hub {where} does not permit this: {error}"
            self.end(Failure(NotPermittedError(text)))

    def refused(self, settings: HubSettings, reason: HubRefusedError) -> None:
        """Take the reason why no server of the hub can be used."""
        self.end(Failure(HubRefusedError(no_hub(settings, reason))))

    def limit(self, seconds: float | None, give_up: Callable[[], None]) -> None:
        """Replace the time limit.  None: no limit."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None else self._clock.callLater(seconds, give_up)


async def _own_errors(done: Deferred[_T], where: str) -> _T:
    """Wait for the result, and raise errors of this package only."""
    try:
        return await done
    except (CancelledError, M2ComError):
        raise
    except TimeoutError as error:
        raise NotConnectedError(f"The hub {where} has not done the work in time") from error
    except Exception as error:
        raise M2ComError(f"The hub {where} reported an error: {in_words(error)}") from error
