"""Finds out why a reader gets nothing from the hub."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from nats.aio.msg import Msg

from .session import Session
from .subjects import Subjects

__all__ = ["find_obstacle"]

#: Seconds for which heartbeats are awaited.  A service sends one each second.
_LISTENING = 2.5


def find_obstacle(subjects: Subjects) -> Callable[[Session], Awaitable[str]]:
    """Return the work, for `run_once`, that listens to the heartbeats of the services.

    Returns
    -------
    Callable
        Returns in words what is missing: a service, or its connection to the controller.  The text
        is empty if nothing is missing.
    """

    async def listen(session: Session) -> str:
        is_heard = False
        connected = asyncio.Event()

        async def take(message: Msg) -> None:
            nonlocal is_heard
            is_heard = True
            if _is_connected(message.data):
                connected.set()

        await session.client.subscribe(subjects.alive, cb=take)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(connected.wait(), _LISTENING)
            return ""
        if is_heard:
            return f"the service of instance {subjects.instance!r} has no controller"
        return f"no service of instance {subjects.instance!r} is on the hub"

    return listen


def _is_connected(heartbeat: bytes) -> bool:
    """Return whether a service has reported a connection to the command port."""
    try:
        told = json.loads(heartbeat)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("command") == "connected"
