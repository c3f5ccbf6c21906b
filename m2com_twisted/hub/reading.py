"""Reads messages over one connection: first the last values, then the new messages, in order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError, ServiceUnavailableError

from .arrived import Arrived, ReadingNotice, arrived_from
from .session import Session, SessionEnded
from .subjects import Subjects

__all__ = ["Reading"]

#: Seconds for a reply of the server about its streams.
_REQUEST_TIMEOUT = 4.0

#: Seconds to wait for a heartbeat, which is sent once a second.
_HEARTBEAT_TIMEOUT = 2.5

#: Seconds between two checks that our consumer exists.  It is gone if the cluster has lost the
#: server that held it.
_CONSUMER_CHECK = 5.0

#: Seconds until the next check for the streams, if they do not exist yet.
_NO_STREAM_DELAY = 1.0

#: Seconds after which the server deletes the consumer of a reader that is gone.
_FORGOTTEN_AFTER = 30.0

#: A reader whose first connection came this many seconds after its start gets all events since its
#: start, and not only the last values.  The clocks of reader and server may differ by so much.
_LATE = timedelta(seconds=1)

#: Largest number of messages in the queue of nats-py for one subscription: 25 s of telemetry.
_PENDING = 10_000

#: The header, in the stream of last values, that contains the origin of a message.
_ORIGIN = "Nats-Stream-Source"


class Reading:
    """Reads one instance, over one connection after the other.

    Parameters
    ----------
    subjects
        Names of the instance.
    arrived
        Called in the thread of the hub with each message and notice, in order.
    """

    def __init__(
        self, subjects: Subjects, arrived: Callable[[Arrived | ReadingNotice], object]
    ) -> None:
        self._subjects = subjects
        self._arrived = arrived
        # The position from which reading continues after a lost connection: the stream,
        # identified by its time of creation, and the last message read from it.
        self._born: datetime | None = None
        self._position = 0
        # When this reader was started, until it has caught up for the first time.
        self._started: datetime | None = datetime.now(timezone.utc)
        self._heartbeat_seen = asyncio.Event()

    async def run(self, session: Session) -> None:
        """Read until the session must stop."""
        client, subjects = session.client, self._subjects
        self._heartbeat_seen = asyncio.Event()
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
        self._arrived(arrived_from(message))
        if message.subject == self._subjects.alive:
            self._heartbeat_seen.set()

    async def _read_events(self, session: Session) -> None:
        jetstream = session.client.jetstream(timeout=_REQUEST_TIMEOUT)
        stream = self._subjects.events_stream
        info = await self._stream_info(jetstream, stream)
        is_another = self._is_another(info)
        since = self._waiting_since() if is_another else None
        events = _Events(self, info, is_another, since)
        config = self._start_config(is_another, since)
        subscription = await _consume(jetstream, stream, events.take, config)
        # This is requested after the server has fixed the first message for this reader.
        events.behind = (await jetstream.stream_info(stream)).state.last_seq
        nothing_to_come = await _has_nothing(subscription)
        if is_another:
            before = info.state.first_seq
            if since is not None and nothing_to_come:
                before = events.behind + 1
            elif since is not None:
                before = await asyncio.wait_for(events.first, _REQUEST_TIMEOUT)
            events.values += await self._old_values(jetstream, before)
        if nothing_to_come:
            events.catch_up(events.behind)
        events.begin.set()
        await _watch_consumer(subscription)

    def take_event(self, event: Arrived, position: int) -> None:
        """Pass on an event of the stream, and note its position."""
        self._position = position
        self._arrived(event)

    def catch_up(self, info: StreamInfo, position: int, values: list[Arrived]) -> None:
        """Pass on that the reader is up to date at a position of the stream."""
        self._started = None
        self._born, self._position = info.created, position
        self._arrived(ReadingNotice("caught up", tuple(values)))

    async def _stream_info(self, jetstream: JetStreamContext, stream: str) -> StreamInfo:
        """Return the server's information about a stream, as soon as the stream exists."""
        told = ""
        while True:
            try:
                return await jetstream.stream_info(stream)
            except NotFoundError:
                missing = "no stream"
            except ServiceUnavailableError:
                missing = "no JetStream"
            if missing != told:
                self._arrived(ReadingNotice(missing))
                told = missing
            await asyncio.sleep(_NO_STREAM_DELAY)

    def _is_another(self, info: StreamInfo) -> bool:
        """Return whether the server has another stream than before.  Report it, too."""
        is_another = self._born != info.created or self._position > info.state.last_seq
        if is_another and self._born is not None:
            self._arrived(ReadingNotice("began anew"))
            # Until all last values have arrived, there is no position to continue from.
            self._born = None
        return is_another

    def _waiting_since(self) -> datetime | None:
        """Return the start of this reader, if it has waited for the hub since then."""
        if self._started is None or datetime.now(timezone.utc) - self._started < _LATE:
            return None
        return self._started

    def _start_config(self, is_another: bool, since: datetime | None) -> ConsumerConfig:
        if since is not None:
            return ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=since)
        if is_another:
            return ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        return ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._position + 1
        )

    async def _old_values(self, jetstream: JetStreamContext, before: int) -> list[Arrived]:
        """Return the old values that only the stream of last values still contains.

        First it waits for a heartbeat, which shows whether the values come from a service that
        is connected now.

        Parameters
        ----------
        before
            Number of the first message that is read from the stream of events.  Only older
            values are returned.
        """
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._heartbeat_seen.wait(), _HEARTBEAT_TIMEOUT)
        values: list[Arrived] = []
        complete = asyncio.Event()

        async def take(message: Msg) -> None:
            # "stream sequence filter destination subject" of the original message.
            origin = (message.headers or {}).get(_ORIGIN, "").split()
            if len(origin) > 1 and int(origin[1]) < before:
                values.append(arrived_from(message, is_last_value=True))
            if message.metadata.num_pending == 0:
                complete.set()

        stream = self._subjects.last_stream
        config = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        try:
            waiting = (await jetstream.stream_info(stream)).state.messages
        except NotFoundError:
            return values
        # If the stream has never deleted a message, there are no older values.
        if waiting and before > 1:
            subscription = await _consume(jetstream, stream, take, config)
            await asyncio.wait_for(complete.wait(), _REQUEST_TIMEOUT)
            await subscription.unsubscribe()
        return values


