"""Access to the reactor, which is passed in or found at the first use, and to its clock."""

import sys
import threading
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python import threadable
from zope.interface import implementer

from .clock import monotonic_clock
from .interfaces import Reactor, as_reactor

__all__ = ["ReactorAccess"]


@implementer(IReactorTime)
class ReactorAccess:
    """Finds the reactor when it is first needed, and checks that calls come from its thread.

    `callLater` uses the reactor.  `seconds` is for durations, and is a clock
    that never steps: see `monotonic_clock`.  The two fit together because
    `callLater` takes a delay.  Only `DelayedCall.getTime` is in the reactor's
    own time.

    Importing `twisted.internet.reactor` installs a reactor.  A client may be made
    before the application has installed its own, so even the constructor does not
    import it.

    Parameters
    ----------
    reactor
        The reactor, or a clock if an endpoint is given.  None: the reactor that is
        installed when one is first needed.
    """

    def __init__(self, reactor: Reactor | None = None) -> None:
        self._reactor = None if reactor is None else as_reactor(reactor)
        self._home_thread = threading.get_ident()
        self._seconds: Callable[[], float] | None = None

    def get(self) -> IReactorTime:
        """Return the reactor."""
        if self._reactor is not None:
            return self._reactor
        from twisted.internet import reactor

        found: IReactorTime = reactor
        self._reactor = found
        return found

    def known(self) -> IReactorTime | None:
        """Return the reactor if there is one.  Do not install one."""
        # Not imported, because importing it installs a reactor.
        installed: IReactorTime | None = sys.modules.get("twisted.internet.reactor")  # type: ignore[assignment]
        return self._reactor or installed

    def seconds(self) -> float:
        """Implement `IReactorTime`: the time by a clock that never steps."""
        if self._seconds is None:
            self._seconds = monotonic_clock(self.get())
        return self._seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> IDelayedCall:
        """Implement `IReactorTime`."""
        return self.get().callLater(delay, callable, *args, **kwargs)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Implement `IReactorTime`."""
        return self.get().getDelayedCalls()

    def require_thread(self, function_name: str) -> None:
        """Refuse a call from any thread other than the reactor's.

        Before a reactor runs, that is the thread that made the client.

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
