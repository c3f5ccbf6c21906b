"""The signals that end a command: Ctrl-C, SIGTERM, and a terminal that is closed."""

import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.error import ReactorNotRunning

__all__ = ["die_of_signals", "stop_on_hangup", "stop_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals(reactor: Any, again: Callable[[], object]) -> None:
    """Let the first signal stop the reactor.

    The handlers of Twisted print a traceback at a second Ctrl-C.  They do not handle SIGHUP,
    which then kills a recorder before it has written everything.

    Parameters
    ----------
    reactor
        The reactor.  It need not run yet.
    again
        Called for each later signal.
    """

    def stop() -> None:
        try:
            reactor.stop()
        except ReactorNotRunning:
            again()

    def install() -> None:
        _handle_with(lambda *_: reactor.callFromThread(stop))

    install()
    # The handlers are installed again, because the reactor installs its own when it starts.
    reactor.callWhenRunning(install)


def stop_on_hangup(reactor: Any) -> Callable[[], None]:
    """Let SIGHUP stop the reactor, as SIGTERM does under twistd.

    Otherwise SIGHUP kills the process at once, and a recorder loses its unwritten messages.

    Parameters
    ----------
    reactor
        The reactor.

    Returns
    -------
    undo
        A function that restores the former handler.
    """
    before = signal.getsignal(signal.SIGHUP)
    is_main_thread = threading.current_thread() is threading.main_thread()
    # Under nohup, SIGHUP is ignored.  Only the main thread may handle signals.
    if before is signal.SIG_IGN or not is_main_thread:
        return lambda: None

    def stop() -> None:
        with contextlib.suppress(ReactorNotRunning):
            reactor.stop()

    def undo() -> None:
        signal.signal(signal.SIGHUP, before)

    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(stop))
    return undo


def die_of_signals() -> None:
    """Let signals kill the process from now on, because nothing can be lost any more.

    The process may still be waiting for a thread that looks up a name.
    """
    _handle_with(signal.SIG_DFL)


def _handle_with(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in _SIGNALS:
        # SIGHUP is ignored under nohup, and SIGINT in a background job of a script.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
