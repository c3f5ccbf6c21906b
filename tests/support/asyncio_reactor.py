"""An asyncio reactor for tests, even if the tests run on another reactor."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.main import CONNECTION_LOST
from twisted.python.failure import Failure

from tests.support.leaks import contents


class AsyncioReactor:
    """The installed reactor if it is the asyncio reactor.  Otherwise one that is not installed.

    So the tests need not be skipped.  They also need not run in a separate process, where
    coverage would not see them.

    Attributes
    ----------
    reactor
        The reactor.
    loop
        The loop of the reactor.
    """

    def __init__(self) -> None:
        from twisted.internet import reactor

        self._installed = isinstance(reactor, AsyncioSelectorReactor)
        self.loop: asyncio.AbstractEventLoop
        self.reactor: ReactorBase
        if isinstance(reactor, AsyncioSelectorReactor):
            self.reactor, self.loop = reactor, reactor._asyncioEventloop
        else:
            self.loop = asyncio.new_event_loop()
            self.reactor = AsyncioSelectorReactor(self.loop)

    async def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as an asyncio task to its end.  Nothing may be left in the reactor then.

        This is a coroutine for Twisted.  If the reactor is not the installed one, it ends without
        waiting.
        """
        before = contents(self.reactor)
        await self._run(asyncio.wait_for(coroutine, 30))
        # The server sees the end of a connection one turn later.
        await self._run(asyncio.sleep(0.01))
        assert contents(self.reactor) <= before

    async def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._installed:
            await Deferred.fromFuture(self.loop.create_task(coroutine))
        else:
            self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        """Close the reactor and the loop if they were made for the tests."""
        if not self._installed:
            for selectable in self.reactor.removeAll():
                selectable.connectionLost(Failure(CONNECTION_LOST))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
