"""One connection to the hub, for as long as it lasts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from nats.aio.client import Client

__all__ = ["HubError", "Session", "SessionEnded", "Work"]


class HubError(Exception):
    """The hub cannot be used as it should be."""


class SessionEnded(Exception):  # noqa: N818 - it is no error
    """Raised in a session to end it, for a reason that the text gives."""


@dataclass
class Session:
    """One connection, for as long as it lasts; to be used in its loop only."""

    client: Client
    #: Set when the work should come to its end.
    stopping: asyncio.Event
    #: Tasks that `spawn` has begun and that still run.
    tasks: set["asyncio.Task[object]"] = field(default_factory=set)

    #: Likewise, but these are not waited for at the end of the session.
    questions: set["asyncio.Task[object]"] = field(default_factory=set)

    def spawn(self, work: Coroutine[object, object, object], *, is_question: bool = False) -> None:
        """Begin work that runs in the background until the session ends.

        Parameters
        ----------
        work
            Its errors are ignored, because the next session does the work again.
        is_question
            Whether it waits for an answer.  At the end of the session nobody waits for it.
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


#: Work for each connection; it must end after `Session.stopping` is set.
Work = Callable[[Session], Awaitable[None]]
