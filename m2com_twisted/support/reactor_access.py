"""The reactor: passed in, or looked up when it is first needed."""

import sys
import threading
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python import threadable
from zope.interface import implementer

__all__ = ["ReactorAccess"]


@implementer(IReactorTime)
class ReactorAccess:
    """Finds the reactor when it is first needed, lends its clock, guards its thread.

    Importing `twisted.internet.reactor` installs one.  A client may well be
    made before the application has chosen its own, so not even its constructor
    imports it.

    Parameters
    ----------
    reactor
        The reactor, or a mere clock where an endpoint is given that needs no
        more.  None: the one that is installed when it is first needed.
    """

    def __init__(self, reactor: IReactorTime | None = None) -> None:
        self._reactor = reactor
        self._home_thread = threading.get_ident()

    def get(self) -> IReactorTime:
        """Return the reactor."""
        if self._reactor is not None:
            return self._reactor
        from twisted.internet import reactor

        found: IReactorTime = reactor
        self._reactor = found
        return found

    def known(self) -> IReactorTime | None:
        """Return the reactor if there is one already; none is installed."""
        # Not imported, because to import it is to install one.
        installed: IReactorTime | None = sys.modules.get("twisted.internet.reactor")  # type: ignore[assignment]
        return self._reactor or installed

    def seconds(self) -> float:
        """Implement `IReactorTime`."""
        return self.get().seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> IDelayedCall:
        """Implement `IReactorTime`."""
        return self.get().callLater(delay, callable, *args, **kwargs)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Implement `IReactorTime`."""
        return self.get().getDelayedCalls()

    def require_thread(self, function_name: str) -> None:
        """Refuse a call from any thread but the reactor's.

        Before any reactor runs, that is the thread that made the client.

        Raises
        ------
        RuntimeError
            If called from another thread.
        """
        home = self._home_thread if threadable.ioThread is None else threadable.ioThread
        if threading.get_ident() != home:
            raise RuntimeError(
                f"{function_name} was called from the thread {threading.current_thread().name!r}, "
                "not from the reactor's: use reactor.callFromThread or "
                "twisted.internet.threads.blockingCallFromThread."
            )
