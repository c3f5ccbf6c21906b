"""Connects asyncio's tasks and Twisted's coroutines, on the loop of Twisted's asyncio reactor."""

import asyncio
import contextlib
import functools
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred

from .callables import require_callback
from .reactor_access import ReactorAccess

__all__ = ["AsyncioCallbacks", "required_loop"]

T = TypeVar("T")


def required_loop(access: ReactorAccess, function_name: str) -> asyncio.AbstractEventLoop:
    """Return the reactor's loop, which must be the one that runs the caller.

    Parameters
    ----------
    access
        The reactor.
    function_name
        Name of the called function, for the error.

    Returns
    -------
    loop
        The loop of the reactor.

    Raises
    ------
    RuntimeError
        If the reactor has no loop, or the caller is not a task on that loop.
    """
    reactor = access.known()
    # Twisted has no public name for the loop.
    reactor_loop: asyncio.AbstractEventLoop | None = getattr(reactor, "_asyncioEventloop", None)
    if reactor_loop is None:
        found = "none is installed" if reactor is None else f"this one is {reactor!r}"
        raise RuntimeError(
            f"{function_name} needs Twisted's asyncio reactor, but {found}: "
            "call twisted.internet.asyncioreactor.install before all else."
        )
    running = _running_loop()
    if running is not reactor_loop or asyncio.current_task(reactor_loop) is None:
        raise RuntimeError(
            f"{function_name} must be called in an asyncio task on the reactor's loop, "
            f"{reactor_loop!r}; this is no task, or one on another loop: {running!r}."
        )
    return reactor_loop


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


# This is set for the task of a callback and for all tasks that it makes.  Comparing
# tasks would not be enough: before Python 3.12, asyncio.wait_for makes a new one.
_mark: ContextVar[object] = ContextVar("m2com_twisted.support.asyncio_bridge._mark", default=None)


class AsyncioCallbacks:
    """Runs asyncio callbacks for Twisted, which calls them one at a time."""

    def __init__(self) -> None:
        # The mark of the callback that runs; None between two calls.
        self._mark: object = None
        self._task: asyncio.Future[object] | None = None
        # The functions that the task wants to have called on the Twisted side of the
        # callback.  That side waits for one of them, or for the end of the task.
        self._wanted: deque[Callable[[], object]] = deque()
        self._woken: Deferred[None] = Deferred()

    def wrap(self, callback: Callable[..., object]) -> Callable[..., object]:
        """Return a callback for Twisted that runs one for asyncio."""
        # Checked here, because the client sees only the function that is returned.
        require_callback(callback)

        @functools.wraps(callback)
        async def run(*args: object, **kwargs: object) -> None:
            result = callback(*args, **kwargs)
            if inspect.isawaitable(result):
                self._mark = object()
                try:
                    await self._follow(result)
                finally:
                    self._mark = None

        return run

    async def _follow(self, awaitable: Awaitable[object]) -> None:
        """Run a task to its end.  A cancellation is passed on to the task, which may continue."""
        # This is made before the task, because an eager task begins to run at once.
        self._woken = Deferred(self._cancel_task)
        task = self._task = _marked_task(awaitable, self._mark)
        task.add_done_callback(self._note_end)
        while self._wanted or not task.done():
            if not self._wanted:
                with contextlib.suppress(CancelledError):
                    await self._woken
            self._woken = Deferred(self._cancel_task)
            while self._wanted:
                self._wanted.popleft()()
        task.result()

    def _note_end(self, task: "asyncio.Future[object]") -> None:
        # If the task ended at once, this call comes late, and another task may be running.
        if self._task is task:
            self._wake()

    def _wake(self) -> None:
        if not self._woken.called:
            self._woken.callback(None)

    def _cancel_task(self, woken: Deferred[None]) -> None:
        if self._task is not None:
            self._task.cancel()

    async def run_inside(self, function: "Callable[[], Coroutine[Any, Any, T]]") -> T:
        """Call a function of Twisted.

        If the callback calls this, the function is called on the Twisted side of the
        callback.  So `close` notices that the callback calls it, and does not wait for the
        callback.
        """
        if self._mark is None or _mark.get() is not self._mark:
            return await function()
        result: Deferred[T] = Deferred()
        self._wanted.append(lambda: Deferred.fromCoroutine(function()).chainDeferred(result))
        self._wake()
        return await result


def _marked_task(awaitable: Awaitable[object], mark: object) -> "asyncio.Future[object]":
    context = copy_context()
    context.run(_mark.set, mark)
    return context.run(asyncio.ensure_future, awaitable)
