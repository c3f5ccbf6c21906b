"""Passes the log lines of the library to the log of Twisted, where twistd shows them."""

import logging
from collections.abc import Callable

from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

from ..support.printable import printable, printable_lines

__all__ = ["LogCarrier"]


# The name of the level of Twisted for a level of `logging` and the levels above it.
_LEVELS = [
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warn"),
    (logging.INFO, "info"),
]

# The name for all lower levels.
_LOWEST = "debug"


class LogCarrier(logging.Handler):
    """Passes log records to the log of Twisted, each at its own level.

    twistd does not configure `logging`.  Without this class, lines below warning would
    be lost, and the others would appear as output to stderr.

    Parameters
    ----------
    logger
        The logger whose lines are passed on, with those of its children.
    level
        The lowest level that is passed on.
    observer
        Takes the lines.  None: the log of Twisted.
    """

    def __init__(
        self,
        logger: logging.Logger,
        level: int = logging.INFO,
        observer: ILogObserver | None = None,
    ) -> None:
        super().__init__()
        self._carried = logger
        self._level = level
        self._former_level: int | None = None
        self._log = Logger(logger.name, observer=observer)

    def start(self) -> None:
        """Start to pass on lines.  No effect if already started."""
        if self._former_level is None:
            self._former_level = self._carried.level
        self._carried.setLevel(self._level)
        self._carried.addHandler(self)

    def stop(self) -> None:
        """Stop, and restore the logger.  No effect if not started."""
        self._carried.removeHandler(self)
        if self._former_level is not None:
            self._carried.setLevel(self._former_level)
            self._former_level = None

    def emit(self, record: logging.LogRecord) -> None:
        """Override: pass on a record, with its exception as a failure."""
        try:
            self._carry(record)
        except Exception:
            # An error of a log handler must not reach the code that logs.
            self.handleError(record)

    def _carry(self, record: logging.LogRecord) -> None:
        # The log may be shown on a terminal, and a line may contain text of the controller.
        fields: dict[str, object] = {"message": printable(record.getMessage())}
        if record.exc_info is not None and record.exc_info[1] is not None:
            _, error, traceback = record.exc_info
            new_failure: Callable[..., Failure] = _PrintableFailure
            fields["log_failure"] = new_failure(error, type(error), traceback)
        level = next((name for least, name in _LEVELS if record.levelno >= least), _LOWEST)
        self._log.emit(LogLevel.levelWithName(level), "{message}", **fields)


class _PrintableFailure(Failure):
    """A failure whose text can be written to a terminal."""

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """Override: escape the characters that a terminal does not print."""
        return printable_lines(super().getTraceback(elideFrameworkCode, detail))
