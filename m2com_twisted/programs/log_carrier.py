"""Carries the library's log lines to Twisted's log, where twistd shows them."""

import logging

from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

__all__ = ["LogCarrier"]


# The name of Twisted's level for each of `logging` and what lies above it.
_LEVELS = [
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warn"),
    (logging.INFO, "info"),
    (logging.NOTSET, "debug"),
]


class LogCarrier(logging.Handler):
    """Hands log records on to Twisted's log, each at its own level.

    Under twistd nothing is set up for `logging`: what is below warning would
    vanish, and what is not would appear as output to stderr.

    Parameters
    ----------
    logger
        Whose lines to carry, and those of its children.
    level
        The least level to carry.
    observer
        Where they go; None: Twisted's log.
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
        self._log = Logger(logger.name, observer=observer)

    def start(self) -> None:
        """Begin to carry."""
        self._carried.setLevel(self._level)
        self._carried.addHandler(self)

    def stop(self) -> None:
        """Carry no more."""
        self._carried.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Override: hand a record on, its exception as a failure of its own."""
        fields: dict[str, object] = {"message": record.getMessage()}
        if record.exc_info is not None and record.exc_info[1] is not None:
            _, error, traceback = record.exc_info
            fields["log_failure"] = Failure(error, type(error), traceback)
        level = next(name for least, name in _LEVELS if record.levelno >= least)
        self._log.emit(LogLevel.levelWithName(level), "{message}", **fields)
