"""Connects to the hub for one piece of work."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure

from ..errors import M2ComError, NotConnectedError
from .connection import HubConnection
from .session import HubError, Session
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
    M2ComError
        If the connection was lost, or if the work raised an error, which is the cause.
    """
    done: Deferred[_T] = Deferred()
    clock = IReactorTime(reactor)
    where = ", ".join(settings.urls)

    def end(outcome: _T | Failure) -> None:
        if not done.called:
            done.callback(outcome)

    def give_up() -> None:
        reason = connection.last_error or f"no answer for {connect_timeout:g} s"
        end(Failure(NotConnectedError(f"No connection to the hub {where}: {reason}")))

    timers = [clock.callLater(connect_timeout, give_up)]

    async def work_once(session: Session) -> None:
        try:
            result = await work(session)
        except Exception as error:
            reactor.callFromThread(end, Failure(error))
        else:
            reactor.callFromThread(end, result)
        await session.stopping.wait()

    def changed(connected: bool) -> None:
        _cancel(timers)
        if connected and timeout is not None:
            timers.append(clock.callLater(timeout, end, Failure(TimeoutError())))
        elif not connected:
            end(Failure(HubError("the connection was lost")))

    log = logging.getLogger("m2com.hub")
    connection = HubConnection(settings, "m2com", work_once, changed, reactor=reactor, log=log)
    connection.start()
    try:
        return await _result(done, where)
    finally:
        _cancel(timers)
        await connection.stop()


async def _result(done: Deferred[_T], where: str) -> _T:
    """Wait for the result, and raise errors of this package only."""
    try:
        return await done
    except (CancelledError, NotConnectedError):
        raise
    except TimeoutError as error:
        raise NotConnectedError(f"The hub {where} has not done the work in time") from error
    except Exception as error:
        raise M2ComError(f"The hub reported an error: {error}") from error


def _cancel(timers: list[IDelayedCall]) -> None:
    for timer in timers:
        if timer.active():
            timer.cancel()
