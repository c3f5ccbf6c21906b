"""Carries the library's log lines to Twisted's log, where twistd shows them."""

import logging
from collections.abc import Callable

from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

from ..support.printable import printable, printable_lines

__all__ = ["LogCarrier"]


# The name of Twisted's level for each of `logging` and for all above it.
_LEVELS = [
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warn"),
    (logging.INFO, "info"),
]

# Used for all levels lower than these.
_LOWEST = "debug"


class LogCarrier(logging.Handler):
    """Hands log records on to Twisted's log, each at its own level.

    Under twistd nothing is set up for `logging`: lines below warning would
    vanish, and the others would appear as output to stderr.

    Parameters
    ----------
    logger
        The lines of this logger are carried, and those of its children.
    level
        The least level to carry.
    observer
        Takes the lines; None: Twisted's log.
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
        """Begin to carry; no effect if it has begun."""
        if self._former_level is None:
            self._former_level = self._carried.level
        self._carried.setLevel(self._level)
        self._carried.addHandler(self)

    def stop(self) -> None:
        """Stop carrying, and restore the logger; no effect if it has not begun."""
        self._carried.removeHandler(self)
        if self._former_level is not None:
            self._carried.setLevel(self._former_level)
            self._former_level = None

    def emit(self, record: logging.LogRecord) -> None:
        """Override: hand a record on, its exception as a failure."""
        try:
            self._carry(record)
        except Exception:
            # As in all handlers, an error must not reach the code that logs.
            self.handleError(record)

    def _carry(self, record: logging.LogRecord) -> None:
        # Twisted's log may be a terminal, and a line may hold text of the controller.
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
        """Override: escape what a terminal does not print."""
        return printable_lines(super().getTraceback(elideFrameworkCode, detail))
