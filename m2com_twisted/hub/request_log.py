"""Records each request on the hub before it is executed, so that none is executed twice."""

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

#: Seconds for the server to record a request.  If that takes longer, the command is not sent.
_TIMEOUT = 2.0

#: Codes of JetStream for "this subject already has a message".
_IS_THERE = (10071, 10164)

#: The field that only outcomes have, and requests do not have.
_OUTCOME = "outcome"


class RequestLog:
    """The requests of an instance, in their own stream.

    The server keeps the stream when it restarts or when the service restarts.  Each request
    has its own subject.  The first message of the subject claims the request, and the server
    accepts this message from only one publisher.  The second message contains the outcome.
    A list in the service alone was rejected: after a restart, the service would execute a
    repeat.

    Parameters
    ----------
    subjects
        Names of the instance.
    source
        Name of the service that claims the requests.
    """

    def __init__(self, subjects: Subjects, source: str) -> None:
        self._subjects = subjects
        self._source = source

    async def claim(self, session: Session, request: Request) -> bool:
        """Claim a request.  Return False if it was already claimed.

        Raises
        ------
        nats.errors.Error, OSError
            If the server did not answer in time.  The request may have been claimed.
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
        """Record the outcome of a request."""
        await self._jetstream(session).publish(
            self._subjects.of_request(request_id),
            json.dumps(reply).encode(),
            stream=self._subjects.requests_stream,
        )

    async def outcome(self, session: Session, request_id: str) -> Reply | None:
        """Return the outcome of a claimed request.  None if it is not recorded."""
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
        """Wait for the outcome of a request of another service.  None if there is no outcome."""
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
