"""One thing to be done on the hub, and then no more."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from ..errors import M2ComError, NotConnectedError
from .connection import HubConnection
from .session import Session
from .settings import HubSettings

__all__ = ["run_once"]

_T = TypeVar("_T")


async def run_once(
    settings: HubSettings,
    work: Callable[[Session], Awaitable[_T]],
    *,
    reactor: IReactorFromThreads,
    timeout: float,
) -> _T:
    """Connect to the hub, do something there, disconnect, and return what it returned.

    Parameters
    ----------
    settings
        Where the hub is.
    work
        Called in the thread of the hub, with the connection.
    reactor
        The reactor.
    timeout
        Seconds for all of it.

    Raises
    ------
    NotConnectedError
        If there is no connection in time.
    M2ComError
        If the work raised, with what it raised as the cause, or takes too long.
    """
    done: Deferred[_T] = Deferred()
    began: list[bool] = []

    async def work_once(session: Session) -> None:
        if not began:
            began.append(True)
            try:
                result = await work(session)
            except Exception as error:
                reactor.callFromThread(done.errback, error)
            else:
                reactor.callFromThread(done.callback, result)
        await session.stopping.wait()

    log = logging.getLogger("m2com.hub")
    connection = HubConnection(
        settings, "m2com", work_once, lambda connected: None, reactor=reactor, log=log
    )
    connection.start()
    done.addTimeout(timeout, IReactorTime(reactor))
    try:
        return await done
    except TimeoutError as error:
        where = ", ".join(settings.urls)
        reason = connection.last_error or f"no answer for {timeout:g} s"
        raise NotConnectedError(f"No use of the hub {where}: {reason}") from error
    except Exception as error:
        raise M2ComError(f"The hub says: {error}") from error
    finally:
        await connection.stop()
