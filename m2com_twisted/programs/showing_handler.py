"""Log lines among what a demo shows."""

import logging
from collections.abc import Callable

from .terminal import PrintableFormatter

__all__ = ["ShowingHandler"]


class ShowingHandler(logging.Handler):
    """Shows log lines among the others."""

    def __init__(self, show: Callable[[str], object]) -> None:
        super().__init__()
        self.setFormatter(PrintableFormatter())
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Override: show each line of a record by itself."""
        try:
            for line in self.format(record).split("\n"):
                self._show(line)
        except Exception:
            self.handleError(record)
