"""Sends an outbox over one connection: telemetry at once, events with acknowledgement."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError

from .outbox import Item, Lane, Outbox
from .session import Session, SessionEnded
from .streams import ensure_streams
from .subjects import RECEIVED, SEQUENCE, SOURCE

__all__ = ["Sender", "SendingStats"]

#: Messages of telemetry that are taken at once: ten cycles.
_TELEMETRY_BATCH = 200

#: Bytes that may wait inside nats-py; beyond that its socket takes no more, and
#: messages wait in the outbox, where they are bounded and counted.
_PENDING_LIMIT = 2**18

#: Events that are on their way unacknowledged.  One at a time would be 20 a
#: second where the server is 50 ms away.
_LARGEST_BATCH = 64

#: Seconds for the acknowledgement of a batch.
_ACK_TIMEOUT = 4.0

#: Seconds until events that the server did not take are sent again.
_RETRY_DELAY = 1.0

#: JetStream's codes for "the last message of the stream is another one".
_WRONG_LAST = (10070, 10071)


@dataclass
class SendingStats:
    """Counters of the messages that were sent, or could not be sent."""

    #: Messages of telemetry handed to the connection.
    telemetry: int = 0
    #: Events that the server acknowledged.
    events: int = 0
    #: Messages that the server can never take, such as one of over a megabyte.
    unacceptable: int = 0


class Sender:
    """Sends what is in an outbox, over one connection after the other.

    Events keep their order in the stream, whatever is refused or lost: each
    says which message it follows, so the server refuses what comes after a
    loss, and all is sent again from there.  The server knows a repeat by its
    id.

    Parameters
    ----------
    outbox
        What to send.
    streams
        The streams, made where they are missing.
    stats
        Where messages are counted.
    log
        Where trouble is reported.
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
        """Send until the session is to stop and nothing waits any more."""
        await asyncio.gather(self._send_telemetry(session), self._send_events(session))

    async def _wait(self, session: Session, wake: asyncio.Event) -> bool:
        """Wait until there is something to send; return False if it is time to stop."""
        if session.stopping.is_set():
            return False
        waits = [asyncio.ensure_future(event.wait()) for event in (wake, session.stopping)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return True

    async def _take(self, session: Session, lane: Lane, count: int) -> list[Item]:
        """Return the first items of a lane, as soon as there are any; no items at the end."""
        loop = asyncio.get_running_loop()
        while True:
            wake = asyncio.Event()

            def woken(wake: asyncio.Event = wake) -> None:
                # The loop may be closed by then; the next session looks again.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(wake.set)

            items = self._outbox.peek(lane, count, woken)
            if items or not await self._wait(session, wake):
                return items

    async def _send_telemetry(self, session: Session) -> None:
        lane = self._outbox.telemetry
        client = session.client
        while items := await self._take(session, lane, _TELEMETRY_BATCH):
            for item in items:
                try:
                    await client.publish(
                        item.subject, item.payload, headers=_headers(lane.source, item)
                    )
                    self._stats.telemetry += 1
                except MaxPayloadError:
                    self._stats.unacceptable += 1
                lane.sent = item.sequence
                # One by one: the connection may be lost at any of them, and
                # the others wait for the next.
                self._outbox.remove(lane, item.sequence)
            if client.pending_data_size > _PENDING_LIMIT:
                await client.flush()

    async def _send_events(self, session: Session) -> None:
        lane = self._outbox.events
        jetstream = session.client.jetstream(timeout=_ACK_TIMEOUT)
        await self._prepare(session, jetstream)
        while items := await self._take(session, lane, self._batch_size):
            problem = await self._send_batch(jetstream, lane, items)
            if problem is None:
                self._batch_size = min(2 * self._batch_size, _LARGEST_BATCH)
            elif isinstance(problem, APIError) and problem.err_code in _WRONG_LAST:
                # Another service publishes as well, or one before it was lost.
                self._batch_size = 1
            elif session.stopping.is_set():
                return
            else:
                self._report(problem)
                await asyncio.sleep(_RETRY_DELAY)
                await self._prepare(session, jetstream)

    async def _prepare(self, session: Session, jetstream: JetStreamContext) -> None:
        """Make the streams that are missing, as soon as the server lets us."""
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
                self._log.info("The hub takes events again")
                self._trouble = ""
            return

    async def _send_batch(
        self, jetstream: JetStreamContext, lane: Lane, items: list[Item]
    ) -> Exception | None:
        """Send events and wait; return why those that are left were not taken."""
        futures: list[asyncio.Future[PubAck]] = []
        for item, previous in zip(items, [None, *items], strict=False):
            headers = _headers(lane.source, item)
            if previous is not None:
                headers[Header.EXPECTED_LAST_MSG_ID.value] = _id(lane.source, previous)
            try:
                future = await jetstream.publish_async(
                    item.subject, item.payload, wait_stall=_ACK_TIMEOUT, headers=headers
                )
            except MaxPayloadError:
                if futures:
                    break  # those before it first
                self._stats.unacceptable += 1
                self._outbox.remove(lane, item.sequence)
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
        """Remove the events up to the first that was not acknowledged; return its problem."""
        problems = [_problem(future) for future in futures]
        for item, problem in zip(items, problems, strict=False):
            if problem is not None:
                return problem
            self._outbox.remove(lane, item.sequence)
            self._stats.events += 1
        return None

    def _report(self, problem: Exception) -> None:
        """Log trouble once, not each second."""
        if str(problem) != self._trouble:
            self._trouble = str(problem)
            self._log.warning("The hub takes no events: %s: %s", type(problem).__name__, problem)


def _problem(future: "asyncio.Future[PubAck]") -> Exception | None:
    if not future.done():
        return asyncio.TimeoutError()
    error = future.exception()
    return error if isinstance(error, Exception) else None


def _id(source: str, item: Item) -> str:
    return f"{source}:{item.sequence}"


def _headers(source: str, item: Item) -> dict[str, str]:
    return {
        RECEIVED: str(item.received),
        SOURCE: source,
        SEQUENCE: str(item.sequence),
        Header.MSG_ID.value: _id(source, item),
    }
