"""The client for asyncio code in a process whose reactor is Twisted's asyncio reactor.

Code for the asyncio original works after a change of its import.
"""

import asyncio
import contextlib
import functools
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred

from . import mirror, tcp_client
from .catalogue.enums import MsgType
from .commands.outcome import CommandOutcome
from .delivery.delivery import MessageCallback
from .support.callables import require_callback
from .wire.codec import Message

__all__ = ["Mirror", "TcpClient"]

T = TypeVar("T")


class TcpClient(tcp_client.TcpClient):
    """Client of one port of the M2 cell controller, for asyncio code.

    It has all methods of `m2com_twisted.TcpClient`, with the same meaning.  But
    the coroutines are awaited in asyncio tasks, and the callback is an asyncio
    coroutine function (or a plain function).  Each call is a task of its own;
    the calls still run one after the other.

    Notes
    -----
    The process needs Twisted's asyncio reactor:
    ``asyncioreactor.install(loop)``, or ``--reactor=asyncio`` of ``twist``,
    ``twistd``, ``trial`` and pytest-twisted.  Nothing here installs one.  Each
    method, when called on another reactor or another loop, raises RuntimeError.

    Cancelling a task cancels what it waits for: the command is forgotten, and a
    first attempt to connect is given up if no other task waits for it.  A
    message whose turn came at the moment of cancelling may have been sent.
    """

    @functools.cached_property
    def _callbacks(self) -> "_Callbacks":
        # Not made in a constructor, which would have to repeat the signature.
        return _Callbacks()

    def _adapted(self, callback: MessageCallback) -> MessageCallback:
        return self._callbacks.wrap(callback)

    async def connect(self, timeout: float = 10.0) -> None:
        """Override, for asyncio tasks."""
        await self._run("connect", partial(super().connect, timeout))

    def start(self, timeout: float = 10.0) -> None:
        """Override, for asyncio tasks."""
        self._require_loop("aio.TcpClient.start")
        super().start(timeout)

    async def close(self) -> None:
        """Override, for asyncio tasks."""
        await self._run("close", partial(self._callbacks.run_inside, super().close))

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Override, for asyncio tasks."""
        write = partial(super().write_message, msg_type, msg_name, msg_details, comp_name)
        await self._run("write_message", write)

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Override, for asyncio tasks."""
        run = super().run_command
        return await self._run(
            "run_command", partial(run, name, details, ack_timeout=ack_timeout, timeout=timeout)
        )

    async def _run(self, name: str, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine of Twisted and wait for it in asyncio."""
        loop = self._require_loop(f"aio.TcpClient.{name}")
        return await Deferred.fromCoroutine(function()).asFuture(loop)

    def _require_loop(self, function_name: str) -> asyncio.AbstractEventLoop:
        """Return the reactor's loop, which must be the one that runs this."""
        return _require_loop(self._reactor.known(), function_name)


class Mirror(mirror.Mirror):
    """The mirror as an object, for asyncio code.

    All of `m2com_twisted.mirror.Mirror` is here, with the same meaning; but the coroutines and
    the iterations of `subscribe` are to be awaited in asyncio tasks.  ``async with`` starts it,
    waits until it is ready, and stops it::

        async with aio.Mirror("m2.example") as mirror:
            await mirror.enable()

    Notes
    -----
    The process needs Twisted's asyncio reactor, as for `TcpClient`.  A task that is cancelled
    ends the procedure that it waits for; ``last_report`` tells what was sent and seen.
    """

    def _awaitable(self, deferred: Deferred[T]) -> Awaitable[T]:
        return deferred.asFuture(_require_loop(self._clock.known(), "aio.Mirror"))

    async def __aenter__(self) -> "Mirror":
        self.startService()
        try:
            await self.ready()
        except BaseException:
            await self._awaitable(self.stopService())
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._awaitable(self.stopService())


def _require_loop(reactor: object, function_name: str) -> asyncio.AbstractEventLoop:
    """Return the reactor's loop, which must be the one that runs this."""
    # Twisted has no public name for it.
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


# Carried by the task of a callback and by all tasks that it makes.  The task
# itself would not do: asyncio.wait_for makes one, before Python 3.12.
_mark: ContextVar[object] = ContextVar("m2com_twisted.aio._mark", default=None)


class _Callbacks:
    """Runs a client's asyncio callbacks, which Twisted calls one at a time."""

    def __init__(self) -> None:
        # The callback that runs; None between two calls.
        self._mark: object = None
        self._task: asyncio.Future[object] | None = None
        # The functions that the task wants to have called on the Twisted side of the
        # callback.  That side waits for one of them, or for the end of the task.
        self._wanted: deque[Callable[[], object]] = deque()
        self._woken: Deferred[None] = Deferred()

    def wrap(self, callback: MessageCallback) -> MessageCallback:
        """Return a callback for Twisted that runs one for asyncio."""
        # Here, because the client sees the function that is returned.
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
        """Run a task to its end; pass on a cancellation, and wait for the reaction."""
        # First, because an eager task runs before it can be waited for.
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
        # If the task ended at once, this comes late, when another may run.
        if self._task is task:
            self._wake()

    def _wake(self) -> None:
        if not self._woken.called:
            self._woken.callback(None)

    def _cancel_task(self, woken: Deferred[None]) -> None:
        if self._task is not None:
            self._task.cancel()

    async def run_inside(self, function: "Callable[[], Coroutine[Any, Any, T]]") -> T:
        """Call a function of Twisted as from inside the callback, if the callback calls this.

        Then the coroutine that delivers the messages runs, as for a Twisted
        callback.  So `close` knows not to wait for the callback that calls it.
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
