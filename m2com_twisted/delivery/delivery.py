"""Delivery of received messages to the user's callback.

Messages are delivered in order, one at a time.  The number of waiting messages is
bounded.  The callback may be a coroutine function, a function that returns a
Deferred, or a plain function.  It is called for a message when the call for the one
before has ended.

One coroutine per client empties the backlog and awaits the user's coroutine
directly.  It runs while there are messages, so an idle client has nothing to
cancel.  Two other ways were rejected.  A Deferred per message reorders messages as
soon as a callback waits.  A DeferredLock exceeds the recursion limit with thousands
of waiters.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ..support.coroutines import begin
from ..support.log import NamedLog, beginning_of
from ..support.stats import Stats
from ..wire.codec import Message
from .backlog import Backlog, ConnectionChange, Entry, Overflow, ReadingControl

__all__ = ["Delivery", "MessageCallback"]

#: Takes the user's ``*args`` and the keyword ``message``.  The result is awaited
#: if it is awaitable.
MessageCallback = Callable[..., object]

# Errors of a cancelled callback.  It raises the second one if it waits for an
# asyncio future.
_CANCELLATIONS = (CancelledError, asyncio.CancelledError)

# The value of `Delivery._arriving` while no chunk is arriving.
_NOTHING: Iterator[Message] = iter(())


class Delivery:
    """Calls the user's callbacks, one at a time.

    Parameters
    ----------
    callback
        Called as ``callback(*args, message=message)``.
    args
        See ``callback``.
    connect_callback
        Called without arguments for each change of the connection, in order
        with the messages.
    stats
        Counts errors and dropped messages.
    log
        Logs errors and dropped messages.
    clock, max_length, overflow
        See `Backlog`.
    """

    def __init__(
        self,
        callback: MessageCallback,
        args: tuple[object, ...],
        connect_callback: Callable[[], object] | None,
        *,
        stats: Stats,
        log: NamedLog,
        clock: IReactorTime,
        max_length: int,
        overflow: Overflow,
    ) -> None:
        self._callback = callback
        self._connect_callback = connect_callback
        # The arguments are bound once, because to unpack them for each message is
        # slower.
        self._deliver_message = _awaiting(partial(callback, *args) if args else callback)
        self._deliver_change = _awaiting(self._tell_change)
        self._stats = stats
        self._log = log
        self._backlog = Backlog(
            max_length,
            overflow,
            running=lambda: name_of(self._running),
            clock=clock,
            stats=stats,
            log=log,
        )
        # The messages of the chunk that is being delivered, and the chunks after it.
        # If a callback waits, `put` moves what is left of them into the backlog.
        self._arriving = _NOTHING
        self._chunks: deque[Iterator[Message]] = deque()
        # Whether `_move_to_backlog` is moving messages into the backlog.
        self._is_moving = False
        self._consumer: Coroutine[Deferred[Any], Any, None] | None = None
        self._consumer_done: Deferred[None] | None = None
        # Whether `drop_waiting` was called from inside the callback that runs.
        self._stopped_inside = False
        # Set while `stop` cancels a callback; fires when the callback has ended.
        self._cancelled: Deferred[None] | None = None
        self._told_connected = False
        # The user's callback that runs, or ran last.
        self._running: object = None

    @property
    def depth(self) -> int:
        """Number of entries that wait."""
        return len(self._backlog)

    def connection_made(self, reading: ReadingControl) -> None:
        """Control the reading of a new connection; pause it if the backlog is full."""
        self._backlog.connection_made(reading)

    def connection_lost(self) -> None:
        """Forget the connection."""
        self._backlog.connection_lost()

    def put(self, messages: Iterator[Message]) -> None:
        """Deliver the messages of a chunk, now or after the messages before them.

        Parameters
        ----------
        messages
            They are taken one by one, each when the call for the one before has
            ended.  If a callback has to wait, the rest goes into the backlog at
            once.
        """
        self._chunks.append(messages)
        self._consume()
        if self._arriving is not _NOTHING or self._chunks:
            self._move_to_backlog()

    def put_connection_change(self, connected: bool) -> None:
        """Tell the user of a change, after the messages that came before it.

        If `drop_waiting` dropped a change before it was told, the change that
        reverses it is not told either.
        """
        self._backlog.append(ConnectionChange(connected))
        self._consume()

    def drop_waiting(self) -> None:
        """Drop the messages that wait, and the rest of a chunk that is arriving.

        This runs no callback, so it may be called where `stop` must not be called.
        If it is called from inside a callback, a later `stop` does not cancel that
        callback.
        """
        self._backlog.clear()
        self._chunks.clear()
        self._arriving = _NOTHING
        self._stopped_inside = self._is_running

    def stop(self) -> Deferred[None]:
        """Drop the messages that wait and cancel the callback that runs.

        Returns
        -------
        ended
            Fires when the callback has ended.  It fires at once if no callback
            runs, or if `stop` or `drop_waiting` was called from inside the
            callback.
        """
        dropped_inside = self._stopped_inside
        self.drop_waiting()
        inside = dropped_inside or self._stopped_inside
        self._stopped_inside = False
        if self._consumer is None or self._consumer_done is None or inside:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._cancelled = ended
        self._consumer_done.cancel()
        return ended

    def _move_to_backlog(self) -> None:
        """Move the messages that have arrived into the backlog, because the callback waits.

        Reading a status may complete the command that the callback waits for.
        Then the consumer goes on in the middle of this method, takes what is in
        the backlog, and may end.
        """
        if self._is_moving or self._is_running:
            return  # called from inside a callback; its caller takes these messages later
        self._is_moving = True
        self._chunks.appendleft(self._arriving)
        self._arriving = _NOTHING
        while self._chunks:
            self._backlog.extend(self._chunks.popleft())
        self._is_moving = False
        if self._backlog:
            self._consume()
        self._backlog.limit()

    @property
    def _is_running(self) -> bool:
        """Whether this is called from inside a callback."""
        return (
            self._consumer is not None
            and inspect.getcoroutinestate(self._consumer) == inspect.CORO_RUNNING
        )

    def _consume(self) -> None:
        """Start to deliver all entries, unless a consumer already does."""
        if self._consumer is not None:
            return
        self._consumer = self._deliver_all()
        try:
            self._consumer_done = begin(self._consumer)
        except BaseException:
            # GeneratorExit is not caught where it is raised.
            self._log_unexpected(Failure())
        else:
            if self._consumer_done is not None:
                self._consumer_done.addErrback(self._log_unexpected)

    async def _deliver_all(self) -> None:
        """Deliver the messages that wait, then those that are arriving, until none is left.

        A message spends most of its time here.  For speed this method makes few calls,
        and the lines that call the callback are written twice.
        """
        try:
            while True:
                while (entry := self._backlog.take()) is not None:
                    try:
                        await self._callback_for(entry)(message=entry)
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        self._report(error, entry)
                    self._tell_cancelled()
                if not self._chunks or self._is_moving:
                    return
                messages = self._arriving = self._chunks.popleft()
                deliver, self._running = self._deliver_message, self._callback
                for message in messages:
                    try:
                        await deliver(message=message)
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        # SystemExit is caught as well, because the reactor would also
                        # log it and go on.
                        self._report(error, message)
                    if self._arriving is not messages:
                        break  # the callback waited: the rest is in the backlog, or dropped
                if self._arriving is messages:
                    self._arriving = _NOTHING
                self._tell_cancelled()
        finally:
            self._consumer = None

    def _callback_for(self, entry: Entry) -> Callable[..., Awaitable[object]]:
        if isinstance(entry, ConnectionChange):
            self._running = self._connect_callback
            return self._deliver_change
        self._running = self._callback
        return self._deliver_message

    def _tell_cancelled(self) -> None:
        """Tell `stop` that the callback that it cancelled has ended."""
        if self._cancelled is not None:
            ended, self._cancelled = self._cancelled, None
            ended.callback(None)

    def _tell_change(self, message: ConnectionChange) -> object:
        """Call the connect callback, unless the user knows this state already."""
        if message.connected is self._told_connected or self._connect_callback is None:
            return None
        self._told_connected = message.connected
        return self._connect_callback()

    def _report(self, error: BaseException, entry: Entry) -> None:
        """Log the error of a callback, unless `stop` has cancelled it."""
        if self._cancelled is not None and isinstance(error, _CANCELLATIONS):
            return
        self._stats.callback_errors += 1
        if isinstance(entry, ConnectionChange):
            self._log.error("The connect callback failed", exc_info=error)
        else:
            shown = beginning_of(entry)
            self._log.error("The callback failed on the message %s", shown, exc_info=error)

    def _log_unexpected(self, failure: Any) -> None:
        """Log an error of the canceller, which may be foreign code."""
        self._log.error("Delivering, or cancelling the callback, failed", exc_info=failure.value)


def _awaiting(function: Callable[..., object]) -> Callable[..., Awaitable[object]]:
    """Return a coroutine function that calls a function and awaits its result if possible."""
    # This is only for speed.  The code below would also work.
    if inspect.iscoroutinefunction(function):
        return function

    async def call(message: Entry) -> None:
        result = function(message=message)
        # None is checked first, because a failing hasattr takes longer than the
        # call.
        if result is not None and hasattr(result, "__await__"):
            await result

    return call


def name_of(function: object) -> str:
    """Return the name of a callback, for the log."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", repr(function))
