"""A connection to the hub, in a thread with its own event loop.

nats-py needs asyncio, but the reactor may be of any kind.  So nats-py runs in a
thread, in the same way under every reactor.  If the server stops reading, nats-py can hang in
almost any call.  So a connection without a PONG is abandoned together with its event loop, and a
new connection begins.  For this reason, this module reconnects, and not nats-py.
"""

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Callable
from functools import partial

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import UnexpectedEOF
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads

from ..errors import NotConnectedError
from .errors import HubRefusedError
from .loop import AbandonableLoop
from .reasons import no_connection, no_tls
from .session import HubError, Session, SessionEnded, Work
from .settings import HubSettings

__all__ = ["HubConnection"]

#: Seconds for connecting, including the handshakes.
_CONNECT_TIMEOUT = 6.0

#: Seconds between two PINGs, and seconds until the PONG must arrive.  Together, a dead connection
#: is detected after 6 s at most.
_PING_INTERVAL = 2.0
_PONG_TIMEOUT = 4.0

#: Shortest and longest delay before the next attempt, in seconds.
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 2.0

#: Errors of an attempt that need no traceback in the log.
_EXPECTED = (NatsError, HubError, SessionEnded, NotConnectedError, OSError, asyncio.TimeoutError)

#: Seconds for the work to end when the connection is to be closed.
_CLOSE_TIMEOUT = 3.0


