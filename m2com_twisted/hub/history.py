"""Reads the stored messages of the hub: events and telemetry together, in order of arrival."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime, timezone
from typing import NamedTuple

from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from .errors import UnknownInstanceError
from .session import HubError, Session
from .subjects import RECEIVED, Subjects, number_in

__all__ = ["Kept", "read_history"]

#: Number of messages in a batch: half a megabyte.
_BATCH = 1000

#: Longest time for one batch, in seconds.
_FETCH_TIMEOUT = 5.0


class Kept(NamedTuple):
    """One message that the hub has stored."""

    #: When it arrived at the service, in ns since 1970 UTC.
    time: int
    #: ``"command"`` or ``"telemetry"``: the port that it came from.
    connection: str
    #: ``"received"`` for a line of the controller, ``"link"`` for a change of the connection.
    kind: str
    #: The line.
    line: bytes


def read_history(
    subjects: Subjects,
    since: datetime,
    take: Callable[[list[Kept]], Awaitable[None]],
    reactor: IReactorFromThreads,
) -> Callable[[Session], Awaitable[int]]:
    """Return the work, for `run_once`, that reads the stored messages from a time until now.

    Parameters
    ----------
    subjects
        Names of the instance.
    since
        Time from which messages are read.
    take
        Called in the reactor's thread with each batch, in order.  The next batch is fetched when
        the call is done, so only one batch is in memory.
    reactor
        The reactor.

    Returns
    -------
    Callable
        Returns the number of messages.  Raises `UnknownInstanceError` if the hub has no streams of
        the instance.
    """

    async def read(session: Session) -> int:
        jetstream = session.client.jetstream()
        try:
            await jetstream.stream_info(subjects.events_stream)
        except NotFoundError:
            raise UnknownInstanceError(subjects.instance) from None
        streams = [
            (subjects.events_stream, _events_of),
            (subjects.telemetry_stream, _telemetry_of),
        ]
        parts = [_read_stream(jetstream, name, since, of) for name, of in streams]
        count, batch = 0, list[Kept]()
        async for kept in _merged(parts):
            batch.append(kept)
            count += 1
            if len(batch) >= _BATCH:
                await _hand_over(reactor, take, batch)
                batch = []
        await _hand_over(reactor, take, batch)
        return count

    return read


async def _hand_over(
    reactor: IReactorFromThreads, take: Callable[[list[Kept]], Awaitable[None]], batch: list[Kept]
) -> None:
    """Pass a batch to the reactor's thread, and wait until it is done."""
    loop = asyncio.get_running_loop()
    taken: asyncio.Future[None] = loop.create_future()

    async def take_it() -> None:
        try:
            await take(batch)
        finally:
            loop.call_soon_threadsafe(taken.set_result, None)

    reactor.callFromThread(lambda: Deferred.fromCoroutine(take_it()))
    await taken


async def _read_stream(
    jetstream: JetStreamContext,
    stream: str,
    since: datetime,
    kept_of: Callable[[Msg], Kept],
) -> AsyncIterator[Kept]:
    """Yield the messages of a stream, up to its present last message."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=since.astimezone(timezone.utc),
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30.0,
        mem_storage=True,
        num_replicas=1,
    )
    try:
        subscription = await jetstream.pull_subscribe(">", stream=stream, config=config)
        left = (await subscription.consumer_info()).num_pending or 0
    except NotFoundError:
        return
    while left > 0:
        try:
            messages = await subscription.fetch(min(_BATCH, left), timeout=_FETCH_TIMEOUT)
        except NatsTimeoutError:
            if (await subscription.consumer_info()).num_pending == 0:
                return  # the server has deleted the rest meanwhile
            raise HubError(f"{stream} did not send {left} more messages") from None
        for message in messages:
            yield kept_of(message)
        left -= len(messages)


def _events_of(message: Msg) -> Kept:
    parts = message.subject.split(".")
    is_link = parts[2] == "link"
    connection = parts[3] if is_link else "command"
    return Kept(_time(message), connection, "link" if is_link else "received", message.data)


def _telemetry_of(message: Msg) -> Kept:
    return Kept(_time(message), "telemetry", "received", message.data)


def _time(message: Msg) -> int:
    received = number_in(message.headers, RECEIVED)
    return received or int(message.metadata.timestamp.timestamp() * 1e9)


async def _merged(parts: Iterable[AsyncIterator[Kept]]) -> AsyncIterator[Kept]:
    """Yield the messages of several streams, in order of arrival."""
    heap: list[tuple[int, int, Kept, AsyncIterator[Kept]]] = []
    for number, part in enumerate(parts):
        await _push_next(heap, number, part)
    while heap:
        _, number, kept, part = heapq.heappop(heap)
        yield kept
        await _push_next(heap, number, part)


async def _push_next(
    heap: list[tuple[int, int, Kept, AsyncIterator[Kept]]], number: int, part: AsyncIterator[Kept]
) -> None:
    kept = await anext(part, None)
    if kept is not None:
        heapq.heappush(heap, (kept.time, number, kept, part))
