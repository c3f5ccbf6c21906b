"""The reactor, found late, and its thread."""

import threading
from collections.abc import Callable

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python import threadable
from zope.interface.verify import verifyObject

from m2com_twisted.support.reactor_access import ReactorAccess


def test_it_lends_the_clock_it_was_given() -> None:
    """Times and delayed calls are those of the reactor that was passed in."""
    clock = Clock()
    access = ReactorAccess(clock)
    assert verifyObject(IReactorTime, access)
    called: list[object] = []
    access.callLater(2, called.append, "late")
    assert list(access.getDelayedCalls()) == clock.getDelayedCalls()
    clock.advance(2)
    assert (access.seconds(), called, access.get()) == (2, ["late"], clock)


def test_without_one_it_finds_the_installed_reactor() -> None:
    """None stands for the reactor that is installed when it is first needed."""
    access = ReactorAccess()
    from twisted.internet import reactor

    assert access.get() is reactor


def _in_another_thread(function: Callable[[], None]) -> list[BaseException]:
    def run() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    raised: list[BaseException] = []
    thread = threading.Thread(target=run, name="worker 7")
    thread.start()
    thread.join()
    return raised


def test_other_threads_are_refused() -> None:
    """A call from another thread raises an error that names function, thread and remedy."""
    access = ReactorAccess(Clock())
    access.require_thread("TcpClient.close")
    [error] = _in_another_thread(lambda: access.require_thread("TcpClient.close"))
    assert isinstance(error, RuntimeError)
    for words in ("TcpClient.close", "'worker 7'", "callFromThread"):
        assert words in str(error)


def test_it_is_the_running_reactor_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a reactor runs its thread is the right one, whichever made the client."""
    access = ReactorAccess(Clock())

    def run_reactor() -> None:
        monkeypatch.setattr(threadable, "ioThread", threading.get_ident())
        access.require_thread("f")

    assert _in_another_thread(run_reactor) == []
    with pytest.raises(RuntimeError, match="callFromThread"):
        access.require_thread("f")
