"""Reads an instance over one connection: first the last values, then live messages, in order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from .session import Session, SessionEnded
from .subjects import SEQUENCE, SOURCE, Subjects

__all__ = ["Arrived", "Reading", "Told"]

#: Seconds for one answer of the server about its streams.
_REQUEST_TIMEOUT = 4.0

#: Seconds to wait for a sign of life, of which there is one a second.
_SIGN_OF_LIFE_TIMEOUT = 2.5

#: Seconds between two questions whether our consumer is still there.  It is
#: not after its server of a cluster was lost.
_CONSUMER_CHECK = 5.0

#: Seconds until the streams are looked for again, where there are none yet.
_NO_STREAM_DELAY = 1.0

#: Seconds after which the server forgets a consumer whose reader is gone.
_FORGOTTEN_AFTER = 30.0

#: Messages that may wait inside nats-py, of one subscription: 25 s of telemetry.
_PENDING = 10_000

#: The header in which the stream of last values says where a message comes from.
_ORIGIN = "Nats-Stream-Source"


@dataclass(frozen=True)
class Arrived:
    """One message off the hub."""

    subject: str
    payload: bytes
    source: str
    sequence: int
    #: Whether it is a last value, from before this reader came.
    is_last_value: bool = False


@dataclass(frozen=True)
class Told:
    """Something about the reading itself."""

    #: ``"caught up"``: what follows is live.
    #: ``"began anew"``: the server's memory is another one.
    what: str
    #: When it has caught up for the first time: the last values, all together, so that
    #: nobody acts on a part of them.
    values: tuple[Arrived, ...] = ()


class Reading:
    """Reads one instance, over one connection after the other.

    Parameters
    ----------
    subjects
        Names of the instance.
    arrived
        Called in the thread of the hub for all that comes, in order.
    """

    def __init__(self, subjects: Subjects, arrived: Callable[[Arrived | Told], object]) -> None:
        self._subjects = subjects
        self._arrived = arrived
        # The place to go on from after a loss: the stream, known by the time of its
        # creation, and the last message that was read from it.
        self._born: datetime | None = None
        self._position = 0
        self._heard = asyncio.Event()

    async def run(self, session: Session) -> None:
        """Read until the session is to stop."""
        client, subjects = session.client, self._subjects
        self._heard = asyncio.Event()
        for subject in (subjects.alive, subjects.telemetry):
            await client.subscribe(subject, cb=self._take_live, pending_msgs_limit=_PENDING)
        events = asyncio.ensure_future(self._read_events(session))
        stopping = asyncio.ensure_future(session.stopping.wait())
        try:
            await asyncio.wait({events, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if events.done():
                events.result()
        finally:
            for task in (events, stopping):
                task.cancel()

    async def _take_live(self, message: Msg) -> None:
        self._arrived(_arrived(message))
        if message.subject == self._subjects.alive:
            self._heard.set()

    async def _read_events(self, session: Session) -> None:
        jetstream = session.client.jetstream(timeout=_REQUEST_TIMEOUT)
        stream = self._subjects.events_stream
        info = await _stream_info(jetstream, stream)
        is_another = self._born != info.created or self._position > info.state.last_seq
        if is_another and self._born is not None:
            self._arrived(Told("began anew"))
            # Until all last values are here, there is no place to go on from.
            self._born = None
        begin = asyncio.Event()
        # Up to which message of the stream they are those from before.
        behind = 0
        values: list[Arrived] = []

        def caught_up(position: int) -> None:
            self._born, self._position = info.created, position
            self._arrived(Told("caught up", tuple(values)))

        async def take(message: Msg) -> None:
            await begin.wait()
            position = message.metadata.sequence.stream
            if is_another and position <= behind:
                values.append(_arrived(message, is_last_value=True))
                if position == behind:
                    caught_up(position)
                return
            was_behind = self._position < behind
            self._position = position
            self._arrived(_arrived(message))
            if was_behind and position >= behind:
                self._arrived(Told("caught up"))

        subscription = await _consume(jetstream, stream, take, self._start_config(is_another))
        # Asked when the server has settled where this reader begins.
        behind = (await jetstream.stream_info(stream)).state.last_seq
        if is_another:
            values += await self._old_values(jetstream, before=info.state.first_seq)
        if (0 if is_another else self._position) >= behind:
            caught_up(behind)
        begin.set()
        await _watch_consumer(subscription)

    def _start_config(self, is_another: bool) -> ConsumerConfig:
        if is_another:
            return ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        return ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._position + 1
        )

    async def _old_values(self, jetstream: JetStreamContext, before: int) -> list[Arrived]:
        """Return the values that are so old that they are kept nowhere but among the last values.

        First it waits for a sign of life, which tells whether the values are
        those of a service that is connected now.

        Parameters
        ----------
        before
            The stream of events is read from this message on, so only older ones are
            looked for.
        """
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._heard.wait(), _SIGN_OF_LIFE_TIMEOUT)
        values: list[Arrived] = []
        complete = asyncio.Event()

        async def take(message: Msg) -> None:
            # "stream sequence filter destination subject": what it was copied from.
            origin = (message.headers or {}).get(_ORIGIN, "").split()
            if len(origin) > 1 and int(origin[1]) < before:
                values.append(_arrived(message, is_last_value=True))
            if message.metadata.num_pending == 0:
                complete.set()

        stream = self._subjects.last_stream
        config = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        try:
            waiting = (await jetstream.stream_info(stream)).state.messages
        except NotFoundError:
            return values
        # If the stream has never dropped a message, there is nothing to look for.
        if waiting and before > 1:
            subscription = await _consume(jetstream, stream, take, config)
            await asyncio.wait_for(complete.wait(), _REQUEST_TIMEOUT)
            await subscription.unsubscribe()
        return values


async def _stream_info(jetstream: JetStreamContext, stream: str) -> StreamInfo:
    """Return what the server knows of a stream, as soon as there is one."""
    while True:
        try:
            return await jetstream.stream_info(stream)
        except NotFoundError:
            # No service has ever run there.
            await asyncio.sleep(_NO_STREAM_DELAY)


async def _consume(
    jetstream: JetStreamContext,
    stream: str,
    take: Callable[[Msg], Awaitable[None]],
    config: ConsumerConfig,
) -> JetStreamContext.PushSubscription:
    """Call a function with each message of a stream."""
    config.ack_policy = AckPolicy.NONE
    config.inactive_threshold = _FORGOTTEN_AFTER
    config.mem_storage = True
    config.num_replicas = 1
    return await jetstream.subscribe(
        ">", stream=stream, config=config, cb=take, pending_msgs_limit=_PENDING
    )


async def _watch_consumer(subscription: JetStreamContext.PushSubscription) -> None:
    """Raise when the server has forgotten our consumer: nothing more would come."""
    while True:
        await asyncio.sleep(_CONSUMER_CHECK)
        try:
            await subscription.consumer_info()
        except NotFoundError:
            raise SessionEnded("the server has forgotten where this reader was") from None


def _arrived(message: Msg, is_last_value: bool = False) -> Arrived:
    headers = message.headers or {}
    sequence = headers.get(SEQUENCE, "")
    return Arrived(
        message.subject,
        message.data,
        headers.get(SOURCE, ""),
        int(sequence) if sequence.isdecimal() else 0,
        is_last_value,
    )
