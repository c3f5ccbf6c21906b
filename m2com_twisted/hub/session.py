"""The session of one connection to the hub."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from nats.aio.client import Client

__all__ = ["HubError", "Session", "SessionEnded", "Work"]


class HubError(Exception):
    """The hub cannot be used."""


class SessionEnded(Exception):  # noqa: N818 - it is no error
    """Raised in a session to end it.  The text is the reason."""


@dataclass
class Session:
    """The session of one connection.  It must be used only in the event loop of the connection."""

    client: Client
    #: Set when the work should end.
    stopping: asyncio.Event
    #: Running tasks of `spawn`.  The end of the session waits for them.
    tasks: set["asyncio.Task[object]"] = field(default_factory=set)

    #: Running tasks of `spawn` for which the end of the session does not wait.
    questions: set["asyncio.Task[object]"] = field(default_factory=set)

    def spawn(self, work: Coroutine[object, object, object], *, is_question: bool = False) -> None:
        """Start work that runs in the background until the session ends.

        Parameters
        ----------
        work
            The coroutine.  Its errors are ignored, because the next session does the work again.
        is_question
            Whether the work only waits for an answer.  The end of the session does not wait for it.
        """
        task = asyncio.get_running_loop().create_task(work)
        (self.questions if is_question else self.tasks).add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[object]") -> None:
        self.tasks.discard(task)
        self.questions.discard(task)
        if not task.cancelled():
            # Retrieved, so that asyncio does not log it; the next connection tries again.
            task.exception()


#: The work of a connection.  It must end after `Session.stopping` is set.
Work = Callable[[Session], Awaitable[None]]