class _Events:
    """Takes the events of one connection.

    Parameters
    ----------
    reading
        Gets the events.
    info
        The stream.
    is_another
        Whether the reader has read nothing of this stream before.  Then the events that are older
        than this connection come together.
    since
        The start of the reader, if the server sends all events since then.  None: it sends the
        last value of each subject.
    """

    def __init__(
        self, reading: Reading, info: StreamInfo, is_another: bool, since: datetime | None
    ) -> None:
        self._reading = reading
        self._info = info
        self._is_another = is_another
        self._since = since
        self._caught_up = False
        #: Set when the events may be passed on.
        self.begin = asyncio.Event()
        #: Number of the first event that the server has for this reader.
        self.first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        #: Number of the last event of the stream that is older than this connection.
        self.behind = 0
        #: The events that come together.
        self.values: list[Arrived] = []

    async def take(self, message: Msg) -> None:
        """Take an event of the stream."""
        position = message.metadata.sequence.stream
        if not self.first.done():
            self.first.set_result(position)
        await self.begin.wait()
        if not self._caught_up and position > self.behind:
            # The last events before this one have expired, or were lost with the server.
            self.catch_up(self.behind)
        if self._caught_up or not self._is_another:
            self._reading.take_event(arrived_from(message), position)
        else:
            self.values.append(arrived_from(message, is_last_value=self._since is None))
        if not self._caught_up and (position == self.behind or message.metadata.num_pending == 0):
            self.catch_up(position)

    def catch_up(self, position: int) -> None:
        """Pass on the events that come together.  Those after them are new."""
        self._caught_up = True
        self._reading.catch_up(self._info, position, self.values)


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


async def _has_nothing(subscription: JetStreamContext.PushSubscription) -> bool:
    """Return whether the server has sent no message to our consumer, and has none to send."""
    info = await subscription.consumer_info()
    delivered = info.delivered
    return not info.num_pending and (delivered is None or delivered.consumer_seq == 0)


async def _watch_consumer(subscription: JetStreamContext.PushSubscription) -> None:
    """Raise an error when the server has deleted our consumer, because no message would come."""
    while True:
        await asyncio.sleep(_CONSUMER_CHECK)
        try:
            await subscription.consumer_info()
        except NotFoundError:
            raise SessionEnded("the server has deleted the consumer of this reader") from None
