"""Notices that another service of the same instance has ended."""

import asyncio
import contextlib
from collections.abc import Callable

from nats.aio.msg import Msg

from ..errors import BadLineError
from ..wire.codec import decode
from .session import Session
from .subjects import Subjects

__all__ = ["OtherServices"]

#: Seconds without a heartbeat after which a service has ended.  It sends one each second.  A wrong
#: guess costs only two attempts to connect to the controller.
_SILENCE = 3.5

#: Seconds between two checks of the heartbeats.
_LOOK_INTERVAL = 0.5

#: Seconds until the end of a service is told again.  When it is told first, this service may be in
#: the middle of an attempt that the controller still refuses.  Such an attempt takes milliseconds.
_TOLD_AGAIN = 1.0


class OtherServices:
    """Listens to the heartbeats of the other services, in the thread of the hub.

    Parameters
    ----------
    subjects
        Names of the instance.
    source
        Name of this service.
    ended
        Called when another service has said that it ends, or is silent, and once more 1 to
        1.5 s after the last end.
    """

    def __init__(self, subjects: Subjects, source: str, ended: Callable[[], object]) -> None:
        self._subjects = subjects
        self._source = source
        self._ended = ended
        # The time of the last heartbeat of each service.
        self._heard_at: dict[str, float] = {}
        # When the last end is told again.
        self._again_at: float | None = None

    async def run(self, session: Session) -> None:
        """Listen until the session must stop."""
        loop = asyncio.get_running_loop()
        # What happened between two connections is not known.
        self._heard_at.clear()
        self._again_at = None

        async def take(message: Msg) -> None:
            self.take(message.data, loop.time())

        await session.client.subscribe(self._subjects.alive, cb=take)
        while not session.stopping.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(session.stopping.wait(), _LOOK_INTERVAL)
            self.look(loop.time())

    def take(self, heartbeat: bytes, now: float) -> None:
        """Take a heartbeat."""
        try:
            told = decode(heartbeat)
        except BadLineError:
            return
        source = str(told.get("source", self._source))
        if source == self._source:
            return  # from this service, or from none
        self._heard_at[source] = now
        if told.get("ended") is True:
            self._tell_end(source, now)

    def look(self, now: float) -> None:
        """Find the services that are silent, and tell an end again when it is time."""
        for source, heard_at in list(self._heard_at.items()):
            if now - heard_at > _SILENCE:
                self._tell_end(source, now)
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            self._ended()

    def _tell_end(self, source: str, now: float) -> None:
        del self._heard_at[source]
        self._again_at = now + _TOLD_AGAIN
        self._ended()
