"""Log lines that begin with the client's name.  Writing one never fails."""

import contextlib
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorTime

from .throttle import Throttle

__all__ = ["BoundedLog", "NamedLog", "beginning_of", "child_logger"]

if TYPE_CHECKING:
    _LoggerAdapter = logging.LoggerAdapter[logging.Logger]
else:
    # The class cannot be subscripted before Python 3.11.
    _LoggerAdapter = logging.LoggerAdapter


# Number of callers that `logging` skips to find the one that logs.  These are
# `NamedLog.log` and, before Python 3.11, also methods of `logging` around that.
_STACK_LEVEL = 2 if sys.version_info >= (3, 11) else 3


class NamedLog(_LoggerAdapter):
    """Puts a name in front of every line, because one process runs many clients.

    Its methods do not raise: if a filter or handler raises, only the line is lost.  The
    caller is often in the middle of a change that must be finished.

    Parameters
    ----------
    logger
        Receives the lines.
    name
        Begins every line.
    """

    def __init__(self, logger: logging.Logger, name: str) -> None:
        super().__init__(logger, {})
        # `logging` treats a line as a %-format only if it has arguments.  A name
        # without a percent sign is right in both cases.
        self._prefix = name.replace("%", "") + ": "

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """Override of `logging.LoggerAdapter`: put the name in front."""
        return f"{self._prefix}{msg}", kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Override of `logging.LoggerAdapter`: never raise.  All other methods call this."""
        kwargs.setdefault("stacklevel", _STACK_LEVEL)
        try:
            super().log(level, msg, *args, **kwargs)
        except BaseException:
            # `logging` does the same with an exception of a handler.
            if logging.raiseExceptions and sys.stderr is not None:
                with contextlib.suppress(OSError, ValueError):  # stderr may be closed
                    traceback.print_exc()


class BoundedLog(NamedLog):
    """Writes a limited number of lines about events that a peer can cause without limit.

    Lines that are left out are counted, and the next one that is written says
    how many.

    Parameters
    ----------
    log
        Receives the lines.
    clock
        Measures the interval.
    """

    #: Lines per interval, and the interval in seconds.  A dozen commands that time
    #: out together are shown in full.
    MOST = 20
    INTERVAL = 10.0

    def __init__(self, log: NamedLog, clock: IReactorTime) -> None:
        super().__init__(log.logger, "")
        self._prefix = log._prefix
        self._clock = clock
        self._throttle = Throttle(self.INTERVAL, self.MOST)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Override of `logging.LoggerAdapter`: leave out lines beyond the bound."""
        # This comes first, so that a line below the level does not count.
        if not self.isEnabledFor(level):
            return
        left_out = self._throttle.admit(self._clock.seconds())
        if left_out is not None:
            more = f" ({left_out} lines left out before this one)" if left_out else ""
            kwargs.setdefault("stacklevel", _STACK_LEVEL + 1)
            super().log(level, f"{msg}{more}", *args, **kwargs)


def child_logger(log: logging.Logger | None, name: str) -> logging.Logger:
    """Return the child of a logger.  Without a logger, return the logger of that name."""
    return logging.getLogger(name) if log is None else log.getChild(name)


def beginning_of(message: object) -> str:
    """Return the first 200 characters of a message's repr."""
    try:
        return repr(message)[:200]
    except RecursionError:
        # The decoder could read it, because fewer calls were on the stack than here.
        return "one that is nested too deeply to show"
