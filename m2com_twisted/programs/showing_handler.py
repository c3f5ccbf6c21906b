"""A log handler that shows log lines in the output of a demo."""

import logging
from collections.abc import Callable

from .terminal import PrintableFormatter

__all__ = ["ShowingHandler"]


class ShowingHandler(logging.Handler):
    """Shows log lines among the other lines."""

    def __init__(self, show: Callable[[str], object]) -> None:
        super().__init__()
        self.setFormatter(PrintableFormatter())
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Override: show each line of a record separately."""
        try:
            for line in self.format(record).split("\n"):
                self._show(line)
        except Exception:
            self.handleError(record)
