"""An asyncio event loop that can be abandoned even if a call in it hangs."""

import asyncio
from typing import Any

__all__ = ["AbandonableLoop"]

#: Seconds to wait for the end of cancelled tasks.  A task that hangs is not awaited any longer.
_CANCEL_TIMEOUT = 1.0


class AbandonableLoop(asyncio.SelectorEventLoop):
    """Keeps a list of its connections, and aborts them at the end.

    If the server stops reading, nats-py hangs for minutes, in `connect` and
    `close` as well.  This loop need not wait for it: `abandon` cancels the tasks and
    closes the sockets, and the next connection gets a new loop.  The transport is not taken
    from nats-py, because it is private there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[asyncio.BaseTransport] = []
        #: Whether a connection of this loop is encrypted.
        self.is_encrypted = False

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Override the method of asyncio: also store the transport."""
        connection = await super().create_connection(*args, **kwargs)
        self._opened.append(connection[0])
        return connection

    async def start_tls(self, *args: Any, **kwargs: Any) -> Any:
        """Override the method of asyncio: also record that the handshake succeeded."""
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
        done, _ = await asyncio.wait(tasks, timeout=_CANCEL_TIMEOUT)
        for task in done:
            if not task.cancelled():
                # Retrieved, so that asyncio does not log it.  The cause is already known.
                task.exception()
    # Transports close in the loop iteration after `abort`.
    await asyncio.sleep(0)