class HubConnection:
    """Connects to the hub, reconnects after a loss, and does its work over each connection.

    Parameters
    ----------
    settings
        Address and credentials of the hub.
    name
        Name of the client, shown by the server.
    work
        Called in the thread of the hub for each connection.
    changed
        Called in the thread of the hub when a connection is made (True), before the work begins,
        and when it is lost (False), after the work has ended.
    server_error
        Called in the thread of the hub with each error that the server reports,
        such as a subject that this user may not publish to.
    refused
        Called in the thread of the hub with the reason when every server has refused this user,
        or cannot be trusted.  None: such a refusal is logged.  In both cases it is tried again,
        because the users of the server may change.
    reactor
        The reactor.
    log
        Logs losses.  It is used from the thread.
    """

    def __init__(
        self,
        settings: HubSettings,
        name: str,
        work: Work,
        changed: Callable[[bool], object],
        *,
        server_error: Callable[[str], object] | None = None,
        refused: Callable[[HubRefusedError], object] | None = None,
        reactor: IReactorFromThreads,
        log: "logging.Logger | logging.LoggerAdapter[logging.Logger]",
    ) -> None:
        self._settings = settings
        self._name = name
        self._work = work
        self._changed = changed
        self._server_error = server_error
        self._refused = refused
        self._reactor = reactor
        self._log = log
        self._thread: threading.Thread | None = None
        self._stop_requested = threading.Event()
        self._lock = threading.Lock()
        self._loop: AbandonableLoop | None = None
        self._session: Session | None = None
        self._ended: Deferred[None] | None = None
        self._attempts = 0
        # Number of attempts in a row that a server refused.
        self._refusals = 0
        # Whether a problem was logged since the last connection.
        self._was_reported = False
        #: Connections made.
        self.connects = 0
        #: Why the last attempt failed or the last connection was lost.
        self.last_error: NotConnectedError | None = None

    def start(self) -> None:
        """Start to connect."""
        self._stop_requested.clear()
        self._ended = Deferred()
        # A daemon thread, so that a hanging name lookup does not delay the end of the process.
        self._thread = threading.Thread(target=self._run, name=f"hub-{self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> Deferred[None]:
        """Let the work end, then disconnect.

        Returns
        -------
        ended
            Fires when the thread has ended, after a few seconds at most.
        """
        ended = self._ended
        if ended is None:
            return succeed(None)
        self._ended = None
        self._stop_requested.set()
        with self._lock:
            if self._loop is not None and self._session is not None:
                self._loop.call_soon_threadsafe(self._session.stopping.set)
        done: Deferred[None] = Deferred()
        ended.addCallback(done.callback)
        return done

    def call(self, function: Callable[[Session], object]) -> bool:
        """Call a function in the loop of the present connection, from any thread.

        Returns
        -------
        connected
            Whether there is a connection.  It may be lost before the function is called.
        """
        with self._lock:
            if self._loop is None or self._session is None:
                return False
            self._loop.call_soon_threadsafe(function, self._session)
            return True

    def _run(self) -> None:
        """Run one session after the other until `stop`.  This is the function of the thread."""
        ended = self._ended
        try:
            while not self._stop_requested.is_set():
                before = self.connects
                self._run_session()
                self._attempts = 1 if self.connects > before else self._attempts + 1
                self._stop_requested.wait(self._delay())
        except Exception:
            self._log.exception("The hub's thread failed")
        finally:
            if ended is not None:
                self._reactor.callFromThread(ended.callback, None)

    def _delay(self) -> float:
        delay: float = min(_FIRST_DELAY * 2 ** (self._attempts - 1), _LONGEST_DELAY)
        # A random factor, because all readers lose the server at the same moment.
        return delay * random.uniform(0.75, 1.25)

    def _run_session(self) -> None:
        url = self._settings.urls[self._attempts % len(self._settings.urls)]
        connects = self.connects
        loop = AbandonableLoop()
        try:
            loop.run_until_complete(self._connect_and_work(loop, url))
        except Exception as error:
            self._report(url, error, self.connects > connects)
        finally:
            with self._lock:
                self._session = self._loop = None
            loop.abandon()
            if self.connects > connects:
                self._changed(False)

    def _report(self, url: str, error: Exception, was_connected: bool) -> None:
        reason = no_connection(error, url, self._settings)
        is_news = was_connected or str(self.last_error) != str(reason)
        self.last_error = reason
        refusal = reason if isinstance(reason, HubRefusedError) and not was_connected else None
        self._refusals = 0 if refusal is None else self._refusals + 1
        if refusal is not None and self._refused is not None:
            if self._refusals == len(self._settings.urls):
                self._refused(refusal)
            return
        self._was_reported = self._was_reported or is_news
        self._log.log(
            logging.WARNING if is_news else logging.DEBUG,
            "%s: %s; trying again",
            f"Lost the hub {url}" if was_connected else "No connection to the hub",
            reason,
            exc_info=None if isinstance(error, _EXPECTED) else error,
        )

    async def _connect_and_work(self, loop: AbandonableLoop, url: str) -> None:
        client = Client()
        failures: list[Exception] = []
        closed = asyncio.Event()
        try:
            connecting = self._connect(client, loop, url, failures, closed)
            await asyncio.wait_for(connecting, _CONNECT_TIMEOUT)
        except Exception as error:
            # nats-py passes some reasons only to its error callback.
            raise failures[-1] if failures else error from error
        if self._settings.requires_tls and not loop.is_encrypted:
            raise no_tls(url)
        session = Session(client, asyncio.Event())
        with self._lock:
            self._loop, self._session = loop, session
        self._note_connected(url)
        await self._work_until_lost(session, closed)

    def _note_connected(self, url: str) -> None:
        again = " again" if self.connects else ""
        self.connects += 1
        # A warning told the loss, so the return must be as visible.
        level = logging.WARNING if self._was_reported else logging.INFO
        self._was_reported = False
        self._refusals = 0
        self._log.log(level, "Connected%s to the hub %s", again, url)
        self._changed(True)

    async def _connect(
        self,
        client: Client,
        loop: AbandonableLoop,
        url: str,
        failures: list[Exception],
        closed: asyncio.Event,
    ) -> None:
        settings = self._settings

        def encrypted(secret: str) -> str:
            if settings.requires_tls and not loop.is_encrypted:
                raise no_tls(url)
            return secret

        user, password = settings.user, settings.password
        await client.connect(
            [url],
            name=self._name,
            error_cb=partial(self._note, client, failures),
            closed_cb=partial(_set, closed),
            allow_reconnect=False,
            # One attempt.  With 0, nats-py would try without end.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=2,
            # `_watch` sends our own pings.
            ping_interval=120,
            # No message is kept for a later connection.
            pending_size=-1,
            # All parts of subjects that come from others are checked or cleaned before.
            skip_subject_validation=True,
            inbox_prefix=settings.inbox,
            # Functions, which are called just before the secret is sent.
            user=None if user is None else partial(encrypted, user),
            password=None if password is None else partial(encrypted, password),
            user_credentials=None if settings.token_file is None else str(settings.token_file),
            tls=settings.tls_context() if settings.requires_tls else None,
        )

    async def _note(self, client: Client, failures: list[Exception], error: Exception) -> None:
        if not client.is_connected:
            failures.append(error)
        elif not isinstance(error, (UnexpectedEOF, OSError)):  # a loss is logged anyway
            self._log.warning("The hub reported an error: %s", error)
            if self._server_error is not None:
                self._server_error(str(error))

    async def _work_until_lost(self, session: Session, closed: asyncio.Event) -> None:
        """Run the work and watch the connection, until one of them ends."""
        if self._stop_requested.is_set():
            session.stopping.set()
        work = asyncio.ensure_future(self._work(session))
        watch = asyncio.ensure_future(self._watch(session.client, closed))
        stopping = asyncio.ensure_future(session.stopping.wait())
        done, _ = await asyncio.wait({work, watch, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping in done and not {work, watch} & done:
            await asyncio.wait({work, watch}, timeout=_CLOSE_TIMEOUT, return_when="FIRST_COMPLETED")
            # From here on, a closed connection is not an error.
            watch.cancel()
            if session.tasks:
                await asyncio.wait(session.tasks, timeout=_CLOSE_TIMEOUT)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(session.client.close(), 1.0)
        for task in (work, watch):
            if task.done() and not task.cancelled():
                task.result()

    async def _watch(self, client: Client, closed: asyncio.Event) -> None:
        """Raise an error when the connection is closed, or when a ping is not answered."""
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(closed.wait(), _PING_INTERVAL)
            if client.is_closed:
                raise SessionEnded("the server closed the connection")
            try:
                await asyncio.wait_for(client.flush(), _PONG_TIMEOUT)
            except asyncio.TimeoutError:
                raise SessionEnded("no answer to a ping") from None


async def _set(event: asyncio.Event) -> None:
    """Set an event.  nats-py takes only coroutine functions as callbacks."""
    event.set()
