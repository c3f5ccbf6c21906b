"""Sends the messages of an outbox.  Only events wait for an acknowledgement."""

import asyncio
import logging
from dataclasses import dataclass

from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError

from .outbox import Item, Lane, Outbox
from .reasons import in_words
from .session import Session, SessionEnded
from .streams import ensure_streams
from .subjects import RECEIVED, SEQUENCE, SOURCE
from .supply import Supply

__all__ = ["Sender", "SendingStats"]

#: Number of telemetry messages in a batch: ten cycles.
_TELEMETRY_BATCH = 200

#: Largest number of bytes in the buffer of nats-py.  Above it, messages stay in the outbox, where
#: they are limited and counted.
_PENDING_LIMIT = 2**18

#: Largest number of events without an acknowledgement.  With one at a time and a round trip of
#: 50 ms, only 20 events a second would be sent.
_LARGEST_BATCH = 64

#: Seconds for the acknowledgement of a batch.
_ACK_TIMEOUT = 4.0

#: Seconds until events that the server did not accept are sent again.
_RETRY_DELAY = 1.0

# Read once, because the value of an enum takes as long as a header.
_ID = Header.MSG_ID.value
_EXPECTED_LAST_ID = Header.EXPECTED_LAST_MSG_ID.value

#: Codes of JetStream for "the last message of the stream is another one".
_WRONG_LAST = (10070, 10071)


@dataclass
class SendingStats:
    """Counters of the messages that were sent, or could not be sent."""

    #: Number of telemetry messages passed to the connection.
    telemetry: int = 0
    #: Number of events that the server acknowledged.
    events: int = 0
    #: Number of messages that the server can never accept, for example one over a megabyte.
    unacceptable: int = 0


class Sender:
    """Sends the messages of an outbox, over one connection after the other.

    Events keep their order in the stream, even if some are refused or lost.  Each
    event names the message before it, so the server refuses the events after a
    lost one, and all are sent again from there.  The server recognizes a repeat by its
    id.

    Parameters
    ----------
    outbox
        The messages to send.
    streams
        The streams.  Missing ones are created.
    stats
        Counts the messages.
    log
        Logs problems.
    """

    def __init__(
        self,
        outbox: Outbox,
        streams: list[StreamConfig],
        stats: SendingStats,
        log: "logging.Logger | logging.LoggerAdapter[logging.Logger]",
    ) -> None:
        self._outbox = outbox
        self._streams = streams
        self._stats = stats
        self._log = log
        self._trouble = ""
        self._batch_size = _LARGEST_BATCH

    async def run(self, session: Session) -> None:
        """Send until the session must stop and the outbox is empty."""
        await asyncio.gather(self._send_telemetry(session), self._send_events(session))

    async def _send_telemetry(self, session: Session) -> None:
        lane = self._outbox.telemetry
        client = session.client
        source = _HeaderValue(lane.source)
        supply = Supply(self._outbox, lane, session)
        while items := await supply.next_items(_TELEMETRY_BATCH):
            for sequence, subject, payload, received in items:
                headers = _headers(source, sequence, received)
                try:
                    await client.publish(subject, payload, headers=headers)
                    self._stats.telemetry += 1
                except MaxPayloadError:
                    self._stats.unacceptable += 1
                # One by one, because the connection may be lost at any item.  The others stay
                # in the outbox for the next connection.
                lane.sent = sequence
            if client.pending_data_size > _PENDING_LIMIT:
                await client.flush()

    async def _send_events(self, session: Session) -> None:
        lane = self._outbox.events
        jetstream = session.client.jetstream(timeout=_ACK_TIMEOUT)
        await self._prepare(session, jetstream)
        supply = Supply(self._outbox, lane, session)
        while items := await supply.next_items(self._batch_size):
            problem = await self._send_batch(jetstream, lane, items)
            if problem is None:
                self._batch_size = min(2 * self._batch_size, _LARGEST_BATCH)
            elif isinstance(problem, APIError) and problem.err_code in _WRONG_LAST:
                # Another service also publishes, or an earlier event was lost.
                self._batch_size = 1
            elif session.stopping.is_set():
                return
            else:
                self._report(problem)
                await asyncio.sleep(_RETRY_DELAY)
                await self._prepare(session, jetstream)

    async def _prepare(self, session: Session, jetstream: JetStreamContext) -> None:
        """Create the missing streams, as soon as the server permits it."""
        while not session.stopping.is_set():
            try:
                made = await ensure_streams(jetstream, self._streams)
            except (APIError, NoStreamResponseError) as error:
                self._report(error)
                await asyncio.sleep(_RETRY_DELAY)
                continue
            if made:
                self._log.info("Made the streams %s", ", ".join(made))
            if self._trouble:
                self._log.warning("The hub takes events again")
                self._trouble = ""
            return

    async def _send_batch(
        self, jetstream: JetStreamContext, lane: Lane, items: list[Item]
    ) -> Exception | None:
        """Send events and wait.  Return the reason why the remaining ones were not accepted."""
        futures: list[asyncio.Future[PubAck]] = []
        source = _HeaderValue(lane.source)
        previous = ""
        for sequence, subject, payload, received in items:
            headers = _headers(source, sequence, received)
            if previous:
                headers[_EXPECTED_LAST_ID] = previous
            previous = headers[_ID]
            try:
                future = await jetstream.publish_async(
                    subject, payload, wait_stall=_ACK_TIMEOUT, headers=headers
                )
            except MaxPayloadError:
                if futures:
                    break  # the earlier events must be acknowledged first
                self._stats.unacceptable += 1
                lane.sent = sequence
                return None
            futures.append(future)
        _, late = await asyncio.wait(futures, timeout=_ACK_TIMEOUT)
        problem = self._note_acknowledged(lane, items, futures)
        if late:
            raise SessionEnded("no acknowledgement of an event")
        return problem

    def _note_acknowledged(
        self, lane: Lane, items: list[Item], futures: list["asyncio.Future[PubAck]"]
    ) -> Exception | None:
        """Remove the acknowledged events.  Return the problem of the first other event."""
        problems = [_problem(future) for future in futures]
        for (sequence, *_), problem in zip(items, problems, strict=False):
            if problem is not None:
                return problem
            lane.sent = sequence
            self._stats.events += 1
        return None

    def _report(self, problem: Exception) -> None:
        """Log a problem once, and not each second."""
        if str(problem) != self._trouble:
            self._trouble = str(problem)
            self._log.warning("The hub takes no events: %s", in_words(problem))


def _problem(future: "asyncio.Future[PubAck]") -> Exception | None:
    if not future.done():
        return asyncio.TimeoutError()
    error = future.exception()
    return error if isinstance(error, Exception) else None


class _HeaderValue(str):
    """Value of a header that holds no line break and no space.

    nats-py cleans each value.  It looks for line breaks with `str.translate`, which takes a
    quarter of the time of publishing.  These values come from numbers and checked names.
    """

    __slots__ = ()

    def strip(self, chars: str | None = None, /) -> str:
        return self

    def translate(self, table: object, /) -> str:
        return self


def _headers(source: str, sequence: int, received: int) -> dict[str, str]:
    return {
        RECEIVED: _HeaderValue(received),
        SOURCE: source,
        SEQUENCE: _HeaderValue(sequence),
        _ID: _HeaderValue(f"{source}:{sequence}"),
    }
