"""Gives the messages of one lane of an outbox to the event loop of a session."""

import asyncio
import contextlib

from .outbox import Item, Lane, Outbox
from .session import Session

__all__ = ["Supply"]


class Supply:
    """Waits for messages in a lane.  It must be made in the event loop of the session.

    Parameters
    ----------
    outbox, lane
        The lane and its outbox, which the reactor's thread fills.
    session
        When it must stop, the supply ends as soon as the lane is empty.
    """

    def __init__(self, outbox: Outbox, lane: Lane, session: Session) -> None:
        self._outbox = outbox
        self._lane = lane
        self._stopping = session.stopping
        self._loop = asyncio.get_running_loop()
        # One event for the whole session.  Two tasks and an event for each wait would take as long
        # as publishing five messages.
        self._wake = asyncio.Event()
        session.spawn(self._wake_at_end(), is_question=True)

    async def next_items(self, count: int) -> list[Item]:
        """Wait for messages, and return the first ones.  The list is empty at the end."""
        while True:
            self._wake.clear()
            items = self._outbox.next_items(self._lane, count, self._wake_from_thread)
            if items or self._stopping.is_set():
                return items
            await self._wake.wait()

    def _wake_from_thread(self) -> None:
        # The loop may already be closed.  The next session checks the lane again.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _wake_at_end(self) -> None:
        await self._stopping.wait()
        self._wake.set()
