"""Notes each request on the hub before it is executed, so that none is executed twice."""

import asyncio
import json

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from .outcomes import Reply
from .requests import Request
from .session import Session
from .subjects import Subjects

__all__ = ["RequestLog"]

#: Seconds for the server to note a request; a command that takes longer to note
#: than this is not sent.
_TIMEOUT = 2.0

#: JetStream's codes for "there is a message of this subject already".
_IS_THERE = (10071, 10164)

#: The field that tells an outcome from the request itself.
_OUTCOME = "outcome"


class RequestLog:
    """The requests of an instance, in a stream of its own.

    Its server keeps it over restarts of itself and of the service.  A request
    is claimed by the first message of its subject, which the server takes from
    one publisher only; the second message says what became of it.  Rejected:
    to remember requests in the service alone, which executes a repeat after
    its restart.

    Parameters
    ----------
    subjects
        Names of the instance.
    source
        The service that claims.
    """

    def __init__(self, subjects: Subjects, source: str) -> None:
        self._subjects = subjects
        self._source = source

    async def claim(self, session: Session, request: Request) -> bool:
        """Claim a request; return False if it was claimed before.

        Raises
        ------
        nats.errors.Error, OSError
            If the server did not say so in time: it may have been claimed.
        """
        note = {
            "command": request.name,
            "details": request.details,
            "deadline": request.deadline,
            "service": self._source,
        }
        try:
            await self._jetstream(session).publish(
                self._subjects.of_request(request.request_id),
                json.dumps(note).encode(),
                stream=self._subjects.requests_stream,
                headers={Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: "0"},
            )
        except APIError as error:
            if error.err_code in _IS_THERE:
                return False
            raise
        return True

    async def note_outcome(self, session: Session, request_id: str, reply: Reply) -> None:
        """Note what became of a request."""
        await self._jetstream(session).publish(
            self._subjects.of_request(request_id),
            json.dumps(reply).encode(),
            stream=self._subjects.requests_stream,
        )

    async def outcome(self, session: Session, request_id: str) -> Reply | None:
        """Return what became of a request that was claimed; None if that is not noted."""
        try:
            message = await self._jetstream(session).get_last_msg(
                self._subjects.requests_stream, self._subjects.of_request(request_id)
            )
        except NotFoundError:
            return None
        noted = json.loads(message.data or b"{}")
        return noted if _OUTCOME in noted else None

    async def wait_for_outcome(
        self, session: Session, request_id: str, seconds: float
    ) -> Reply | None:
        """Return what becomes of a request that another service executes; None if nothing does."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                reply = await self.outcome(session, request_id)
            except (NatsError, OSError):
                reply = None
            left = give_up_at - asyncio.get_running_loop().time()
            if reply is not None or left <= 0:
                return reply
            await asyncio.sleep(min(0.2, left))

    def _jetstream(self, session: Session) -> JetStreamContext:
        return session.client.jetstream(timeout=_TIMEOUT)
