"""Sends commands through the hub, and returns their outcomes."""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime

from ..commands.outcome import CommandOutcome
from ..errors import (
    CommandLost,
    CommandStage,
    CommandTimeout,
    InvalidMessageError,
    NotConnectedError,
)
from ..wire.codec import Message, encode
from .errors import CommandRefused
from .outcomes import as_outcome
from .session import Session
from .subjects import ACK_TIMEOUT, DEADLINE, REQUEST_ID, Subjects

__all__ = ["LONGEST_TIMEOUT", "CommandCaller"]

#: Longest time of a command, in seconds.  A service refuses a later deadline, because it must
#: remember each request until its deadline is over.
LONGEST_TIMEOUT = 600.0

# Seconds added to the timeout of nats-py, so that our own deadline always comes first.
_GRACE = 5.0


@dataclass
class _Request:
    name: str
    subject: str
    request_id: str
    sent_at: float
    done: "Deferred[CommandOutcome]"
    deadline: IDelayedCall | None = None


class CommandCaller:
    """The pending commands of one reader.

    Parameters
    ----------
    subjects
        Names of the instance.
    call
        Calls a function in the loop of the present connection to the hub.
    threads
        Runs functions in the reactor's thread.
    clock
        Measures the deadlines.
    """

    def __init__(
        self,
        subjects: Subjects,
        call: Callable[[Callable[[Session], object]], bool],
        *,
        threads: IReactorFromThreads,
        clock: IReactorTime,
    ) -> None:
        self._subjects = subjects
        self._call = call
        self._threads = threads
        self._clock = clock
        self._requests: dict[str, _Request] = {}

    async def run(
        self,
        name: str,
        details: Message | None,
        ack_timeout: float | None,
        timeout: float | None,
        request_id: str | None,
    ) -> CommandOutcome:
        """Send a command; see `RemoteController.run_command`."""
        subject = self._subjects.of_command(name)
        if subject.rpartition(".")[2] != name:
            raise InvalidMessageError(f"The hub has no command {name!r}.")
        payload = encode(dict(details or {})).rstrip()
        seconds = _seconds(timeout)
        if seconds <= 0:
            reason = "had no time left to be answered in"
            raise CommandTimeout(reason, name, None, CommandStage.NEVER_SENT)
        headers = {
            DEADLINE: str(time.time_ns() + int(seconds * 1e9)),
            REQUEST_ID: request_id or secrets.token_hex(12),
            ACK_TIMEOUT: repr(_seconds(ack_timeout)),
        }
        done: Deferred[CommandOutcome] = Deferred()
        request = _Request(name, subject, headers[REQUEST_ID], self._clock.seconds(), done)
        # The request id cannot be the key, because another request may wait with
        # the same id.
        key = secrets.token_hex(8)
        self._send(key, request, payload, headers, seconds)
        try:
            return await done
        finally:
            self._requests.pop(key, None)
            if request.deadline is not None and request.deadline.active():
                request.deadline.cancel()

    def _send(
        self,
        key: str,
        request: _Request,
        payload: bytes,
        headers: dict[str, str],
        seconds: float,
    ) -> None:
        async def ask(session: Session) -> None:
            reply: bytes | Exception | None = None
            try:
                answer = await session.client.request(
                    request.subject, payload, timeout=seconds + _GRACE, headers=headers
                )
                reply = answer.data
            except NatsTimeoutError:
                pass  # the deadline in the reactor has already passed
            except (NatsError, OSError) as error:
                reply = error
            if reply is not None:
                self._threads.callFromThread(self._answered, key, reply)

        self._requests[key] = request
        if not self._call(lambda session: session.spawn(ask(session), is_question=True)):
            del self._requests[key]
            raise NotConnectedError("There is no connection to the hub.  Nothing was sent.")
        request.deadline = self._clock.callLater(seconds, self._too_late, key)

    def _answered(self, key: str, reply: bytes | Exception) -> None:
        request = self._requests.pop(key, None)
        if request is None:
            return
        try:
            if isinstance(reply, bytes):
                outcome = as_outcome(request.name, reply, request.sent_at)
            else:
                self._raise_unsent(request, reply)
        except Exception as error:
            request.done.errback(error)
        else:
            request.done.callback(outcome)

    def _raise_unsent(self, request: _Request, error: Exception) -> None:
        """Raise the error of a request that nats-py did not send."""
        instance = self._subjects.instance
        if isinstance(error, NoRespondersError):
            raise NotConnectedError(
                f"No service takes commands for {instance!r} now.  Nothing was sent."
            )
        raise NotConnectedError(f"The hub was lost.  Nothing was sent: {error}")

    def _too_late(self, key: str) -> None:
        request = self._requests.pop(key)
        waited = self._clock.seconds() - request.sent_at
        error = CommandTimeout(
            f"timed out after {waited:g} s", request.name, None, CommandStage.SENT
        )
        request.done.errback(error)

    def connection_lost(self) -> None:
        """Fail all commands, because no reply can come any more."""
        for key, request in list(self._requests.items()):
            if self._requests.pop(key, None) is not None:
                reason = "was lost with the connection to the hub"
                request.done.errback(CommandLost(reason, request.name, None, CommandStage.SENT))

    def forbidden(self, error: str) -> None:
        """Fail the commands that this user is not permitted to send, according to the server."""
        words = error.lower()
        if "permissions violation for publish" not in words:
            return
        for key, request in list(self._requests.items()):
            if f'"{request.subject}"'.lower() in words:
                del self._requests[key]
                reason = "was refused: this user of the hub may not send it"
                request.done.errback(
                    CommandRefused(reason, request.name, None, CommandStage.NEVER_SENT)
                )


def _seconds(timeout: float | None) -> float:
    """Return the seconds of a timeout; the longest time for None."""
    if timeout is None:
        return LONGEST_TIMEOUT
    if math.isnan(timeout):
        raise ValueError(f"The timeout must be None or a number, not {timeout!r}.")
    return min(timeout, LONGEST_TIMEOUT)
