"""A server and a client for the tests of the asyncio client."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest_twisted

from m2com_twisted import aio
from tests.support.asyncio_reactor import AsyncioReactor
from tests.support.stream_server import LineServer

Message = dict[str, Any]


class Bench:
    """A server and a client of it, as in the test case of the original."""

    def __init__(self, reactor: AsyncioReactor) -> None:
        self.reactor = reactor
        self.server = LineServer()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.changes: asyncio.Queue[bool] = asyncio.Queue()

    async def keep(self, message: Message) -> None:
        """Store a message, as the callback of a user does."""
        await self.messages.put(message)

    async def keep_change(self, client: aio.TcpClient) -> None:
        """Store after a change whether the client is connected."""
        await self.changes.put(client.connected)

    def client(self, callback: Any = None, *args: object, **options: Any) -> aio.TcpClient:
        """Return a client of the server."""
        return aio.TcpClient(
            "127.0.0.1",
            # Before the server listens, any port will do.
            self.server.port or 50000,
            callback or self.keep,
            *args,
            reactor=self.reactor.reactor,
            connect_callback=self.keep_change,
            **options,
        )


def in_asyncio(test: Callable[..., Coroutine[Any, Any, None]]) -> Any:
    """Run a test as an asyncio task on the loop of its bench."""

    @pytest_twisted.ensureDeferred
    @functools.wraps(test)
    async def run(**fixtures: Any) -> None:
        await fixtures["bench"].reactor.run(test(**fixtures))

    return run
