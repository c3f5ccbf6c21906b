"""Delivery of received messages to the user's callback.

In order, one at a time, bounded.  Whatever the callback is (a coroutine
function, a function that returns a Deferred, a plain function), a message is
delivered when the one before it is done with.

One coroutine per client empties the backlog and awaits the user's coroutine
directly.  It runs while there is something to deliver, so an idle client has
nothing to cancel.  Rejected: a Deferred per message reorders them as soon as a
callback waits, and a DeferredLock recurses to death with thousands in line.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from ..support.log import NamedLog, beginning_of
from ..support.stats import Stats
from ..wire.codec import Message
from .backlog import Backlog, ConnectionChange, Entry, Overflow, ReadingControl

__all__ = ["Delivery", "MessageCallback"]

#: Takes the user's ``*args`` and the keyword ``message``; what it returns is
#: awaited where it can be.
MessageCallback = Callable[..., object]

# What a cancelled callback ends with; the second if it waits for an asyncio future.
_CANCELLATIONS = (CancelledError, asyncio.CancelledError)

# What arrives when nothing does.
_NOTHING: Iterator[Message] = iter(())


class Delivery:
    """Calls the user's callbacks, for one thing at a time.

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
        Where errors and drops are counted.
    log
        Where they are reported.
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
        for function in (callback, connect_callback):
            if function is not None and not callable(function):
                raise TypeError(f"The callback {function!r} is not callable.")
            if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
                # As it is without inlineCallbacks: called, it would do nothing, and say nothing.
                raise TypeError(f"The callback {function!r} is a generator function.")
        self._callback = callback
        self._connect_callback = connect_callback
        # Bound once: to unpack the arguments for each message takes longer.
        self._deliver_message = _awaiting(partial(callback, *args) if args else callback)
        self._deliver_change = _awaiting(self._tell_change)
        self._stats = stats
        self._log = log
        self._backlog = Backlog(
            max_length,
            overflow,
            running=lambda: _name_of(self._running),
            clock=clock,
            stats=stats,
            log=log,
        )
        # The rest of the chunk that is arriving, until `put` takes it into the backlog.
        self._arriving = _NOTHING
        self._consumer: Coroutine[Deferred[Any], Any, None] | None = None
        self._consumer_done: Deferred[None] | None = None
        # Set while `stop` cancels a callback; fires when that has ended.
        self._cancelled: Deferred[None] | None = None
        self._told_connected = False
        # The user's callback that runs, or ran last.
        self._running: object = None

    @property
    def depth(self) -> int:
        """Entries that wait."""
        return len(self._backlog)

    def attach(self, reading: ReadingControl) -> None:
        """Control the reading of a new connection, paused from the start if need be."""
        self._backlog.attach(reading)

    def detach(self) -> None:
        """Forget a connection that is gone."""
        self._backlog.detach()

    def put(self, messages: Iterator[Message]) -> None:
        """Deliver messages, now or when those before them are done with.

        Parameters
        ----------
        messages
            Taken one by one while the callback takes them at once; those that
            it makes wait are taken into the backlog before this returns.
        """
        self._arriving = messages
        self._consume()
        if self._arriving is not _NOTHING:
            # The callback waits, and what it has not taken waits for it.
            self._keep_arriving()
            self._backlog.limit()

    def put_connection_change(self, connected: bool) -> None:
        """Tell the user of a change, after the messages that came before it.

        A change that undoes one which `stop` dropped untold is not told either.
        """
        self._backlog.append(ConnectionChange(connected))
        self._consume()

    def stop(self) -> Deferred[None]:
        """Drop what waits and cancel the callback that runs.

        Returns
        -------
            Fires when the callback has ended: at once where none runs, or
            where this is called from inside it, which is then left alone.
        """
        self._backlog.clear()
        self._arriving = _NOTHING
        if self._consumer is None or self._consumer_done is None:
            return succeed(None)
        if inspect.getcoroutinestate(self._consumer) == inspect.CORO_RUNNING:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._cancelled = ended
        self._consumer_done.cancel()
        return ended

    def _keep_arriving(self) -> None:
        """Take the rest of a chunk into the backlog.

        To look at it may complete the command that a callback waits for, and
        so make the consumer go on in the midst of it: it must not ask for the
        same messages then, and may well run out of others.
        """
        arriving, self._arriving = self._arriving, _NOTHING
        self._backlog.extend(arriving)
        if self._backlog:
            self._consume()

    def _consume(self) -> None:
        """Have all entries delivered, unless that is under way."""
        if self._consumer is None:
            self._consumer = self._deliver_all()
            self._consumer_done = Deferred.fromCoroutine(self._consumer)
            self._consumer_done.addErrback(self._log_unexpected)

    async def _deliver_all(self) -> None:
        """Deliver one entry after the other.

        This is where the time of a message goes, so it calls as little as it can.
        """
        try:
            for deliver, entries in self._batches():
                for entry in entries:
                    try:
                        await deliver(message=entry)
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        # SystemExit too: the reactor would log it and go on as well.
                        self._report(error, entry)
                    if self._arriving is not entries:
                        break  # the callback waited: the rest is in the backlog, or dropped
                if self._cancelled is not None:
                    ended, self._cancelled = self._cancelled, None
                    ended.callback(None)
        finally:
            self._consumer = None

    def _batches(self) -> Iterator[tuple[Callable[..., Awaitable[object]], Iterable[Entry]]]:
        """Yield what waits, one by one, then what is arriving, until there is neither.

        With what is to be called for it.  In batches because what is arriving
        would cost twice as much if it came through another generator.  As long
        as `_arriving` is the batch, nobody has taken the rest of it away, as
        `put` does when the callback waited, and `stop` when it closed.
        """
        while True:
            while (entry := self._backlog.take()) is not None:
                if isinstance(entry, ConnectionChange):
                    self._running = self._connect_callback
                    yield self._deliver_change, (entry,)
                else:
                    self._running = self._callback
                    yield self._deliver_message, (entry,)
            arriving = self._arriving
            if arriving is _NOTHING:
                return
            self._running = self._callback
            yield self._deliver_message, arriving
            self._arriving = _NOTHING

    def _tell_change(self, message: ConnectionChange) -> object:
        """Start the callback for a change, which the user may know already."""
        if message.connected is self._told_connected or self._connect_callback is None:
            return None
        self._told_connected = message.connected
        return self._connect_callback()

    def _report(self, error: BaseException, entry: Entry) -> None:
        """Log what a callback raised, unless it is the cancellation by `stop`."""
        if self._cancelled is not None and isinstance(error, _CANCELLATIONS):
            return
        self._stats.callback_errors += 1
        if isinstance(entry, ConnectionChange):
            self._log.error("The connect callback failed", exc_info=error)
        else:
            shown = beginning_of(entry)
            self._log.error("The callback failed on the message %s", shown, exc_info=error)

    def _log_unexpected(self, failure: Any) -> None:
        """Log what cancelling led to: a canceller may be anybody's."""
        self._log.error("Delivering, or cancelling the callback, failed", exc_info=failure.value)


def _awaiting(function: Callable[..., object]) -> Callable[..., Awaitable[object]]:
    """Return a coroutine function that calls a function and awaits what can be of its result."""
    # Only for speed: what follows would do for this as well.
    if inspect.iscoroutinefunction(function):
        return function

    async def call(message: Entry) -> None:
        result = function(message=message)
        # None first: hasattr of what is missing takes longer than the call.
        if result is not None and hasattr(result, "__await__"):
            await result

    return call


def _name_of(function: object) -> str:
    """Return what the user calls a callback."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", repr(function))
