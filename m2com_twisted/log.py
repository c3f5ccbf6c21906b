"""Log lines that carry the client's name, and not too many of them."""

import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

__all__ = ["NamedLog", "Throttle"]

if TYPE_CHECKING:
    _LoggerAdapter = logging.LoggerAdapter[logging.Logger]
else:
    # Python 3.10 cannot subscript it.
    _LoggerAdapter = logging.LoggerAdapter


class NamedLog(_LoggerAdapter):
    """Puts a name in front of every line: one process runs many clients.

    Parameters
    ----------
    logger
        Where the lines go.
    name
        What they start with.
    """

    def __init__(self, logger: logging.Logger, name: str) -> None:
        super().__init__(logger, {})
        # A line is a %-format where it has arguments and is not where it has
        # none; without a percent sign in the name both come out right.
        self._prefix = name.replace("%", "") + ": "

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """Override of `logging.LoggerAdapter`: put the name in front."""
        return f"{self._prefix}{msg}", kwargs


class Throttle:
    """Lets one event through per interval and counts the others.

    Parameters
    ----------
    interval
        Seconds from one event that is let through to the next.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._open_at = float("-inf")
        self._held_back = 0

    def admit(self, now: float) -> int | None:
        """Ask whether an event may pass.

        Parameters
        ----------
        now
            The time of the event, in seconds.

        Returns
        -------
            How many were held back since the last one that passed, or None
            if this one is held back as well.
        """
        if now < self._open_at:
            self._held_back += 1
            return None
        self._open_at = now + self._interval
        held_back, self._held_back = self._held_back, 0
        return held_back
