"""Takes commands from the hub and lets the service send them, each at most once."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from ..commands.outcome import CommandOutcome
from ..support.log import NamedLog
from ..wire.codec import Message
from .outcomes import Reply, of_error, of_outcome, untried
from .request_log import RequestLog
from .requests import Request, parse_request
from .session import Session
from .subjects import Subjects

__all__ = ["CommandServer", "RunCommand"]

#: Number of requests that are remembered here.  The hub remembers all.
_REMEMBERED = 1000

#: Seconds between two checks that the service is connected, and between two checks for
#: another service that takes commands.
_LOOK_INTERVAL = 0.05
_STAND_BY_INTERVAL = 2.0

#: Seconds to wait for the reply of another service that takes commands.
_ASK_TIMEOUT = 0.5

#: A command gets less time than its caller waits, so that the outcome arrives before the deadline.
#: The first value is that difference as a part of the time; the second is its limit in seconds.
_MARGIN, _LONGEST_MARGIN = 0.2, 0.5

_UNKNOWN: Reply = {
    "outcome": "lost",
    "stage": "SENT",
    "outcome_unknown": True,
    "sequence_id": None,
    "reason": "was taken by a service that has not reported its outcome",
}


class RunCommand(Protocol):
    """`CellControllerService.run_command`."""

    def __call__(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> Coroutine[Deferred[Any], Any, CommandOutcome]:
        """Send a command and wait until the controller has executed it."""


@dataclass
class _Known:
    """A request, and the messages that wait for its reply."""

    request: Request
    reply_to: list[str] = field(default_factory=list)
    #: The reply, once the outcome is known.
    reply: Reply | None = None
    is_noted: bool = False


class CommandServer:
    """Executes the commands that are sent to an instance.

    Before a request is executed, it is claimed on the hub, and the hub accepts only one
    claim.  So no request is executed twice, even if it is repeated, if two services take
    commands, or if this one is restarted.

    Two threads use this object.  Requests and replies are handled in the thread of the hub.
    Commands run in the reactor's thread.

    Parameters
    ----------
    subjects
        Names of the instance.
    source
        Name of this service.
    run_command
        Sends a command to the controller.
    is_connected
        Whether the connection for commands is up.
    allowed
        Names of the commands that may be executed.  The others are refused.
    call
        Calls a function in the loop of the present connection to the hub.
    reactor
        The reactor.
    log
        Logs the commands and changes of this server.
    """

    def __init__(
        self,
        subjects: Subjects,
        source: str,
        run_command: RunCommand,
        is_connected: Callable[[], bool],
        allowed: Collection[str],
        *,
        call: Callable[[Callable[[Session], object]], bool],
        reactor: IReactorFromThreads,
        log: NamedLog | logging.Logger,
    ) -> None:
        self._subjects = subjects
        self._source = source
        self._run_command = run_command
        self._is_connected = is_connected
        self._allowed = frozenset(allowed)
        self._call = call
        self._reactor = reactor
        self._log = log
        self._requests = RequestLog(subjects, source)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._stands_by = False
        #: Whether requests reach this server now.
        self.takes_commands = False

    async def run(self, session: Session) -> None:
        """Take commands over one connection to the hub while the service is connected."""
        for known in list(self._known.values()):
            self._reply(session, known)
        while not session.stopping.is_set():
            if not self._is_connected():
                await asyncio.sleep(_LOOK_INTERVAL)
            elif await self._another_serves(session):
                await asyncio.sleep(_STAND_BY_INTERVAL)
            else:
                await self._serve(session)

    async def _another_serves(self, session: Session) -> bool:
        try:
            await session.client.request(self._subjects.server, b"", timeout=_ASK_TIMEOUT)
        except (NoRespondersError, NatsTimeoutError):
            # A service that does not answer is a dead connection that the server has not
            # detected yet, for example our own last one.
            return False
        if not self._stands_by:
            self._stands_by = True
            self._log.warning("Another service takes the commands: this one stands by")
        return True

    async def _serve(self, session: Session) -> None:
        client = session.client

        async def requested(message: Msg) -> None:
            await self._requested(session, message)

        async def asked(message: Msg) -> None:
            await message.respond(self._source.encode())

        subscriptions = [
            await client.subscribe(self._subjects.commands, cb=requested),
            await client.subscribe(self._subjects.server, cb=asked),
        ]
        # After the server has answered, it certainly has the subscriptions.
        await client.flush()
        self.takes_commands = True
        # A warning said that this service stands by, so a warning also says that it took over.
        level = logging.WARNING if self._stands_by else logging.INFO
        self._stands_by = False
        self._log.log(level, "Takes commands from the hub: %s", ", ".join(sorted(self._allowed)))
        try:
            while self._is_connected() and not session.stopping.is_set():
                await asyncio.sleep(_LOOK_INTERVAL)
        finally:
            self.takes_commands = False
        for subscription in subscriptions:
            # Not `unsubscribe`, which drops the requests that have already arrived.  Their callers
            # would wait for a reply that never comes.
            await subscription.drain()  # type: ignore[no-untyped-call]  # has no annotations
        self._log.info("Takes no commands from the hub now")

    async def _requested(self, session: Session, message: Msg) -> None:
        """Take one request.  The next one is taken after the claim, which keeps their order."""
        request = parse_request(message, self._allowed)
        if not isinstance(request, Request):
            self._log.info("Command %s %s", message.subject, request["reason"])
            await message.respond(json.dumps(request).encode())
            return
        known = self._known.get(request.request_id)
        if known is not None:
            known.reply_to.append(message.reply)
            self._reply(session, known)
            return
        known = _Known(request, [message.reply])
        self._remember(known)
        try:
            is_ours = await self._requests.claim(session, request)
        except (NatsError, OSError, ValueError) as error:
            reason = f"was not sent: the hub did not note it: {error}"
            self._finished(known, untried("not_sent", reason))
        except BaseException:
            # The connection is lost.  A repeat of the request finds out whether it was claimed.
            del self._known[request.request_id]
            raise
        else:
            if is_ours:
                self._reactor.callFromThread(self._execute, known)
            else:
                session.spawn(self._ask_outcome(session, known), is_question=True)

    def _remember(self, known: _Known) -> None:
        self._known[known.request.request_id] = known
        for request_id, old in list(self._known.items())[:-_REMEMBERED]:
            if old.is_noted:
                del self._known[request_id]

    async def _ask_outcome(self, session: Session, known: _Known) -> None:
        """Answer a request that was claimed by another service, or before our restart."""
        request = known.request
        seconds = request.seconds_left - _margin(request.seconds_left)
        reply = await self._requests.wait_for_outcome(session, request.request_id, seconds)
        del self._known[request.request_id]
        known.reply, known.is_noted = reply or _UNKNOWN, True
        self._reply(session, known)

    def _execute(self, known: _Known) -> None:
        """Run a command, in the reactor's thread."""
        request = known.request
        left = request.seconds_left
        if left <= 0:
            self._finished(known, untried("expired", "came to its turn after its deadline"))
            return
        self._log.info("Runs %s for the hub (request %s)", request.name, request.request_id)
        timeout = left - _margin(left)
        running = Deferred.fromCoroutine(
            self._run_command(
                request.name,
                request.details,
                ack_timeout=min(request.ack_timeout, timeout),
                timeout=timeout,
            )
        )

        running.addCallbacks(of_outcome, _of_failure)
        running.addCallback(partial(self._finished, known))

    def _finished(self, known: _Known, reply: Reply) -> None:
        """Store the outcome of a request.  Both threads may call this."""
        self._log.info("%s of the hub: %s", known.request.name, reply["outcome"])
        known.reply = reply
        # If there is no connection, the reply is sent at the beginning of the next
        # one.
        self._call(lambda session: self._reply(session, known))

    def _reply(self, session: Session, known: _Known) -> None:
        """Send the reply to all waiting messages and record the outcome, in the hub's thread."""
        reply = known.reply
        if reply is None:
            return
        payload = json.dumps(reply).encode()
        waiting, known.reply_to = known.reply_to, []
        for reply_to in filter(None, waiting):
            session.spawn(session.client.publish(reply_to, payload))
        if not known.is_noted:
            session.spawn(self._note(session, known, reply))

    async def _note(self, session: Session, known: _Known, reply: Reply) -> None:
        await self._requests.note_outcome(session, known.request.request_id, reply)
        known.is_noted = True


def _of_failure(failure: Failure) -> Reply:
    return of_error(failure.value)


def _margin(seconds: float) -> float:
    return min(seconds * _MARGIN, _LONGEST_MARGIN)
