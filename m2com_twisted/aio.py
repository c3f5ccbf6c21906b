"""The client for asyncio code in a process whose reactor is Twisted's asyncio reactor.

Code for the asyncio original works after a change of its import.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from . import mirror, tcp_client
from .catalogue.enums import MsgType
from .client.observers import LineObserver
from .client.status import ClientStatus
from .commands.outcome import CommandOutcome
from .connection.retry import RetryPolicy, default_retry_policy
from .delivery.backlog import Overflow
from .delivery.delivery import MessageCallback
from .support.asyncio_bridge import AsyncioCallbacks, required_loop
from .support.reactor_access import ReactorAccess
from .wire.codec import Message

__all__ = ["Mirror", "TcpClient"]

T = TypeVar("T")
Self = TypeVar("Self", bound="TcpClient")


class TcpClient(ClientStatus):
    """Client of one port of the M2 cell controller, for asyncio code.

    It has the parameters and all methods of `m2com_twisted.TcpClient`, with the
    same meaning.  But the coroutines are awaited in asyncio tasks, and the
    callbacks are asyncio coroutine functions (or plain functions).  Each call is
    a task of its own; the calls still run one after the other.

    Notes
    -----
    The process needs Twisted's asyncio reactor: ``asyncioreactor.install(loop)``,
    or ``--reactor=asyncio`` of ``twist``, ``twistd``, ``trial`` and pytest-twisted.
    Nothing here installs one.  On another reactor or another loop, each method
    raises RuntimeError.

    Cancelling a task cancels what it waits for.  A command is forgotten.  A first
    attempt to connect is given up, unless another task waits for it.  A message may
    have been sent if its turn came at the same moment.
    """

    def __init__(
        self: Self,
        host: str,
        port: int,
        callback_process_message: MessageCallback,
        *args: object,
        log: logging.Logger | None = None,
        sequence_generator: Iterator[int] | None = None,
        name: str = "tcp-client",
        check_message_rate: bool = False,
        reactor: IReactorTime | None = None,
        endpoint: IStreamClientEndpoint | None = None,
        retry_policy: RetryPolicy | None = default_retry_policy(),  # noqa: B008 - has no state
        connect_callback: Callable[[Self], object] | None = None,
        observers: Iterable[LineObserver] = (),
        max_line_length: int = 2**20,
        max_waiting_bytes: int = 2**20,
        max_queue_length: int = 1000,
        overflow: Overflow = "pause",
        timeout_from_first_message: bool = False,
    ) -> None:
        self._reactor = ReactorAccess(reactor)
        self._callbacks = AsyncioCallbacks()
        self._client = tcp_client.TcpClient(
            host,
            port,
            self._callbacks.wrap(callback_process_message),
            *args,
            log=log,
            sequence_generator=sequence_generator,
            name=name,
            check_message_rate=check_message_rate,
            reactor=reactor,
            endpoint=endpoint,
            retry_policy=retry_policy,
            connect_callback=self._told_of_change(connect_callback),
            observers=observers,
            max_line_length=max_line_length,
            max_waiting_bytes=max_waiting_bytes,
            max_queue_length=max_queue_length,
            overflow=overflow,
            timeout_from_first_message=timeout_from_first_message,
        )
        self.host = host
        self.port = port
        self.name = name
        self.log = self._client.log
        self._parts = self._client._parts

    def _told_of_change(
        self: Self, connect_callback: Callable[[Self], object] | None
    ) -> Callable[[tcp_client.TcpClient], object] | None:
        """Return a callback for the inner client.  It calls the user's one with this client."""
        if connect_callback is None:
            return None
        tell = self._callbacks.wrap(connect_callback)
        return lambda client: tell(self)

    async def connect(self, timeout: float = 10.0) -> None:
        """Connect: see `m2com_twisted.TcpClient.connect`."""
        await self._run("connect", partial(self._client.connect, timeout))

    def start(self, timeout: float = 10.0) -> None:
        """Begin to connect: see `m2com_twisted.TcpClient.start`."""
        required_loop(self._reactor, "aio.TcpClient.start")
        self._client.start(timeout)

    async def close(self) -> None:
        """Close the connection: see `m2com_twisted.TcpClient.close`."""
        await self._run("close", partial(self._callbacks.run_inside, self._client.close))

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Write a message: see `m2com_twisted.TcpClient.write_message`."""
        write = self._client.write_message
        await self._run("write_message", partial(write, msg_type, msg_name, msg_details, comp_name))

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Run a command: see `m2com_twisted.TcpClient.run_command`."""
        run = self._client.run_command
        return await self._run(
            "run_command", partial(run, name, details, ack_timeout=ack_timeout, timeout=timeout)
        )

    async def __aenter__(self: Self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, name: str, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Call a coroutine function of Twisted, and await it in asyncio."""
        loop = required_loop(self._reactor, f"aio.TcpClient.{name}")
        return await Deferred.fromCoroutine(function()).asFuture(loop)


class Mirror(mirror.Mirror):
    """The mirror as an object, for asyncio code.

    It has all of `m2com_twisted.mirror.Mirror`, with the same meaning.  But the coroutines and
    the iterations of `subscribe` are awaited in asyncio tasks.  ``async with`` starts it, waits
    until it is ready, and stops it::

        async with aio.Mirror("m2.example") as mirror:
            await mirror.enable()

    Notes
    -----
    The process needs Twisted's asyncio reactor, as for `TcpClient`.  A task that is cancelled
    ends the procedure that it waits for; ``last_report`` tells what was sent and seen.
    """

    # This is a subclass, and not an object around a `mirror.Mirror` as `TcpClient` is.  The two
    # classes differ only in two methods, which return what the caller awaits.  An object around
    # a mirror would repeat each of the forty methods, with its parameters and its
    # documentation.

    async def _bridged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        try:
            loop = required_loop(self._clock, "aio.Mirror")
        except RuntimeError:
            # Nothing was sent yet.
            work.close()
            raise
        return await Deferred.fromCoroutine(work).asFuture(loop)

    def _awaitable(self, deferred: Deferred[T]) -> Awaitable[T]:
        return deferred.asFuture(required_loop(self._clock, "aio.Mirror"))

    async def __aenter__(self) -> "Mirror":
        self.startService()
        try:
            await self.ready()
        except BaseException:
            await self._awaitable(self.stopService())
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._awaitable(self.stopService())
