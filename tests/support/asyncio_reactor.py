"""An asyncio reactor to test on, whatever reactor the tests run on."""

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
    """The installed reactor if it is asyncio's; else one made for the tests, not installed.

    So the tests need not be skipped, nor run in a process of their own where
    coverage does not see them.

    Attributes
    ----------
    reactor
        The reactor.
    loop
        Its loop.
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
        """Run a coroutine as an asyncio task to its end; nothing may be left then.

        Itself a coroutine of Twisted, which for the installed reactor is to be
        awaited; for any other it is all done at once.
        """
        before = contents(self.reactor)
        await self._run(asyncio.wait_for(coroutine, 30))
        # The server end of a closed connection sees that a turn later.
        await self._run(asyncio.sleep(0.01))
        assert contents(self.reactor) <= before

    async def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._installed:
            await Deferred.fromFuture(self.loop.create_task(coroutine))
        else:
            self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        """Close what was made for the tests."""
        if not self._installed:
            for selectable in self.reactor.removeAll():
                selectable.connectionLost(Failure(CONNECTION_LOST))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
