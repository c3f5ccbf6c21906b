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
    #: What `spawn` has begun and has not ended.
    tasks: set["asyncio.Task[object]"] = field(default_factory=set)

    #: The same of what is not waited for at the end.
    questions: set["asyncio.Task[object]"] = field(default_factory=set)

    def spawn(self, work: Coroutine[object, object, object], *, is_question: bool = False) -> None:
        """Begin something that nobody waits for, but for the end of the session.

        Parameters
        ----------
        work
            What it cannot do is nobody's business; the next session will.
        is_question
            Whether it waits for an answer, which at the end nobody wants any more.
        """
        task = asyncio.get_running_loop().create_task(work)
        (self.questions if is_question else self.tasks).add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[object]") -> None:
        self.tasks.discard(task)
        self.questions.discard(task)
        if not task.cancelled():
            # Looked at: what it could not do, the next connection will.
            task.exception()


#: What is done with each connection; ends when it has seen `Session.stopping`.
Work = Callable[[Session], Awaitable[None]]
