"""What fails a test at its end: errors in the log, and what it left running."""

import logging
from pathlib import Path

from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IReadDescriptor
from twisted.python.reflect import safe_repr

__all__ = ["ErrorLog", "running_of_ours"]

#: How many errors are shown: a callback that fails on all of the 99 messages of
#: the welcome says no more than this.
_SHOWN = 3

_PACKAGE = Path(__file__).parents[1]


class ErrorLog(logging.Handler):
    """Collects the errors that this package logs, whatever its loggers are called.

    A failing callback is one of them.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._records: list[logging.LogRecord] = []
        #: How many errors it has seen, flushed ones included.
        self.seen = 0

    def start(self) -> None:
        """Begin to listen, at the root of all loggers."""
        logging.getLogger().addHandler(self)

    def stop(self) -> None:
        """Listen no more."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Override."""
        try:
            if _PACKAGE in Path(record.pathname).parents:
                self.seen += 1
                self._records.append(record)
        except Exception:
            # As handlers must: whoever logs is not to fail because of it.
            self.handleError(record)

    def flush_errors(self, *error_types: type[BaseException]) -> list[logging.LogRecord]:
        """Return and forget the errors of these types, or all of them."""
        flushed = [record for record in self._records if _is_of(record, error_types)]
        self._records = [record for record in self._records if record not in flushed]
        return flushed

    def complaints(self) -> list[str]:
        """Return what to say of the errors that nobody has flushed."""
        texts = [f"An error was logged: {self._text(record)}" for record in self._records]
        more = [f"{len(texts) - _SHOWN} more were logged."] if len(texts) > _SHOWN else []
        return [*texts[:_SHOWN], *more]

    def _text(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception:
            # Its arguments do not fit, or cannot be shown.
            return str(safe_repr(record.msg))


def _is_of(record: logging.LogRecord, error_types: tuple[type[BaseException], ...]) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not error_types or isinstance(error, error_types)


def running_of_ours(reactor: IReactorTime) -> set[IDelayedCall | IReadDescriptor]:
    """Return what a reactor, or a clock, holds that belongs to this package."""
    held: set[IDelayedCall | IReadDescriptor] = set(reactor.getDelayedCalls())
    if isinstance(reactor, ReactorBase):
        held.update(reactor.getReaders())
    return {one for one in held if _is_ours(one)}


def _is_ours(held: IDelayedCall | IReadDescriptor) -> bool:
    """Whether a call is to, or a socket serves, an object of this package."""
    served = (getattr(held, name, None) for name in ("func", "protocol", "factory"))
    objects = [one for one in served if one is not None]
    objects += [one.__self__ for one in objects if hasattr(one, "__self__")]
    modules = [getattr(one, "__module__", "") or "" for one in objects]
    return any(module.partition(".")[0] == __package__.partition(".")[0] for module in modules)
