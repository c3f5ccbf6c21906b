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
    """Have signals stop the reactor, once.

    Twisted's own handlers answer a second Ctrl-C with a traceback, and leave
    SIGHUP to kill a recorder with what it has not written yet.

    Parameters
    ----------
    reactor
        The reactor; it need not run yet.
    again
        Called for each signal that comes when it stops already.
    """

    def stop() -> None:
        try:
            reactor.stop()
        except ReactorNotRunning:
            again()

    def install() -> None:
        _handle_with(lambda *_: reactor.callFromThread(stop))

    install()
    # Once more, since the reactor puts its own in place when it starts.
    reactor.callWhenRunning(install)


def stop_on_hangup(reactor: Any) -> Callable[[], None]:
    """Have SIGHUP stop the reactor, as SIGTERM does under twistd.

    Otherwise SIGHUP kills the process at once, and a recorder loses what it has not written.

    Parameters
    ----------
    reactor
        The reactor.

    Returns
    -------
    undo
        A function that undoes it.
    """
    before = signal.getsignal(signal.SIGHUP)
    is_main_thread = threading.current_thread() is threading.main_thread()
    # Under nohup it is ignored, and only the main thread may handle signals.
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
    """Let signals kill the process from now on, since nothing can be lost any more.

    The process may still have to wait for a thread that looks up a name.
    """
    _handle_with(signal.SIG_DFL)


def _handle_with(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in _SIGNALS:
        # Ignored they are under nohup, and SIGINT in the background of a script.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
