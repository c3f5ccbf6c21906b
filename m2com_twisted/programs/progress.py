"""A progress bar for long work."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["Progress"]


class Progress:
    """A progress bar on stderr, used in a with statement.

    It is not shown if stderr is not a terminal, or if the extra ``cli`` is not installed.

    Parameters
    ----------
    title
        Title in front of the bar.
    total
        The amount of work.
    """

    def __init__(self, title: str, total: float) -> None:
        self._title = title
        self._total = total
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Progress":
        if sys.stderr is not None and sys.stderr.isatty():
            self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: float) -> None:
        """Show the amount of work done so far."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, refresh=True)

    def _begin(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ModuleNotFoundError:
            return
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
        # `auto_refresh=False`, because otherwise rich starts a thread to draw it.
        self._bar = Bar(
            *columns, TimeRemainingColumn(), console=Console(stderr=True), auto_refresh=False
        )
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=self._total or 1)
