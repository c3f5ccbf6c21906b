"""An asyncio event loop that can be given up even if something in it hangs."""

import asyncio
from typing import Any

__all__ = ["AbandonableLoop"]

#: Seconds that cancelled tasks get to end.  None of them has anything to wait
#: for any more; one that hangs all the same is left behind.
_LAST_WORDS = 1.0


class AbandonableLoop(asyncio.SelectorEventLoop):
    """Knows the connections made in it, and cuts them at the end.

    nats-py hangs for minutes where a server stops reading, in `connect` and
    `close` as well.  Nothing of it has to be waited for here: the tasks are
    cancelled, the sockets closed, and the next connection gets a new loop.
    Rejected: to reach for the transport inside nats-py, which is private there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[asyncio.BaseTransport] = []
        #: Whether a connection of this loop is encrypted.
        self.is_encrypted = False

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Override of asyncio's: remember the transport."""
        connection = await super().create_connection(*args, **kwargs)
        self._opened.append(connection[0])
        return connection

    async def start_tls(self, *args: Any, **kwargs: Any) -> Any:
        """Override of asyncio's: remember that the handshake succeeded."""
        transport = await super().start_tls(*args, **kwargs)
        self.is_encrypted = True
        return transport

    def abandon(self) -> None:
        """End all tasks, close all sockets and the loop."""
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        for transport in self._opened:
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        self.run_until_complete(_ended(tasks))
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()


async def _ended(tasks: set["asyncio.Task[Any]"]) -> None:
    if tasks:
        done, _ = await asyncio.wait(tasks, timeout=_LAST_WORDS)
        for task in done:
            if not task.cancelled():
                # Looked at, or asyncio would log it; what ended the session is known already.
                task.exception()
    # Transports close in the turn after `abort`.
    await asyncio.sleep(0)
