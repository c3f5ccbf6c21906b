"""Checks at the end of a test: errors in the log, and what is left running."""

import logging
from pathlib import Path

from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IReadDescriptor
from twisted.python.reflect import safe_repr

__all__ = ["ErrorLog", "owner_of", "running_of_ours"]

#: The number of errors that are shown.  If a callback fails for all 99 messages of the
#: welcome, three errors show enough.
_SHOWN = 3

_PACKAGE = Path(__file__).parents[1]


class ErrorLog(logging.Handler):
    """Collects the errors that this package logs, whatever the names of its loggers are.

    These include the errors of failing callbacks.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._records: list[logging.LogRecord] = []
        #: The number of errors so far, including flushed ones.
        self.seen = 0

    def start(self) -> None:
        """Begin to listen, at the root logger."""
        logging.getLogger().addHandler(self)

    def stop(self) -> None:
        """Stop listening."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Override: keep the record if code of this package logged it."""
        try:
            if _PACKAGE in Path(record.pathname).parents:
                self.seen += 1
                self._records.append(record)
        except Exception:
            # An error of the handler must not reach the code that logs.
            self.handleError(record)

    def flush_errors(self, *error_types: type[BaseException]) -> list[logging.LogRecord]:
        """Return and forget the errors of these types, or all of them."""
        flushed = [record for record in self._records if _is_of(record, error_types)]
        self._records = [record for record in self._records if record not in flushed]
        return flushed

    def problems(self) -> list[str]:
        """Return a line about each error that was not flushed."""
        texts = [f"An error was logged: {self._text(record)}" for record in self._records]
        more = [f"{len(texts) - _SHOWN} more were logged."] if len(texts) > _SHOWN else []
        return [*texts[:_SHOWN], *more]

    def _text(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception:
            # The arguments do not fit the message, or cannot be shown as text.
            return str(safe_repr(record.msg))


def _is_of(record: logging.LogRecord, error_types: tuple[type[BaseException], ...]) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not error_types or isinstance(error, error_types)


def running_of_ours(reactor: IReactorTime) -> set[IDelayedCall | IReadDescriptor]:
    """Return the calls and sockets in a reactor, or a clock, that belong to this package."""
    held: set[IDelayedCall | IReadDescriptor] = set(reactor.getDelayedCalls())
    if isinstance(reactor, ReactorBase):
        held.update(reactor.getReaders())
    return {one for one in held if _is_ours(one)}


def owner_of(running: IDelayedCall | IReadDescriptor) -> object:
    """Return what identifies a call or a socket.

    Code that repeats a call makes a new `DelayedCall` each time.  So a call is identified by its
    function.
    """
    return getattr(running, "func", running)


def _is_ours(held: IDelayedCall | IReadDescriptor) -> bool:
    """Whether a delayed call or a socket belongs to an object of this package."""
    served = (getattr(held, name, None) for name in ("func", "protocol", "factory"))
    objects = [one for one in served if one is not None]
    objects += [one.__self__ for one in objects if hasattr(one, "__self__")]
    modules = [getattr(one, "__module__", "") or "" for one in objects]
    return any(module.partition(".")[0] == __package__.partition(".")[0] for module in modules)
